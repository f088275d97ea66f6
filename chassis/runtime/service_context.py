"""Implements `ServiceContext` for HTTP routes, queries and jobs over runner, store and log."""
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from chassis.aggregates import CommandRequest, Runner, execute
from chassis.aggregates.documents import from_micros, history_row_id, micros, read_history_row
from chassis.domain.decider import AggregateName, Command
from chassis.http.access import current_access, narrow, unrestricted_access
from chassis.messages.envelope import encode
from chassis.ports import Between, Bus, Condition, Document, Group, Store, Where
from chassis.service.context import CommandRefused, CommandResult, Entity, EntityPage, HistoryRow, S
from chassis.support import clock, failpoints
from chassis.support.metrics import Metrics

PREFIX_PAGES = 20  # pages of ids read at most by `find_by_prefix`


class RuntimeContext:
    """The half of `Application` that executes commands and reads."""

    store: Store
    bus: Bus
    runner: Runner
    metrics: Metrics
    topics: tuple[str, ...]
    group: str

    def now(self) -> datetime:
        return clock.utc_now()

    async def execute(
        self, aggregate: AggregateName[S] | str, key: str, command: Command, *, if_match: int | None = None,
        idempotency_key: str | None = None, body_hash: str = "", principal: str = "",
    ) -> CommandResult[S]:
        await self._check_visible(aggregate, key)
        request = CommandRequest(
            aggregate, key, command, self.now(), if_match, idempotency_key, body_hash, principal or "local")
        try:
            result = await execute(self.runner, request)
        except CommandRefused as refused:
            self.metrics.add(self.metrics.http_commands, 1, refused.code)
            raise
        self.metrics.add(self.metrics.http_commands, 1, "replayed" if result.replayed else "decided")
        return result

    async def get(self, aggregate: AggregateName[S] | str, key: str) -> Entity[S] | None:
        return (await self.get_many(aggregate, [key])).get(key)

    async def get_many(self, aggregate: AggregateName[S] | str, keys: Sequence[str]) -> dict[str, Entity[S]]:
        """Documents whose state never changed (all commands were refused) are not entities."""
        found = await self.store.load(self.runner.aggregates[aggregate].codec.name, keys)
        entities = {key: self._entity(aggregate, document) for key, document in found.items()}
        return {key: entity for key, entity in entities.items() if entity.rev and self._is_visible(aggregate, entity)}

    async def find(
        self, aggregate: AggregateName[S] | str, where: Where, *, order: str | None = None, descending: bool = False,
        after: str | None = None, limit: int = 100, updated_since: datetime | None = None,
    ) -> EntityPage[S]:
        scoped = self._scoped(aggregate, where)
        if scoped is None:
            return EntityPage((), None)
        if updated_since is not None:
            scoped["_updated"] = Between(micros(updated_since) // 1000, None)
        page = await self.store.find(
            self.runner.aggregates[aggregate].codec.name, {**scoped, "_rev": Between(1, None)}, order=order,
            descending=descending, after=after, limit=limit)
        return EntityPage(tuple(self._entity(aggregate, d) for d in page.documents), page.next)

    async def count(
        self, aggregate: str, where: Where, *, by: Sequence[str] = (), sums: Sequence[str] = (),
    ) -> list[Group]:
        scoped = self._scoped(aggregate, where)
        if scoped is None:
            return [] if by else [Group({}, 0, dict.fromkeys(sums, 0))]
        return await self.store.count(
            self.runner.aggregates[aggregate].codec.name, {**scoped, "_rev": Between(1, None)}, by=by, sums=sums)

    async def find_by_prefix(
        self, aggregate: AggregateName[S] | str, prefix: str, *, limit: int = 100,
    ) -> list[Entity[S]]:
        name, last, found = self.runner.aggregates[aggregate].codec.name, "", list[Entity[S]]()
        for _ in range(PREFIX_PAGES):  # records outside the scope of the request are skipped
            ids = await self.store.ids(name, prefix=prefix, after=last, limit=limit)
            read = await self.get_many(aggregate, ids)
            found += [read[id] for id in ids if id in read]
            if len(ids) < limit or len(found) >= limit:
                break
            last = ids[-1]
        return found[:limit]

    # --- the scope of the request: the only place where rows are withheld, so no route can forget it ------------------

    def _scoped(self, aggregate: str, where: Where) -> dict[str, Condition] | None:
        """`where` within the scope of the request; None when nothing can be found."""
        found = current_access()
        if found is None or not self.runner.aggregates[aggregate].aggregate.scoped:
            return dict(where)
        return narrow(where, found.scope)

    def _is_visible(self, aggregate: str, entity: Entity) -> bool:
        found, kind = current_access(), self.runner.aggregates[aggregate].aggregate
        return found is None or not kind.scoped or found.scope.matches(kind.index(entity.state))

    async def _check_visible(self, aggregate: str, key: str) -> None:
        """Raises CommandRefused 404 `not_found` for a record outside the scope of the request."""
        found = current_access()
        if found is None or found.scope.all or not self.runner.aggregates[aggregate].aggregate.scoped:
            return
        with unrestricted_access():
            entity = await self.get(aggregate, key)
        if entity is not None and not self._is_visible(aggregate, entity):
            raise CommandRefused(404, "not_found", f"{aggregate} {key!r} does not exist.")

    async def history(self, aggregate: str, key: str, *, after: int = 0, limit: int = 100) -> list[HistoryRow]:
        if current_access() is not None and await self.get(aggregate, key) is None:
            return []
        name = self.runner.aggregates[aggregate].codec.history
        last, rows = history_row_id(key, after), list[HistoryRow]()
        while len(rows) < limit:
            ids = await self.store.ids(name, prefix=f"{key}|", after=last, limit=limit)
            if not ids:
                break
            last = ids[-1]
            own = [id for id in ids if len(id) == len(history_row_id(key, 0))]
            found = await self.store.load(name, own)
            rows += [HistoryRow(*read_history_row(found[id])) for id in own if id in found]
        return rows[:limit]

    async def publish(
        self, event: Any, *, time: datetime, source: str, id: str, extensions: Mapping[str, Any] | None = None,
    ) -> None:
        failpoints.reach("say.publish.before")
        await self.bus.publish([encode(event, id=id, source=source, time=time, extensions=extensions)])
        failpoints.reach("say.publish.after")

    async def freshness(self) -> Mapping[str, Any]:
        """`complete_until` is the clock without lag, else the append time of the oldest unprocessed record."""
        now, lag = self.now(), dict.fromkeys(self.topics, 0)
        if not self.topics:
            return {"complete_until": now, "lag": lag}
        committed = await self.bus.committed(self.group, self.topics)
        begins = await self.bus.begin_offsets(self.topics)
        until = now
        for partition, end in (await self.bus.end_offsets(self.topics)).items():
            at = max(committed.get(partition, 0), begins.get(partition, 0))
            if end > at:
                lag[partition.topic] += end - at
                waiting = await self.bus.read(partition, at, 1)
                if waiting:
                    until = min(until, datetime.fromtimestamp(waiting[0].timestamp_ms / 1000, UTC))
        return {"complete_until": until, "lag": lag}

    def _entity(self, aggregate: str, document: Document) -> Entity:
        stored, state = self.runner.aggregates[aggregate].codec.decode(document)
        return Entity(document.id, state, stored.rev, None if stored.updated is None else from_micros(stored.updated))
