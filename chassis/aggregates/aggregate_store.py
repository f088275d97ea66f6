"""One aggregate of one service: how its documents are read, decided upon and written. Nothing here waits."""
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from chassis.aggregates.documents import (
    NO_FENCE_KEY,
    OutboxEntry,
    DocumentCodec,
    fresh,
    id_hash,
    micros,
    seen_digest,
    source_hash,
    with_seen,
    with_source,
)
from chassis.aggregates.unit_of_work import (
    MOST_TIMERS,
    Delivery,
    Cause,
    FailedRecord,
    CommandDeclined,
    StuckTimer,
    UnitOfWork,
    id_prefix,
    nth_id,
    output_id,
)
from chassis.domain.decider import Aggregate, Command, DeadlineReached, Declined
from chassis.domain.decision import Decision
from chassis.messages.envelope import MAX_BYTES, HeaderFrame, Message, header_frame, encode_with_frame
from chassis.ports import Document, Record, Scalar
from contracts.kinds import EVENTS, EventType


class AggregateStore:
    """One aggregate of one service: how its documents are read, decided upon and written."""

    def __init__(self, service: str, aggregate: Aggregate[Any]) -> None:
        self.service, self.aggregate = service, aggregate
        self.codec: DocumentCodec[Any] = DocumentCodec(service, aggregate)
        self._source = f"/triptych/{service}/{aggregate.name}"

    def take(self, work: UnitOfWork, document: Document | None, settled: Mapping[int, int]) -> None:
        """Begin with what the store holds."""
        work.changed, work.dead, work.events, work.fired = False, [], [], 0
        work.loaded, work.document = document, None
        if document is None:
            work.version, work.stored = 0, fresh()
            work.state = self.aggregate.decider.initial_state(work.key)
        else:
            work.version = document.version
            work.stored, work.state = self.codec.read(document, settled)

    def write(self, work: UnitOfWork, settled: Mapping[int, int]) -> Document:
        """What is to be saved; outbox entries that are known to be published are left out."""
        work.stored.out = owed(work.stored.out, settled)
        return self.codec.write(work.key, work.version, work.stored, work.state, _standing(work))

    def apply(self, work: UnitOfWork, settled: Mapping[int, int]) -> None:
        """Every act in order, each on what the one before left; then what is to be saved."""
        for act in work.deliveries:
            if act.offset > work.stored.fences.get(act.fence_key, -1):
                work.stored.fences[act.fence_key] = act.offset
                work.changed = True
                self._act(work, act)
        if work.changed:
            try:
                work.document = self.write(work, settled)
            except Exception:  # a state that cannot be written must not hold up everybody else
                self._apply_one_by_one(work, settled)

    def _apply_one_by_one(self, work: UnitOfWork, settled: Mapping[int, int]) -> None:
        """Find the acts after which the state cannot be written: they become dead letters, the others count."""
        acts, good, dead = work.deliveries, work.loaded, list[FailedRecord]()
        version = good.version if good else 0
        for act in acts:
            work.deliveries = [act]
            self.take(work, good, settled)
            error = self._tried(work, act, settled)
            if error:
                self.take(work, good, settled)
                work.stored.fences[act.fence_key] = act.offset
                work.dead.append(FailedRecord(_record(act.message), "handler_failed", error))
                work.document = self.write(work, settled)
            dead += work.dead
            good = work.document or good
        self.take(work, good, settled)
        work.deliveries, work.dead, work.changed, work.version, work.document = acts, dead, True, version, good

    def _tried(self, work: UnitOfWork, act: Delivery, settled: Mapping[int, int]) -> str:
        """Why the state cannot be written after this act; "": it can."""
        if act.offset > work.stored.fences.get(act.fence_key, -1):
            work.stored.fences[act.fence_key] = act.offset
            self._act(work, act)
            try:
                work.document = self.write(work, settled)
            except Exception as error:
                return f"{type(error).__name__}: {error}"
        return ""

    def _act(self, work: UnitOfWork, act: Delivery) -> None:
        message, meta, stored = act.message, act.message.meta, work.stored
        hashed, digest = id_hash(meta.source, meta.id), bytes.fromhex(message.digest)
        before = seen_digest(stored.seen, hashed)
        if before is None and stored.replayed:
            before = seen_digest(stored.replayed, hashed)
        if before is not None:
            if before != digest:
                text = f"{meta.id!r} of {meta.source!r} came before with another payload"
                work.dead.append(FailedRecord(_record(message), "id_reused", text))
            return
        again = message.replay_for is not None  # it did not count when its turn was: no sequence keeps it out
        if act.sequenced:
            # Each topic apart: one document may speak on two, and only within one the order is kept.
            subject = source_hash(meta.source, f"{_record(message).topic}|{message.key}")
            if meta.sequence is not None and meta.sequence <= stored.sources.get(subject, 0) and not again:
                return
        cause = Cause(meta.source, meta.id, meta.correlation_id or meta.id, not meta.live, act.fence_key, act.offset)
        try:
            self.step(work, act.commands, cause)
        except CommandDeclined as declined:
            work.dead.append(FailedRecord(_record(message), declined.letter.code, declined.letter.message))
            return
        except Exception as error:  # a bug must not hold up everybody else: the record waits for its mend
            work.dead.append(FailedRecord(_record(message), "handler_failed", f"{type(error).__name__}: {error}"))
            return
        stored.seen = with_seen(stored.seen, hashed, digest)
        if again:
            stored.replayed = with_seen(stored.replayed, hashed, digest)
        if act.sequenced and meta.sequence is not None:
            last = max(meta.sequence, stored.sources.get(subject, 0))
            with_source(stored.sources, subject, last)

    def step(self, work: UnitOfWork, commands: Sequence[Command], cause: Cause) -> None:
        """Decide commands that share a cause: all of them, or, when one raises, none."""
        draft = _Draft(self, work)
        for command in commands:
            draft.wake(command.at, command.live, cause.fence_key, cause.offset)
            draft.decide(command, cause)
        draft.keep()

    def wake(self, work: UnitOfWork, until: datetime, live_since: datetime) -> None:
        """Fire what is due by the clock; deadlines before `live_since` cause nothing in the present."""
        draft = _Draft(self, work)
        draft.wake(until, None, NO_FENCE_KEY, -1, live_since)
        draft.keep()
        work.fired = draft.timers

    def frame(self, work: UnitOfWork, key: str, time: datetime, cause: Cause) -> HeaderFrame:
        """What events of `key` have in common that come of the same cause."""
        source = self._source if key == work.key else f"{self._source}/{quote(work.key, safe=':')}"
        return header_frame(source, time, key, causation=cause.published_as or cause.id, correlation=cause.correlation,
                      backfill=cause.history)


