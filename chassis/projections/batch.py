"""Pure folding of one batch of one partition: messages and known facts in, a journal record out. No I/O, no clock."""
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from chassis.domain.handlers import Meta
from chassis.domain.projection import Projection, Rejected, Touch
from chassis.ports import Record, Scalar, TopicPartition
from chassis.projections.documents import (
    CellDelta,
    ContributionEncoder,
    ContributionOutOfRange,
    Fact,
    JournalRecord,
    MembershipDelta,
    ProjectionCollections,
    StoredContribution,
    encode,
)

SEEN = 512  # events remembered per fact, by id and digest


class DecodedMessage(Protocol):
    """The part of a decoded message that a projector uses."""

    @property
    def event(self) -> Any: ...
    @property
    def meta(self) -> Meta: ...
    @property
    def digest(self) -> Any: ...
    @property
    def record(self) -> Record | None: ...


class ProjectionFailure(NamedTuple):
    """A message that changes nothing and becomes a dead letter with this code."""

    message: DecodedMessage
    code: str
    text: str


class PlannedMessage(NamedTuple):
    """A message, the facts it touches (by document id), and its contributions without a fact."""

    message: DecodedMessage
    touches: Sequence[tuple[str, Touch]]
    signals: Sequence[StoredContribution]


class ContributionError(Exception):
    """Contributions of a fact cannot be computed; folding message by message finds the message that causes it."""


def record_of(message: DecodedMessage) -> Record:
    """The record of a message. Raises ValueError for one that was not consumed from the log."""
    if message.record is None:
        raise ValueError(f"message {message.meta.id} must come from the log")
    return message.record


def event_key(meta: Meta) -> str:
    """Identifies an event. Ids contain no blank, so the first blank separates id and source."""
    return f"{meta.id} {meta.source}"


def plan_messages(
    projection: Projection, collections: ProjectionCollections, encoder: ContributionEncoder,
    messages: Sequence[DecodedMessage],
) -> tuple[list[PlannedMessage], list[ProjectionFailure]]:
    """What each message touches. Messages of classes that the projection does not consume are skipped."""
    planned: list[PlannedMessage] = []
    failures: list[ProjectionFailure] = []
    consumed = frozenset(projection.consumes)
    signals: Sequence[StoredContribution]
    for message in messages:
        if type(message.event) not in consumed:
            continue
        try:
            touches = [(collections.fact_id(t.kind, t.id), t) for t in projection.touch(message.event, message.meta)]
            contributions = projection.signals(message.event, message.meta)
            signals = encoder.encode(contributions) if contributions else ()
        except Exception as error:  # a bug in a projection becomes a dead letter, the partition goes on
            failures.append(to_failure(message, error))
            continue
        planned.append(PlannedMessage(message, touches, signals))
    return planned, failures


def to_failure(message: DecodedMessage, error: Exception) -> ProjectionFailure:
    if isinstance(error, ContributionOutOfRange):
        return ProjectionFailure(message, "out_of_range", str(error))
    return ProjectionFailure(message, "handler_failed", f"{type(error).__name__}: {error}"[:500])


class DeltaSums:
    """Sums of contributions added (sign 1) and taken back (sign -1), per cell and per member."""

    def __init__(self) -> None:
        self._cells: dict[tuple[str, str, str], list[Any]] = {}
        self._members: dict[tuple[str, str, str, str], int] = {}

    def add(self, contributions: Sequence[StoredContribution], sign: int) -> None:
        for measure, day, dims, n, total, value, member in contributions:
            key = (measure, day, dims)
            cell = self._cells.get(key)
            if cell is None:
                cell = self._cells[key] = [0, 0, None]
            cell[0] += sign * n
            cell[1] += sign * total
            if value is not None:
                hist = cell[2]
                if hist is None:
                    hist = cell[2] = {}
                hist[value] = hist.get(value, 0) + sign
            if member is not None:
                row = (measure, day, dims, member)
                self._members[row] = self._members.get(row, 0) + sign

    def deltas(self) -> list[CellDelta]:
        deltas: list[CellDelta] = []
        for key, (n, total, hist) in self._cells.items():
            changes = {value: count for value, count in hist.items() if count} if hist else None
            if n or total or changes:
                deltas.append((*key, n, total, changes or None))
        return deltas

    def members(self) -> list[MembershipDelta]:
        return [(*row, n) for row, n in self._members.items() if n]


