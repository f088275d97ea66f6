"""The OpenID Connect provider: what it says of itself, and its keys, fetched in the background and kept on failure."""
import asyncio
import time
from collections.abc import Mapping
from typing import Any

import httpx
import jwt
import orjson
import structlog
from jwt import PyJWK

from chassis.http.routing import Problem
from services.gateway.auth.address import safe_url

ALGORITHMS = frozenset({"RS256", "PS256", "ES256", "ES384", "EdDSA"})
"""Public keys only. No `none`, and no HS256, by which a public key would become a password that everybody knows."""
EVERY = 600.0
AGAIN = 5.0
UNKNOWN_EVERY = 60.0  # an unknown key id makes us look again at most this often, whoever sends it
MOST_BYTES = 256 * 1024
MOST_KEYS = 50
ENDPOINTS = ("jwks_uri", "authorization_endpoint", "token_endpoint")
log = structlog.get_logger()


class ProviderUnavailable(Problem):
    def __init__(self, detail: str) -> None:
        super().__init__(503, "provider_unavailable", detail, headers={"Retry-After": "5"})


class UnknownKey(Exception):
    """No key of the provider has this id."""


class Provider:
    """Only what lies below the pinned issuer's own discovery is trusted; no token ever says where keys are."""

    def __init__(self, issuer: str, client: httpx.AsyncClient | None = None) -> None:
        self.issuer = issuer
        self.client = client or httpx.AsyncClient(timeout=5.0, follow_redirects=False, trust_env=False)
        self._metadata: Mapping[str, Any] | None = None
        self._keys: dict[str, PyJWK] = {}
        self._looked_at = -UNKNOWN_EVERY
        self._lock = asyncio.Lock()

    async def run(self) -> None:
        """Fetch and fetch again; until the first success every few seconds."""
        while True:
            try:
                await self.refresh()
            except ProviderUnavailable as error:
                log.warning("the provider's keys cannot be fetched; those we have stay in force", error=error.detail)
            await asyncio.sleep(EVERY if self._keys else AGAIN)

    async def stop(self) -> None:
        await self.client.aclose()

    async def metadata(self) -> Mapping[str, Any]:
        if self._metadata is None:
            found = await self._get(self.issuer.rstrip("/") + "/.well-known/openid-configuration")
            if found.get("issuer") != self.issuer:
                raise ProviderUnavailable(f"The provider calls itself {found.get('issuer')!r}, not {self.issuer!r}.")
            for name in ENDPOINTS:
                if not isinstance(found.get(name), str) or not safe_url(found[name]):
                    raise ProviderUnavailable(f"The provider's {name} is missing, or not reached by https.")
            self._metadata = found
        return self._metadata

    async def refresh(self) -> None:
        """The keys of now instead of those before. Raises ProviderUnavailable and changes nothing."""
        found = await self._get((await self.metadata())["jwks_uri"])
        keys = found.get("keys")
        made = {key.key_id or "": key for data in (keys if isinstance(keys, list) else [])[:MOST_KEYS]
                if (key := _usable(data)) is not None}
        if not made:
            raise ProviderUnavailable("The provider offers no key that we can use.")
        self._keys = made

    async def key(self, id: str | None) -> PyJWK:
        """Raises UnknownKey. A token without an id is taken for the only key, when there is only one."""
        found = self._known(id)
        if found is None:
            async with self._lock:
                found = self._known(id)
                if found is None and time.monotonic() - self._looked_at >= UNKNOWN_EVERY:
                    self._looked_at = time.monotonic()
                    try:
                        await self.refresh()
                    except ProviderUnavailable as error:
                        log.warning("an unknown key id could not be looked up", error=error.detail)
                    found = self._known(id)
        if found is None:
            if not self._keys:
                raise ProviderUnavailable("The provider's keys are not known yet.")
            raise UnknownKey
        return found

    def _known(self, id: str | None) -> PyJWK | None:
        if id is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(id)

    async def _get(self, url: str) -> dict[str, Any]:
        try:
            async with self.client.stream("GET", url, headers={"accept": "application/json"}) as answer:
                if answer.status_code != 200:
                    raise ProviderUnavailable(f"The provider answered {answer.status_code} for {url}.")
                body = b""
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > MOST_BYTES:
                        raise ProviderUnavailable(f"The provider answered too much for {url}.")
        except httpx.HTTPError as error:
            raise ProviderUnavailable(f"The provider cannot be reached: {type(error).__name__}.") from None
        return parsed(body)


def parsed(body: bytes) -> dict[str, Any]:
    try:
        made = orjson.loads(body)
    except ValueError:
        made = None
    if not isinstance(made, dict):
        raise ProviderUnavailable("The provider answered what is no JSON object.")
    return made


def _usable(data: Any) -> PyJWK | None:
    """A public signature key of an algorithm that we take."""
    if not isinstance(data, dict) or data.get("use", "sig") != "sig" or data.get("kty") not in ("RSA", "EC", "OKP"):
        return None
    try:
        key = PyJWK(data)
    except jwt.PyJWTError:
        return None
    return key if key.algorithm_name in ALGORITHMS else None
