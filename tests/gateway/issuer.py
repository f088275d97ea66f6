"""An OpenID Connect issuer on loopback: an HTTP server with discovery and keys, which also signs tokens."""
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from chassis.support.clock import now_seconds

AUDIENCE = "triptych"


@dataclass
class Issuer:
    """`unavailable`: it responds 503. `requests`: number of requests by path."""

    url: str
    keys: dict[str, Any] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    unavailable: bool = False

    def add_key(self, id: str, kind: str = "ES256") -> None:
        self.keys[id] = ec.generate_private_key(ec.SECP256R1()) if kind == "ES256" else rsa.generate_private_key(
            public_exponent=65537, key_size=2048)

    def jwks(self) -> dict[str, Any]:
        return {"keys": [self._jwk(id, key) for id, key in self.keys.items()]}

    def public_pem(self, id: str) -> bytes:
        pem: bytes = self.keys[id].public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        return pem

    def claims(self, **changed: Any) -> dict[str, Any]:
        """The claims of a valid token with these changes; None removes a claim."""
        now = int(now_seconds())
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": "u-1", "iat": now, "exp": now + 600, "roles": ["director"],
                **changed}
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, *, kid: str = "k1", headers: dict[str, Any] | None = None, **changed: Any) -> str:
        key = self.keys[kid]
        algorithm = "ES256" if isinstance(key, ec.EllipticCurvePrivateKey) else "RS256"
        return jwt.encode(self.claims(**changed), key, algorithm,
                          {"kid": kid, "typ": "at+jwt", **(headers or {})})

    @staticmethod
    def _jwk(id: str, key: Any) -> dict[str, Any]:
        elliptic = isinstance(key, ec.EllipticCurvePrivateKey)
        algorithm = jwt.algorithms.ECAlgorithm if elliptic else jwt.algorithms.RSAAlgorithm
        jwk = algorithm.to_jwk(key.public_key(), as_dict=True)
        return {**jwk, "kid": id, "use": "sig", "alg": "ES256" if elliptic else "RS256"}


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    """An issuer with the key k1."""
    class IssuerHandler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.requests[self.path] += 1
            pages: dict[str, Any] = {
                "/.well-known/openid-configuration": {
                    "issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys",
                    "authorization_endpoint": f"{issuer.url}/auth",
                    "token_endpoint": f"{issuer.url}/token"},
                "/keys": issuer.jwks(),
            }
            body = json.dumps(pages.get(self.path, {})).encode()
            self.send_response(503 if issuer.unavailable else 200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), IssuerHandler)
    issuer = Issuer(f"http://127.0.0.1:{server.server_port}")
    issuer.add_key("k1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
