"""The OpenID Connect provider: its metadata and signing keys, refreshed in the background and kept on failure."""
import asyncio
import time
from collections.abc import Mapping
from typing import Any

import httpx
import jwt
import orjson
import structlog
from jwt import PyJWK

from chassis.http.problems import ProblemError
from services.gateway.auth.address import safe_url

ALGORITHMS = frozenset({"RS256", "PS256", "ES256", "ES384", "EdDSA"})
"""Asymmetric algorithms only. No `none`, and no HS256, with which a public key would serve as the shared secret."""
REFRESH_SECONDS = 600.0
RETRY_SECONDS = 5.0
UNKNOWN_KEY_SECONDS = 60.0  # between two refreshes because of unknown key ids, which any client can send
MAX_BYTES = 256 * 1024
MAX_KEYS = 50
ENDPOINTS = ("jwks_uri", "authorization_endpoint", "token_endpoint")
log = structlog.get_logger()


class ProviderUnavailable(ProblemError):
    def __init__(self, detail: str) -> None:
        super().__init__(503, "provider_unavailable", detail, headers={"Retry-After": "5"})


class UnknownSigningKey(Exception):
    """The provider has no key with this id."""


class OidcProvider:
    """Trusts the discovery document of the configured issuer only; a token never names the location of keys."""

    def __init__(self, issuer: str, client: httpx.AsyncClient | None = None) -> None:
        self.issuer = issuer
        self.client = client or httpx.AsyncClient(timeout=5.0, follow_redirects=False, trust_env=False)
        self._metadata: Mapping[str, Any] | None = None
        self._keys: dict[str, PyJWK] = {}
        self._refreshed_at = -UNKNOWN_KEY_SECONDS
        self._lock = asyncio.Lock()

    async def run(self) -> None:
        """Refresh the keys until cancelled; until the first success every few seconds."""
        while True:
            try:
                await self.refresh()
            except ProviderUnavailable as error:
                log.warning("provider keys cannot be fetched; keeping the previous ones", error=error.detail)
            await asyncio.sleep(REFRESH_SECONDS if self._keys else RETRY_SECONDS)

    async def close(self) -> None:
        await self.client.aclose()

    async def metadata(self) -> Mapping[str, Any]:
        if self._metadata is None:
            metadata = await self._get(self.issuer.rstrip("/") + "/.well-known/openid-configuration")
            if metadata.get("issuer") != self.issuer:
                raise ProviderUnavailable(f"The provider's issuer is {metadata.get('issuer')!r}, not {self.issuer!r}.")
            for name in ENDPOINTS:
                if not isinstance(metadata.get(name), str) or not safe_url(metadata[name]):
                    raise ProviderUnavailable(f"The provider's {name} must be an https:// URL.")
            self._metadata = metadata
        return self._metadata

    async def refresh(self) -> None:
        """Replace the keys. Raises ProviderUnavailable, and keeps the previous ones."""
        document = await self._get((await self.metadata())["jwks_uri"])
        keys = document.get("keys")
        usable = {key.key_id or "": key for data in (keys if isinstance(keys, list) else [])[:MAX_KEYS]
                  if (key := _usable(data)) is not None}
        if not usable:
            raise ProviderUnavailable("The provider has no signing key of a supported algorithm.")
        self._keys = usable

    async def key(self, id: str | None) -> PyJWK:
        """Raises UnknownSigningKey. Without an id: the only key, when there is exactly one."""
        key = self._known(id)
        if key is None:
            async with self._lock:
                key = self._known(id)
                if key is None and time.monotonic() - self._refreshed_at >= UNKNOWN_KEY_SECONDS:
                    self._refreshed_at = time.monotonic()
                    try:
                        await self.refresh()
                    except ProviderUnavailable as error:
                        log.warning("refresh for an unknown key id failed", error=error.detail)
                    key = self._known(id)
        if key is None:
            if not self._keys:
                raise ProviderUnavailable("The provider's keys have not been fetched yet; retry in a few seconds.")
            raise UnknownSigningKey
        return key

    def _known(self, id: str | None) -> PyJWK | None:
        if id is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(id)

    async def _get(self, url: str) -> dict[str, Any]:
        try:
            async with self.client.stream("GET", url, headers={"accept": "application/json"}) as response:
                if response.status_code != 200:
                    raise ProviderUnavailable(f"The provider responded {response.status_code} for {url}.")
                body = b""
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > MAX_BYTES:
                        raise ProviderUnavailable(f"The response of {url} exceeds {MAX_BYTES // 1024} KiB.")
        except httpx.HTTPError as error:
            raise ProviderUnavailable(f"The provider is unreachable: {type(error).__name__}.") from None
        return parse_object(body)


def parse_object(body: bytes) -> dict[str, Any]:
    """Raises ProviderUnavailable when the body is not a JSON object."""
    try:
        parsed = orjson.loads(body)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise ProviderUnavailable("The provider's response is not a JSON object.")
    return parsed


def _usable(data: Any) -> PyJWK | None:
    """The public signing key, if its algorithm is supported."""
    if not isinstance(data, dict) or data.get("use", "sig") != "sig" or data.get("kty") not in ("RSA", "EC", "OKP"):
        return None
    try:
        key = PyJWK(data)
    except jwt.PyJWTError:
        return None
    return key if key.algorithm_name in ALGORITHMS else None
