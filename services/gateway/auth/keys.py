"""API keys of integrations: `tk_<id>_<256 bit>`. The store keeps the SHA-256; the key itself is shown once."""
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Sequence

import msgspec

from chassis.http.access import EVERYTHING, Scope
from chassis.ports import Collection, Document, Store
from services.gateway.auth.caller import Identity
from services.gateway.auth.identification import unauthorised
from services.gateway.gateway_store import Shelf
from services.gateway.permissions import PERMISSIONS

KEYS = Collection("gateway.keys", {"name": str, "until": int}, (("name",),))
FORM = re.compile(r"tk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
TOLD_EVERY = 60  # seconds between two notes of the last use
LONGEST = 366 * 86_400


class BadKey(ValueError):
    """A key cannot be made as asked for."""


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
    """Two keys of one name may be active at once, so that one can be changed for the other without a gap."""

    def __init__(self, store: Store) -> None:
        self._shelf = Shelf(store, KEYS)

    async def create(
        self, name: str, permissions: Sequence[str], *, days: int = 90, scope: Scope = EVERYTHING,
    ) -> tuple[str, ApiKey]:
        """(the key, shown this once; what is kept of it). Raises BadKey."""
        unknown = sorted(set(permissions) - set(PERMISSIONS))
        if unknown or not permissions:
            raise BadKey(f"{', '.join(unknown) or 'no scope'}: a key's scopes are of {', '.join(PERMISSIONS)}")
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", name) or not 0 < days * 86_400 <= LONGEST:
            raise BadKey("a key has a name of 1–64 of A-Z a-z 0-9 . _ - and lasts 1 to 366 days")
        store, now = await self._shelf.store(), int(time.time())
        id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
        key = f"tk_{id}_{secret}"
        made = ApiKey(id, name, _digest(key), tuple(sorted(set(permissions))), now, now + days * 86_400, scope)
        await store.save(KEYS.name, [_document(made, 0)])
        return key, made

    async def all(self) -> list[ApiKey]:
        store = await self._shelf.store()
        found: list[ApiKey] = []
        after: str | None = None
        while True:
            page = await store.find(KEYS.name, {}, order="name", after=after, limit=500)
            found += [_decode(d.body) for d in page.documents]
            if page.next is None:
                return found
            after = page.next

    async def revoke(self, id: str) -> ApiKey | None:
        return await self._change(id, revoked_at=int(time.time()))

    async def identity(self, token: str) -> Identity:
        """Raises Problem 401. Compared in constant time; an unknown id is compared too."""
        form = FORM.fullmatch(token)
        store = await self._shelf.store()
        found = (await store.load(KEYS.name, [form[1]])).get(form[1]) if form else None
        key = _decode(found.body) if found else None
        right = hmac.compare_digest(_digest(token), key.digest if key else _digest(""))
        now = time.time()
        if key is None or not right or key.state(now) != "active":
            raise unauthorised("This API key is not valid: unknown, expired or revoked.", "bad_credentials")
        if now - (key.used_at or 0) > TOLD_EVERY:
            await self._change(key.id, used_at=int(now))
        return Identity("key", f"key:{key.name}", key.name, roles=(), permissions=key.permissions, scope=key.scope)

    async def _change(self, id: str, **fields: int) -> ApiKey | None:
        """By compare-and-set, so that a note of use never undoes a revocation."""
        store = await self._shelf.store()
        while True:
            found = (await store.load(KEYS.name, [id])).get(id)
            if found is None:
                return None
            key = _decode(found.body)
            if "revoked_at" in fields and key.revoked_at:
                return key
            changed = msgspec.structs.replace(key, **fields)
            if not await store.save(KEYS.name, [_document(changed, found.version)]):
                return changed


def _document(key: ApiKey, version: int) -> Document:
    return Document(key.id, version, _encode(key), {"name": key.name, "until": key.until})


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
