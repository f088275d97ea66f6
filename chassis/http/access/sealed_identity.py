"""The header by which the gateway tells a service who asks: sealed for one request to one service, for half a minute.

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
from chassis.support.secrets import secret_of
from chassis.support.settings import Settings

HEADER = "x-triptych-access"
PURPOSE = b"triptych internal requests 1"
KEY_FILE = "internal.key"
VALID_SECONDS = 30
MOST = 48 * 1024  # characters: servers take 64 KiB of headers
PLAIN = 1024  # bytes of a payload that is not worth compressing


class TooWide(ValueError):
    """The scope names more than a header can carry."""


class BadSeal(ValueError):
    """The header was not made by this installation's gateway for this request."""


class _Payload(msgspec.Struct, array_like=True, frozen=True):
    service: str
    method: str
    target: str
    at: int
    principal: str
    scope: Scope


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Payload).decode


class Seal:
    """`keys`: the first one signs, every one is accepted, so that a secret can be changed without a gap."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._keys = tuple(hmac.digest(secret, PURPOSE, "sha256") for secret in secrets)

    def close(self, access: Access, service: str, method: str, target: str, now: float | None = None) -> str:
        """The header's value for this request; `target` is the path with its query, as it goes over the wire.

        Raises TooWide for what no server would take as a header: some ten thousand names.
        """
        at = int(time.time() if now is None else now)
        said = _encode(_Payload(service, method, target, at, access.principal, access.scope))
        payload = _text(said if len(said) < PLAIN else zlib.compress(said))
        if len(payload) > MOST - 100:
            raise TooWide("A scope of so many names cannot be told to a service; narrow it by team, region or line.")
        return f"{payload}.{_text(hmac.digest(self._keys[0], payload.encode(), 'sha256'))}"

    def open(self, value: str, service: str, method: str, target: str, now: float | None = None) -> Access:
        """Raises BadSeal."""
        payload, _, signature = value.partition(".")
        if len(value) > MOST or not value.isascii():
            raise BadSeal("is not a seal")
        made = [_text(hmac.digest(key, payload.encode(), "sha256")) for key in self._keys]
        if not any(hmac.compare_digest(m, signature) for m in made):
            raise BadSeal("is not ours")
        said = _bytes(payload)
        found = _decode(said if said[:1] == b"[" else zlib.decompress(said))  # nobody but us could have made it large
        if (found.service, found.method, found.target) != (service, method, target):
            raise BadSeal("belongs to another request")
        if abs((time.time() if now is None else now) - found.at) > VALID_SECONDS:
            raise BadSeal("is not of this moment")
        return Access(found.principal, found.scope)


def seal_of(settings: Settings) -> Seal:
    """From TRIPTYCH_INTERNAL_SECRET (`new` or `new,old`), else from a secret made once in the data directory."""
    named = settings.internal_secret
    return Seal(secret_of(named.get_secret_value() if named else None, settings.data_dir / KEY_FILE))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise BadSeal("is not a seal") from None