class _Draft:
    """What a step would change, kept apart until all of it has gone well."""

    def __init__(self, room: AggregateStore, work: UnitOfWork) -> None:
        self.room, self.work = room, work
        self.state, self.rev, self.updated = work.state, work.stored.rev, work.stored.updated
        self.fired, self.seq = work.stored.fired, work.stored.out_seq
        self.entries: list[OutboxEntry] = []
        self.events: list[Any] = []
        self.timers = self.n = 0

    def decide(self, command: Command, cause: Cause) -> None:
        decider = self.room.aggregate.decider
        before, at = self.state, micros(command.at)
        events = decider.decide(command, before)
        told = events.state if type(events) is Decision else None
        said: list[tuple[EventType, Any]] = []
        for event in events:
            if (kind := EVENTS.get(type(event))) is not None:
                said.append((kind, event))
            elif type(event) is Declined:
                raise CommandDeclined(event)
            if told is None:
                self.state = decider.evolve(self.state, event)
        self.events += events
        if said:
            self._say(said, command.at, at, cause)
        if told is not None:
            self.state = told
        if self.state is not before and self.state != before:
            self.rev += 1
            self.updated = at if self.updated is None else max(self.updated, at)

    def _say(self, said: list[tuple[EventType, Any]], time: datetime, at: int, cause: Cause) -> None:
        """The records that say these events. ValueError when one is too large to be published."""
        room, work, frame, by = self.room, self.work, None, ""
        prefix = id_prefix(room.service, work.path, cause.source, cause.id)
        for kind, event in said:
            key = kind.key(event)
            if frame is None or key != by:
                frame, by = room.frame(work, key, time, cause), key
            id = nth_id(prefix, self.n)
            self.seq += 1
            self.n += 1
            value, headers = encode_with_frame(event, kind, id, self.seq, frame)
            if len(value) > MAX_BYTES:
                raise ValueError(f"{kind.name} has {len(value)} bytes; the limit is {MAX_BYTES}")
            self.entries.append(OutboxEntry(
                self.seq, id, kind.name, kind.topic, frame.key, value, headers, at, cause.fence_key, cause.offset))

    def wake(
        self, until: datetime, live: bool | None, place: int, offset: int, live_since: datetime | None = None,
    ) -> None:
        """Every deadline up to `until`, in order; each names its outputs by itself and by how many fired before it."""
        work, next_deadline = self.work, self.room.aggregate.decider.next_deadline
        while (due := next_deadline(self.state)) is not None and due <= until:
            self.timers += 1
            if self.timers > MOST_TIMERS:
                raise StuckTimer(f"{work.path}: still due at {due.isoformat()}")
            self.fired += 1
            id = output_id(self.room.service, work.path, "timer", due.isoformat(), self.fired)
            alive = due >= live_since if live is None and live_since is not None else bool(live)
            n, self.n = self.n, 0
            cause = Cause("timer", id, id, not alive, place, offset)
            self.decide(DeadlineReached(at=due, live=alive, ref=id), cause)
            self.n = n

    def keep(self) -> None:
        work, stored = self.work, self.work.stored
        if self.entries or self.timers or self.rev != stored.rev:
            work.changed = True
        work.state, work.events = self.state, self.events
        stored.rev, stored.updated, stored.fired, stored.out_seq = self.rev, self.updated, self.fired, self.seq
        if self.entries:
            stored.out = (*stored.out, *self.entries)


def _standing(work: UnitOfWork) -> Mapping[str, Scalar] | None:
    """The index values that the store holds under the work's version, if that is what was loaded."""
    loaded = work.loaded
    if loaded is None or loaded.version != work.version:
        return None
    return loaded.index if loaded.before is None else loaded.before  # what was not saved yet tells what it is over


def owed(out: tuple[OutboxEntry, ...], settled: Mapping[int, int]) -> tuple[OutboxEntry, ...]:
    """Entries whose cause lies before what is settled at its place were published before that was committed."""
    if not out:
        return out
    kept = [e for e in out if e.offset >= settled.get(e.fence_key, 0) or e.fence_key == NO_FENCE_KEY]
    return out if len(kept) == len(out) else tuple(kept)


def _record(message: Message) -> Record:
    assert message.record is not None  # it came from the log
    return message.record
