"""API keys of integrations: `tk_<id>_<256 bits>`. The store holds the SHA-256; the key itself is shown once."""
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence

import msgspec

from chassis.http.access import EVERYTHING, Scope
from chassis.ports import Collection, Document, Store
from chassis.support.clock import now_seconds
from chassis.support.errors import ActionableError
from services.gateway.auth.caller import Identity
from services.gateway.auth.identification import unauthenticated
from services.gateway.gateway_store import GatewayStore
from services.gateway.permissions import permission_texts

KEYS = Collection("gateway.keys", {"name": str, "until": int}, (("name",),))
FORM = re.compile(r"tk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
USE_INTERVAL = 60  # seconds between two updates of `used_at`
MAX_LIFETIME = 366 * 86_400  # seconds


class InvalidApiKey(ActionableError, ValueError):
    """The name, the scopes or the lifetime of a new key is invalid."""


class ApiKey(msgspec.Struct, frozen=True):
    id: str
    name: str
    digest: bytes
    permissions: tuple[str, ...]
    made_at: int
    until: int
    scope: Scope = EVERYTHING
    used_at: int | None = None
    revoked_at: int | None = None

    def state(self, now: float) -> str:
        return "revoked" if self.revoked_at else "expired" if now >= self.until else "active"


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(ApiKey).decode


class ApiKeys:
    """Two keys of one name may be active at once, so that a key can be rotated without a gap."""

    def __init__(self, store: Store) -> None:
        self._keys = GatewayStore(store, KEYS)

    async def create(
        self, name: str, permissions: Sequence[str], *, days: int = 90, scope: Scope = EVERYTHING,
    ) -> tuple[str, ApiKey]:
        """(the key, which is shown only once; its stored record). Raises InvalidApiKey."""
        known = permission_texts()
        unknown = sorted(set(permissions) - set(known))
        if unknown or not permissions:
            raise InvalidApiKey(
                f"scopes {', '.join(unknown)} do not exist;" if unknown else "scopes must name at least one;",
                f"they are {', '.join(known)}.")
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", name) or not 0 < days * 86_400 <= MAX_LIFETIME:
            raise InvalidApiKey("name must be 1 to 64 characters of A-Z a-z 0-9 . _ - and days must be 1 to 366.")
        store, now = await self._keys.store(), int(now_seconds())
        id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
        key = f"tk_{id}_{secret}"
        record = ApiKey(id, name, _digest(key), tuple(sorted(set(permissions))), now, now + days * 86_400, scope)
        await store.save(KEYS.name, [_document(record, 0)])
        return key, record

    async def find_all(self) -> list[ApiKey]:
        store = await self._keys.store()
        keys: list[ApiKey] = []
        after: str | None = None
        while True:
            page = await store.find(KEYS.name, {}, order="name", after=after, limit=500)
            keys += [_decode(d.body) for d in page.documents]
            if page.next is None:
                return keys
            after = page.next

    async def revoke(self, id: str) -> ApiKey | None:
        return await self._change(id, revoked_at=int(now_seconds()))

    async def identity(self, token: str) -> Identity:
        """Raises ProblemError 401. The comparison takes constant time, for an unknown id too."""
        form = FORM.fullmatch(token)
        store = await self._keys.store()
        document = (await store.load(KEYS.name, [form[1]])).get(form[1]) if form else None
        key = _decode(document.body) if document else None
        correct = hmac.compare_digest(_digest(token), key.digest if key else _digest(""))
        now = now_seconds()
        if key is None or not correct or key.state(now) != "active":
            raise unauthenticated("The API key is not valid: unknown, expired or revoked.", "bad_credentials")
        if now - (key.used_at or 0) > USE_INTERVAL:
            await self._change(key.id, used_at=int(now))
        return Identity("key", f"key:{key.name}", key.name, roles=(), permissions=key.permissions, scope=key.scope)

    async def _change(self, id: str, **fields: int) -> ApiKey | None:
        """By compare-and-set, so that an update of `used_at` never undoes a revocation."""
        store = await self._keys.store()
        while True:
            document = (await store.load(KEYS.name, [id])).get(id)
            if document is None:
                return None
            key = _decode(document.body)
            if "revoked_at" in fields and key.revoked_at:
                return key
            changed = msgspec.structs.replace(key, **fields)
            if not await store.save(KEYS.name, [_document(changed, document.version)]):
                return changed


def _document(key: ApiKey, version: int) -> Document:
    return Document(key.id, version, _encode(key), {"name": key.name, "until": key.until})


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
