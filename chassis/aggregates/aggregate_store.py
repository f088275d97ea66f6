"""Aggregate store: loads, decides and writes the documents of one aggregate of a service. Pure; the runner does I/O."""
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from chassis.aggregates.documents import (
    NO_FENCE_KEY,
    DocumentCodec,
    OutboxEntry,
    PublishedOffsets,
    empty_aggregate,
    id_hash,
    micros,
    remember_sequence,
    ring_with,
    seen_digest,
    source_hash,
)
from chassis.aggregates.unit_of_work import (
    MAX_DEADLINES,
    Cause,
    CommandDeclined,
    Delivery,
    FailedRecord,
    StuckDeadline,
    UnitOfWork,
    nth_output_id,
    output_id,
    output_id_prefix,
)
from chassis.domain.decider import Aggregate, Command, DeadlineReached, Declined
from chassis.domain.decision import Decision
from chassis.messages.envelope import MAX_BYTES, HeaderFrame, Message, encode_with_frame, header_frame
from chassis.ports import Document, Record, Scalar
from contracts.kinds import EVENTS, EventType


class AggregateStore:
    """Applies deliveries, commands and deadlines to units of work of one aggregate."""

    def __init__(self, service: str, aggregate: Aggregate[Any]) -> None:
        self.service, self.aggregate = service, aggregate
        self.codec: DocumentCodec[Any] = DocumentCodec(service, aggregate)
        self._source = f"/triptych/{service}/{aggregate.name}"

    def load(self, work: UnitOfWork, document: Document | None, published: PublishedOffsets) -> None:
        """Reset the work to what the store holds; None is a document that does not exist yet."""
        work.changed, work.failed, work.events, work.fired_deadlines = False, [], [], 0
        work.loaded, work.document = document, None
        if document is None:
            work.version, work.stored = 0, empty_aggregate()
            work.state = self.aggregate.decider.initial_state(work.key)
        else:
            work.version = document.version
            work.stored, work.state = self.codec.decode(document, published)

    def to_document(self, work: UnitOfWork, published: PublishedOffsets) -> Document:
        """The document to be saved, without the outbox entries that are known to be published."""
        work.stored.outbox = unpublished(work.stored.outbox, published)
        return self.codec.encode(work.key, work.version, work.stored, work.state, _loaded_index(work))

    def apply_deliveries(self, work: UnitOfWork, published: PublishedOffsets) -> None:
        """Apply every delivery in order, each to the state that the one before left; then make the document."""
        for delivery in work.deliveries:
            if delivery.offset > work.stored.fences.get(delivery.fence_key, -1):
                work.stored.fences[delivery.fence_key] = delivery.offset
                work.changed = True
                self._deliver(work, delivery)
        if work.changed:
            try:
                work.document = self.to_document(work, published)
            except Exception:  # a state that cannot be encoded must not block the rest of the batch
                self._apply_one_by_one(work, published)

    def _apply_one_by_one(self, work: UnitOfWork, published: PublishedOffsets) -> None:
        """Deliveries after which the state cannot be encoded become dead letters; the others are applied."""
        deliveries, good, failed = work.deliveries, work.loaded, list[FailedRecord]()
        version = good.version if good else 0
        for delivery in deliveries:
            work.deliveries = [delivery]
            self.load(work, good, published)
            error = self._try_delivery(work, delivery, published)
            if error:
                self.load(work, good, published)
                work.stored.fences[delivery.fence_key] = delivery.offset
                work.failed.append(FailedRecord(_record(delivery.message), "handler_failed", error))
                work.document = self.to_document(work, published)
            failed += work.failed
            good = work.document or good
        self.load(work, good, published)
        work.deliveries, work.failed = deliveries, failed
        work.changed, work.version, work.document = True, version, good

    def _try_delivery(self, work: UnitOfWork, delivery: Delivery, published: PublishedOffsets) -> str:
        """Why the state cannot be encoded after this delivery; "" when it can."""
        if delivery.offset > work.stored.fences.get(delivery.fence_key, -1):
            work.stored.fences[delivery.fence_key] = delivery.offset
            self._deliver(work, delivery)
            try:
                work.document = self.to_document(work, published)
            except Exception as error:
                return f"{type(error).__name__}: {error}"
        return ""

    def _deliver(self, work: UnitOfWork, delivery: Delivery) -> None:
        message, meta, stored = delivery.message, delivery.message.meta, work.stored
        hashed, digest = id_hash(meta.source, meta.id), bytes.fromhex(message.digest)
        before = seen_digest(stored.seen, hashed)
        if before is None and stored.replayed:
            before = seen_digest(stored.replayed, hashed)
        if before is not None:
            if before != digest:
                text = f"id {meta.id!r} of source {meta.source!r} was used before with another payload"
                work.failed.append(FailedRecord(_record(message), "id_reused", text))
            return
        is_replay = message.replay_for is not None  # it was not applied in its turn, so its sequence is no fence
        if delivery.sequenced:
            # One fence per topic: a source may publish on two topics, and order holds only within one.
            subject = source_hash(meta.source, f"{_record(message).topic}|{message.key}")
            if meta.sequence is not None and meta.sequence <= stored.sources.get(subject, 0) and not is_replay:
                return
        cause = Cause(
            meta.source, meta.id, meta.correlation_id or meta.id, not meta.live, delivery.fence_key, delivery.offset)
        try:
            self.decide(work, delivery.commands, cause)
        except CommandDeclined as declined:
            dead_letter = declined.reason
            work.failed.append(FailedRecord(_record(message), dead_letter.code, dead_letter.message))
            return
        except Exception as error:  # a bug must not block the batch: the record can be replayed once it is fixed
            work.failed.append(FailedRecord(_record(message), "handler_failed", f"{type(error).__name__}: {error}"))
            return
        stored.seen = ring_with(stored.seen, hashed, digest)
        if is_replay:
            stored.replayed = ring_with(stored.replayed, hashed, digest)
        if delivery.sequenced and meta.sequence is not None:
            last = max(meta.sequence, stored.sources.get(subject, 0))
            remember_sequence(stored.sources, subject, last)

    def decide(self, work: UnitOfWork, commands: Sequence[Command], cause: Cause) -> None:
        """Decide commands that share a cause: all of them, or none when one raises. Raises CommandDeclined."""
        draft = _Draft(self, work)
        for command in commands:
            draft.fire_deadlines(command.at, command.live, cause.fence_key, cause.offset)
            draft.decide(command, cause)
        draft.commit()

    def fire_deadlines(self, work: UnitOfWork, until: datetime, live_since: datetime) -> None:
        """Fire the deadlines up to `until`; those before `live_since` are history."""
        draft = _Draft(self, work)
        draft.fire_deadlines(until, None, NO_FENCE_KEY, -1, live_since)
        draft.commit()
        work.fired_deadlines = draft.deadlines

    def event_frame(self, work: UnitOfWork, key: str, time: datetime, cause: Cause) -> HeaderFrame:
        """The headers that all events with this key and cause have in common."""
        source = self._source if key == work.key else f"{self._source}/{quote(work.key, safe=':')}"
        return header_frame(
            source, time, key, causation=cause.published_as or cause.id, correlation=cause.correlation,
            backfill=cause.history)