class BatchFold:
    """Folds planned messages in order over known facts, which it does not change; a missing fact does not exist yet."""

    def __init__(
        self, projection: Projection, collections: ProjectionCollections, encoder: ContributionEncoder,
        partition: TopicPartition, known: Mapping[str, Fact], window: Mapping[str, Any], *, careful: bool = False,
    ) -> None:
        self.changed: dict[str, Fact] = {}
        self.indexes: dict[str, Mapping[str, Scalar]] = {}
        self.event_ids: dict[str, Any] = {}
        self.failures: list[ProjectionFailure] = []
        self._images: dict[str, bytes] = {}
        self._projection, self._collections, self._encoder = projection, collections, encoder
        self._partition, self._known, self._window, self._careful = partition, known, window, careful
        self._sums = DeltaSums()

    def run(self, planned: Sequence[PlannedMessage]) -> None:
        """Raises ContributionError unless `careful`."""
        for item in planned:
            failure = self._fold_message(item)
            if failure is not None:
                self.failures.append(failure)
        self._count_contributions()

    def to_record(self, lo: int, hi: int, k: int, at: int) -> JournalRecord:
        failures = [(record_of(f.message).offset, f.code, f.text) for f in self.failures]
        return JournalRecord(
            lo, hi, k, at, self._images, self._sums.deltas(), self._sums.members(), self.event_ids, failures)

    def _fold_message(self, item: PlannedMessage) -> ProjectionFailure | None:
        """Apply everything that the message changes, or nothing."""
        message, touches, signals = item
        event, digest = event_key(message.meta), message.digest
        is_new_signal = bool(signals)
        if signals:
            before = self.event_ids.get(event, self._window.get(event))
            if before is not None and before != digest:
                return _id_reused(message)
            is_new_signal = before is None
        staged: dict[str, tuple[Touch, Any]] = {}
        for key, touch in touches:
            fact = self.changed.get(key) or self._known.get(key)
            if fact is not None:
                if (fact.topic, fact.partition) != self._partition:
                    return ProjectionFailure(
                        message, "wrong_partition", f"{touch.kind} belongs to {fact.topic}/{fact.partition}")
                before = fact.seen.get(event)
                if before is not None:
                    if before != digest:
                        return _id_reused(message)
                    continue
            image = staged[key][1] if key in staged else fact.image if fact is not None else None
            try:
                new = touch.fold(image)
                if self._careful and not isinstance(new, Rejected):
                    trial = Fact(
                        touch.kind, touch.id, new, self._contributions(touch.kind, new), {}, *self._partition)
                    encode(trial)
                    self._collections.fact_index(self._projection, trial)
            except Exception as error:  # as in `plan_messages`
                return to_failure(message, error)
            if isinstance(new, Rejected):
                return ProjectionFailure(message, new.code, new.message)
            staged[key] = (touch, new)
        for key, (touch, image) in staged.items():
            self._change_fact(key, touch, image, event, digest)
        if is_new_signal:
            self.event_ids[event] = digest
            self._sums.add(signals, 1)
        return None

    def _change_fact(self, key: str, touch: Touch, image: Any, event: str, digest: Any) -> None:
        fact = self.changed.get(key)
        if fact is None:
            known = self._known.get(key)
            fact = known.copy() if known else Fact(touch.kind, touch.id, None, [], {}, *self._partition)
            self.changed[key] = fact
        fact.image = image
        fact.seen[event] = digest
        if len(fact.seen) > SEEN:
            del fact.seen[next(iter(fact.seen))]

    def _count_contributions(self) -> None:
        for key, fact in self.changed.items():
            before = fact.contributions
            try:
                fact.contributions = self._contributions(fact.kind, fact.image)
                self._images[key] = encode(fact)
                self.indexes[key] = self._collections.fact_index(self._projection, fact)
            except Exception as error:
                raise ContributionError(f"{fact.kind} {fact.id}") from error
            if fact.contributions != before:
                self._sums.add(fact.contributions, 1)
                self._sums.add(before, -1)

    def _contributions(self, kind: str, image: Any) -> list[StoredContribution]:
        """Without an image (None) a fact has no contributions."""
        return [] if image is None else self._encoder.encode(self._projection.contributions(kind, image))


def _id_reused(message: DecodedMessage) -> ProjectionFailure:
    return ProjectionFailure(message, "id_reused", "this id was used before with other content")
