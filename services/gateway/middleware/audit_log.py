"""The audit log: who did what, when, and what came of it. Durable, ordered by time, and without personal data.

Ids in a path are pseudonyms; bodies, queries and addresses are not kept. A survey link's token is not kept either.
"""
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog

from chassis.ports import Between, Collection, Condition, Document, Page, Store, StoreUnavailable
from services.gateway.gateway_store import Shelf

LOG = Collection(
    "gateway.audit", {"at": int, "principal": str, "outcome": str, "status": int},
    (("at",), ("principal", "at"), ("outcome", "at")))
WINDOW = 60.0
PRUNE_EVERY = 600.0
PRUNE = 5000
MOST_REPEATED = 1000
log = structlog.get_logger()


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    principal: str | None
    mode: str | None
    roles: tuple[str, ...] = ()
    method: str
    path: str
    permission: str | None
    status: int
    code: str | None
    milliseconds: int
    at: int = 0  # microseconds since 1970
    repeated: int = 0  # equal refusals of the minute before this one, which were counted and not written

    @property
    def outcome(self) -> str:
        return "done" if self.status < 400 else "refused" if self.status in (401, 403, 421, 429) else "failed"

    def face(self, id: str) -> dict[str, Any]:
        made: dict[str, Any] = msgspec.to_builtins(self)
        return {**made, "id": id, "at": datetime.fromtimestamp(self.at / 1e6, UTC), "outcome": self.outcome}


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Entry).decode


class Audit:
    def __init__(self, store: Store, days: int = 400) -> None:
        self._shelf, self._days = Shelf(store, LOG), days
        self._pruned_at = time.monotonic() - PRUNE_EVERY + 60  # not in the middle of a start
        self._refused: OrderedDict[tuple[Any, ...], tuple[float, int]] = OrderedDict()

    async def note(self, entry: Entry, address: str) -> None:
        """Returns once it is kept. A flood of equal refusals is written once a minute, with their number."""
        repeated = 0
        if entry.outcome == "refused":
            seen = self._again((address, entry.principal, entry.status, entry.permission))
            if seen is None:
                return
            repeated = seen
        at = time.time_ns() // 1000
        kept = msgspec.structs.replace(entry, at=at, repeated=repeated, path=_plain(entry.path))
        id = f"{at:017d}-{secrets.token_hex(6)}"
        index = {"at": at, "principal": kept.principal, "outcome": kept.outcome, "status": kept.status}
        try:
            store = await self._shelf.store()
            await store.put_newer(LOG.name, [Document(id, 1, _encode(kept), index)])
            if time.monotonic() - self._pruned_at > PRUNE_EVERY:
                self._pruned_at = time.monotonic()
                await self._prune(store, at)
        except StoreUnavailable as error:  # what was done is done: its answer must not say otherwise
            log.error("audit entry could not be kept", error=str(error), **msgspec.to_builtins(kept))

    async def _prune(self, store: Store, now: int) -> None:
        """Lines that are older than they are to be kept, some at a time."""
        before = Between(None, now - self._days * 86_400_000_000)
        old = await store.find(LOG.name, {"at": before}, order="at", limit=PRUNE)
        if old.documents:
            await store.delete(LOG.name, [d.id for d in old.documents])

    async def page(
        self, where: Mapping[str, Condition], after: str | None, limit: int,
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Newest first."""
        found: Page = await (await self._shelf.store()).find(
            LOG.name, where, order="at", descending=True, after=after, limit=limit)
        return [_decode(d.body).face(d.id) for d in found.documents], found.next

    def _again(self, kind: tuple[Any, ...]) -> int | None:
        """None while the minute lasts; else how many were counted in the last one."""
        now = time.monotonic()
        since, count = self._refused.get(kind, (-WINDOW, 0))
        if now - since < WINDOW:
            self._refused[kind] = (since, count + 1)
            return None
        self._refused[kind] = (now, 0)
        self._refused.move_to_end(kind)
        if len(self._refused) > MOST_REPEATED:
            self._refused.popitem(last=False)
        return count


def _plain(path: str) -> str:
    return "/s/…" if path.startswith("/s/") else path[:200]
