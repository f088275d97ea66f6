"""Sessions of browsers: a random cookie outside, everything else in the store under the cookie's hash."""
import hashlib
import secrets
import time

import msgspec

from chassis.ports import Between, Collection, Document, Store
from services.gateway.auth.caller import Identity
from services.gateway.gateway_store import Shelf

COOKIE = "triptych_session"
LASTS = 8 * 3600
PRUNE = 100
SESSIONS = Collection("gateway.sessions", {"until": int, "principal": str}, (("until",), ("principal",)))


class Session(msgspec.Struct, frozen=True):
    identity: Identity
    made_at: int
    until: int  # seconds since 1970; never moved on: who works longer signs in again


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Session).decode


class Sessions:
    def __init__(self, store: Store) -> None:
        self._shelf = Shelf(store, SESSIONS)

    async def begin(self, identity: Identity, lasts: int = LASTS) -> str:
        """The cookie's value: 256 random bits, of which only the hash is kept."""
        token, now = secrets.token_urlsafe(32), int(time.time())
        session = Session(identity, now, now + lasts)
        store = await self._shelf.store()
        await store.save(SESSIONS.name, [Document(
            _hashed(token), 0, _encode(session), {"until": session.until, "principal": identity.principal})])
        await self._prune(store, now)
        return token

    async def find(self, token: str) -> Session | None:
        if not 40 <= len(token) <= 64 or not token.isascii():
            return None
        id = _hashed(token)
        found = (await (await self._shelf.store()).load(SESSIONS.name, [id])).get(id)
        if found is None:
            return None
        session = _decode(found.body)
        return session if session.until > time.time() else None

    async def end(self, token: str) -> None:
        await (await self._shelf.store()).delete(SESSIONS.name, [_hashed(token)])

    async def _prune(self, store: Store, now: int) -> None:
        old = await store.find(SESSIONS.name, {"until": Between(None, now)}, order="until", limit=PRUNE)
        if old.documents:
            await store.delete(SESSIONS.name, [d.id for d in old.documents])


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