class _Draft:
    """Changes of one decision; they reach the unit of work only by `commit`, so a failed decision changes nothing."""

    def __init__(self, store: AggregateStore, work: UnitOfWork) -> None:
        self.store, self.work = store, work
        self.state, self.rev, self.updated = work.state, work.stored.rev, work.stored.updated
        self.fired, self.sequence = work.stored.fired_deadlines, work.stored.outbox_sequence
        self.entries: list[OutboxEntry] = []
        self.events: list[Any] = []
        self.deadlines = self.n = 0

    def decide(self, command: Command, cause: Cause) -> None:
        decider = self.store.aggregate.decider
        before, at = self.state, micros(command.at)
        events = decider.decide(command, before)
        decided = events.state if type(events) is Decision else None
        to_publish: list[tuple[EventType, Any]] = []
        for event in events:
            if (event_type := EVENTS.get(type(event))) is not None:
                to_publish.append((event_type, event))
            elif type(event) is Declined:
                raise CommandDeclined(event)
            if decided is None:
                self.state = decider.evolve(self.state, event)
        self.events += events
        if to_publish:
            self._add_to_outbox(to_publish, command.at, at, cause)
        if decided is not None:
            self.state = decided
        if self.state is not before and self.state != before:
            self.rev += 1
            self.updated = at if self.updated is None else max(self.updated, at)

    def _add_to_outbox(self, events: list[tuple[EventType, Any]], time: datetime, at: int, cause: Cause) -> None:
        """Raises ValueError when an event is too large to be published."""
        store, work, frame, frame_key = self.store, self.work, None, ""
        prefix = output_id_prefix(store.service, work.path, cause.source, cause.id)
        for event_type, event in events:
            key = event_type.key(event)
            if frame is None or key != frame_key:
                frame, frame_key = store.event_frame(work, key, time, cause), key
            id = nth_output_id(prefix, self.n)
            self.sequence += 1
            self.n += 1
            value, headers = encode_with_frame(event, event_type, id, self.sequence, frame)
            if len(value) > MAX_BYTES:
                raise ValueError(f"{event_type.name} has {len(value)} bytes; at most {MAX_BYTES} are allowed")
            self.entries.append(OutboxEntry(
                self.sequence, id, event_type.name, event_type.topic, frame.key, value, headers, at, cause.fence_key,
                cause.offset))

    def fire_deadlines(
        self, until: datetime, live: bool | None, fence_key: int, offset: int, live_since: datetime | None = None,
    ) -> None:
        """Fire every deadline up to `until` in order; ids of its events derive from it and the number fired before."""
        work, next_deadline = self.work, self.store.aggregate.decider.next_deadline
        while (due := next_deadline(self.state)) is not None and due <= until:
            self.deadlines += 1
            if self.deadlines > MAX_DEADLINES:
                raise StuckDeadline(f"{work.path}: next_deadline still returns {due.isoformat()}")
            self.fired += 1
            id = output_id(self.store.service, work.path, "timer", due.isoformat(), self.fired)
            is_live = due >= live_since if live is None and live_since is not None else bool(live)
            n, self.n = self.n, 0
            cause = Cause("timer", id, id, not is_live, fence_key, offset)
            self.decide(DeadlineReached(at=due, live=is_live, ref=id), cause)
            self.n = n

    def commit(self) -> None:
        work, stored = self.work, self.work.stored
        if self.entries or self.deadlines or self.rev != stored.rev:
            work.changed = True
        work.state, work.events = self.state, self.events
        stored.rev, stored.updated = self.rev, self.updated
        stored.fired_deadlines, stored.outbox_sequence = self.fired, self.sequence
        if self.entries:
            stored.outbox = (*stored.outbox, *self.entries)


def _loaded_index(work: UnitOfWork) -> Mapping[str, Scalar] | None:
    """The index values stored under the work's version, if that version is the loaded one."""
    loaded = work.loaded
    if loaded is None or loaded.version != work.version:
        return None
    return loaded.index if loaded.before is None else loaded.before  # an unsaved document knows what it replaces


def unpublished(outbox: tuple[OutboxEntry, ...], published: PublishedOffsets) -> tuple[OutboxEntry, ...]:
    """Entries not known to be published: what a record caused was published before its offset was committed."""
    if not outbox:
        return outbox
    pending = [e for e in outbox if e.offset >= published.get(e.fence_key, 0) or e.fence_key == NO_FENCE_KEY]
    return outbox if len(pending) == len(outbox) else tuple(pending)


def _record(message: Message) -> Record:
    assert message.record is not None  # it was consumed from the log
    return message.record
