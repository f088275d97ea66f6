"""The audit log: caller, time, request and result of every write and every refusal. Durable and without personal data.

Ids in a path are pseudonyms. Bodies, queries, addresses and the credential in a capability URL are not stored.
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
from chassis.support.clock import now_ns
from services.gateway.gateway_store import GatewayStore
from services.gateway.routes import capability_prefixes

LOG = Collection(
    "gateway.audit", {"at": int, "principal": str, "outcome": str, "status": int},
    (("at",), ("principal", "at"), ("outcome", "at")))
REPEAT_SECONDS = 60.0  # within which equal refusals are counted instead of stored
PRUNE_SECONDS = 600.0
PRUNE_LIMIT = 5000
MAX_REPEATED_KEYS = 1000
log = structlog.get_logger()


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
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
    repeated: int = 0  # equal refusals within the minute before, which were counted but not stored

    @property
    def outcome(self) -> str:
        return "done" if self.status < 400 else "refused" if self.status in (401, 403, 421, 429) else "failed"

    def to_response(self, id: str) -> dict[str, Any]:
        members: dict[str, Any] = msgspec.to_builtins(self)
        return {**members, "id": id, "at": datetime.fromtimestamp(self.at / 1e6, UTC), "outcome": self.outcome}


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(AuditRecord).decode


class AuditLog:
    def __init__(self, store: Store, days: int = 400) -> None:
        self._entries, self._days = GatewayStore(store, LOG), days
        self._pruned_at = time.monotonic() - PRUNE_SECONDS + 60  # not during the start of the process
        self._refused: OrderedDict[tuple[Any, ...], tuple[float, int]] = OrderedDict()

    async def record(self, entry: AuditRecord, address: str) -> None:
        """Store the entry. Equal refusals are stored once a minute, with their number."""
        repeated = 0
        if entry.outcome == "refused":
            count = self._repeats((address, entry.principal, entry.status, entry.permission))
            if count is None:
                return
            repeated = count
        at = now_ns() // 1000
        stored = msgspec.structs.replace(entry, at=at, repeated=repeated, path=_without_credential(entry.path))
        id = f"{at:017d}-{secrets.token_hex(6)}"
        index = {"at": at, "principal": stored.principal, "outcome": stored.outcome, "status": stored.status}
        try:
            store = await self._entries.store()
            await store.save_newer(LOG.name, [Document(id, 1, _encode(stored), index)])
            if time.monotonic() - self._pruned_at > PRUNE_SECONDS:
                self._pruned_at = time.monotonic()
                await self._prune(store, at)
        except StoreUnavailable as error:  # the write itself has succeeded, and so must its response
            log.error("audit entry was not stored", error=str(error), **msgspec.to_builtins(stored))

    async def _prune(self, store: Store, now: int) -> None:
        """Deletes a batch of the entries that are older than the retention."""
        before = Between(None, now - self._days * 86_400_000_000)
        old = await store.find(LOG.name, {"at": before}, order="at", limit=PRUNE_LIMIT)
        if old.documents:
            await store.delete(LOG.name, [d.id for d in old.documents])

    async def page(
        self, where: Mapping[str, Condition], after: str | None, limit: int,
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Newest first."""
        page: Page = await (await self._entries.store()).find(
            LOG.name, where, order="at", descending=True, after=after, limit=limit)
        return [_decode(d.body).to_response(d.id) for d in page.documents], page.next

    def _repeats(self, key: tuple[Any, ...]) -> int | None:
        """None within the minute after a stored refusal; else the number of refusals counted in that minute."""
        now = time.monotonic()
        since, count = self._refused.get(key, (-REPEAT_SECONDS, 0))
        if now - since < REPEAT_SECONDS:
            self._refused[key] = (since, count + 1)
            return None
        self._refused[key] = (now, 0)
        self._refused.move_to_end(key)
        if len(self._refused) > MAX_REPEATED_KEYS:
            self._refused.popitem(last=False)
        return count


def _without_credential(path: str) -> str:
    prefix = next((p for p in capability_prefixes() if path.startswith(p)), None)
    return path[:200] if prefix is None else f"{prefix}…"
