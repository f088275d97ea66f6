"""Signed identity header from the gateway to a service: valid for one request to one service for 30 seconds.

`payload . signature`, both base64url; HMAC-SHA256 under a key derived from the installation's internal secret.
"""
import base64
import binascii
import hmac
import time
import zlib
from collections.abc import Sequence

import msgspec

from chassis.http.access.scope import Access, Scope
from chassis.support.secrets import load_secrets
from chassis.support.settings import Settings

HEADER = "x-triptych-access"
PURPOSE = b"triptych internal requests 1"
KEY_FILE = "internal.key"
VALID_SECONDS = 30
MAX_HEADER_CHARACTERS = 48 * 1024  # characters: servers take 64 KiB of headers
MIN_COMPRESSED_BYTES = 1024  # bytes of a payload that is not worth compressing


class ScopeTooLarge(ValueError):
    """The scope has more names than a header can carry."""


class InvalidSeal(ValueError):
    """The header was not signed by this installation's gateway for this request."""


class _Payload(msgspec.Struct, array_like=True, frozen=True):
    service: str
    method: str
    target: str
    at: int
    principal: str
    scope: Scope


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Payload).decode


class IdentitySealer:
    """Signs and verifies the header. The first secret signs, every secret verifies, so secrets rotate without a gap."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._keys = tuple(hmac.digest(secret, PURPOSE, "sha256") for secret in secrets)

    def seal(self, access: Access, service: str, method: str, target: str, now: float | None = None) -> str:
        """The header value for this request; `target` is path and query string as sent on the wire.

        Raises ScopeTooLarge above what servers accept as a header (about ten thousand names).
        """
        at = int(time.time() if now is None else now)
        encoded = _encode(_Payload(service, method, target, at, access.principal, access.scope))
        payload = _text(encoded if len(encoded) < MIN_COMPRESSED_BYTES else zlib.compress(encoded))
        if len(payload) > MAX_HEADER_CHARACTERS - 100:
            raise ScopeTooLarge(
                "The scope has too many names for one request; narrow it by team, region or business line."
            )
        return f"{payload}.{_text(hmac.digest(self._keys[0], payload.encode(), 'sha256'))}"

    def unseal(self, value: str, service: str, method: str, target: str, now: float | None = None) -> Access:
        """The verified access. Raises InvalidSeal."""
        payload, _, signature = value.partition(".")
        if len(value) > MAX_HEADER_CHARACTERS or not value.isascii():
            raise InvalidSeal("is not a seal")
        valid = [_text(hmac.digest(key, payload.encode(), "sha256")) for key in self._keys]
        if not any(hmac.compare_digest(m, signature) for m in valid):
            raise InvalidSeal("has no valid signature")
        raw = _bytes(payload)
        decoded = _decode(raw if raw[:1] == b"[" else zlib.decompress(raw))  # signed, so its size is ours
        if (decoded.service, decoded.method, decoded.target) != (service, method, target):
            raise InvalidSeal("was made for another request")
        if abs((time.time() if now is None else now) - decoded.at) > VALID_SECONDS:
            raise InvalidSeal("has expired")
        return Access(decoded.principal, decoded.scope)


def sealer_from_settings(settings: Settings) -> IdentitySealer:
    """Sealer with TRIPTYCH_INTERNAL_SECRET (`new` or `new,old`), else with a secret generated in the data directory."""
    named = settings.internal_secret
    return IdentitySealer(load_secrets(named.get_secret_value() if named else None, settings.data_dir / KEY_FILE))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise InvalidSeal("is not a seal") from None
