"""Browser sessions: the cookie is random; the store holds the identity under the cookie's hash."""
import hashlib
import secrets

import msgspec

from chassis.ports import Between, Collection, Document, Store
from chassis.support.clock import now_seconds
from services.gateway.auth.caller import Identity
from services.gateway.gateway_store import GatewayStore

COOKIE = "triptych_session"
LIFETIME_SECONDS = 8 * 3600
PRUNE_LIMIT = 100
SESSIONS = Collection("gateway.sessions", {"until": int, "principal": str}, (("until",), ("principal",)))


class Session(msgspec.Struct, frozen=True):
    identity: Identity
    made_at: int
    until: int  # seconds since 1970; a session is never extended


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Session).decode


class Sessions:
    def __init__(self, store: Store) -> None:
        self._sessions = GatewayStore(store, SESSIONS)

    async def create(self, identity: Identity, lifetime: int = LIFETIME_SECONDS) -> str:
        """The cookie's value: 256 random bits, of which only the hash is stored."""
        token, now = secrets.token_urlsafe(32), int(now_seconds())
        session = Session(identity, now, now + lifetime)
        store = await self._sessions.store()
        await store.save(SESSIONS.name, [Document(
            _digest(token), 0, _encode(session), {"until": session.until, "principal": identity.principal})])
        await self._prune(store, now)
        return token

    async def find(self, token: str) -> Session | None:
        if not 40 <= len(token) <= 64 or not token.isascii():
            return None
        id = _digest(token)
        document = (await (await self._sessions.store()).load(SESSIONS.name, [id])).get(id)
        if document is None:
            return None
        session = _decode(document.body)
        return session if session.until > now_seconds() else None

    async def end(self, token: str) -> None:
        await (await self._sessions.store()).delete(SESSIONS.name, [_digest(token)])

    async def _prune(self, store: Store, now: int) -> None:
        old = await store.find(SESSIONS.name, {"until": Between(None, now)}, order="until", limit=PRUNE_LIMIT)
        if old.documents:
            await store.delete(SESSIONS.name, [d.id for d in old.documents])


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
