"""One batch of one partition, decided: messages and known facts in, a journal entry out. Quiet: no I/O, no clock."""
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from chassis.domain.handlers import Meta
from chassis.domain.projection import Projection, Rejected, Touch
from chassis.ports import Record, Scalar, TopicPartition
from chassis.projections.documents import Delta, JournalRecord, Fact, ProjectionCollections, MemberDelta, OutOfRange, Share, Writer, encode

SEEN = 512  # events that a fact remembers by id and digest


class Heard(Protocol):
    """What is used of a decoded message."""

    @property
    def event(self) -> Any: ...
    @property
    def meta(self) -> Meta: ...
    @property
    def digest(self) -> Any: ...
    @property
    def record(self) -> Record | None: ...


class Refused(NamedTuple):
    """A message that changes nothing and has to become a dead letter with this code."""

    message: Heard
    code: str
    text: str


class Planned(NamedTuple):
    """A message, the facts it names (by document id) and what it counts for without a fact."""

    message: Heard
    touches: Sequence[tuple[str, Touch]]
    signals: Sequence[Share]


class Uncountable(Exception):
    """The contributions of a fact cannot be told; the batch must be folded message by message to find the culprit."""


def record_of(message: Heard) -> Record:
    """Where the message lies in the log; ValueError for one that came by another way."""
    if message.record is None:
        raise ValueError(f"message {message.meta.id} lies in no log")
    return message.record


def event_id(meta: Meta) -> str:
    """Names an event: an id has no blank, so the first one parts it from its source."""
    return f"{meta.id} {meta.source}"


def plan(
    projection: Projection, layout: ProjectionCollections, writer: Writer, messages: Sequence[Heard],
) -> tuple[list[Planned], list[Refused]]:
    """What each message names. Messages of classes that the projection does not hear are passed over."""
    planned: list[Planned] = []
    refused: list[Refused] = []
    hears = frozenset(projection.consumes)
    signals: Sequence[Share]
    for message in messages:
        if type(message.event) not in hears:
            continue
        try:
            touches = [(layout.fact(t.kind, t.id), t) for t in projection.touch(message.event, message.meta)]
            found = projection.signals(message.event, message.meta)
            signals = writer.shares(found) if found else ()
        except Exception as error:  # a projection's bug must not stop the partition: a dead letter
            refused.append(failed(message, error))
            continue
        planned.append(Planned(message, touches, signals))
    return planned, refused


def failed(message: Heard, error: Exception) -> Refused:
    if isinstance(error, OutOfRange):
        return Refused(message, "out_of_range", str(error))
    return Refused(message, "handler_failed", f"{type(error).__name__}: {error}"[:500])


class Tally:
    """Sums of shares taken back and asserted, per cell and per member."""

    def __init__(self) -> None:
        self._cells: dict[tuple[str, str, str], list[Any]] = {}
        self._members: dict[tuple[str, str, str, str], int] = {}

    def add(self, shares: Sequence[Share], sign: int) -> None:
        for measure, day, dims, n, total, value, member in shares:
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

    def deltas(self) -> list[Delta]:
        made: list[Delta] = []
        for key, (n, total, hist) in self._cells.items():
            kept = {value: count for value, count in hist.items() if count} if hist else None
            if n or total or kept:
                made.append((*key, n, total, kept or None))
        return made

    def members(self) -> list[MemberDelta]:
        return [(*row, n) for row, n in self._members.items() if n]


class Fold:
    """Folds planned messages in order over the facts known (absent: no such fact yet); these are left as they are."""

    def __init__(
        self, projection: Projection, layout: ProjectionCollections, writer: Writer, place: TopicPartition,
        known: Mapping[str, Fact], window: Mapping[str, Any], *, careful: bool = False,
    ) -> None:
        self.changed: dict[str, Fact] = {}
        self.indexes: dict[str, Mapping[str, Scalar]] = {}
        self._images: dict[str, bytes] = {}
        self.ids: dict[str, Any] = {}
        self.refused: list[Refused] = []
        self._projection, self._layout, self._writer, self._place = projection, layout, writer, place
        self._known, self._window, self._careful = known, window, careful
        self._tally = Tally()

    def run(self, planned: Sequence[Planned]) -> None:
        """Raises Uncountable unless careful."""
        for item in planned:
            refusal = self._one(item)
            if refusal is not None:
                self.refused.append(refusal)
        self._count()

    def entry(self, lo: int, hi: int, k: int, at: int) -> JournalRecord:
        refused = [(record_of(r.message).offset, r.code, r.text) for r in self.refused]
        return JournalRecord(lo, hi, k, at, self._images, self._tally.deltas(), self._tally.members(), self.ids, refused)

    def _one(self, item: Planned) -> Refused | None:
        """All that the message changes, or nothing of it."""
        message, touches, signals = item
        name, digest = event_id(message.meta), message.digest
        counted = bool(signals)
        if signals:
            before = self.ids.get(name, self._window.get(name))
            if before is not None and before != digest:
                return Refused(message, "id_reused", "this id was used for other content")
            counted = before is None
        staged: dict[str, tuple[Touch, Any]] = {}
        for key, touch in touches:
            fact = self.changed.get(key) or self._known.get(key)
            if fact is not None:
                if (fact.topic, fact.partition) != self._place:
                    return Refused(message, "wrong_partition", f"{touch.kind} is kept by {fact.topic}/{fact.partition}")
                before = fact.seen.get(name)
                if before is not None:
                    if before != digest:
                        return Refused(message, "id_reused", "this id was used for other content")
                    continue
            image = staged[key][1] if key in staged else fact.image if fact is not None else None
            try:
                new = touch.fold(image)
                if self._careful and not isinstance(new, Rejected):
                    trial = Fact(touch.kind, touch.id, new, self._shares(touch.kind, new), {}, *self._place)
                    encode(trial)
                    self._layout.fact_index(self._projection, trial)
            except Exception as error:  # the same as in `plan`
                return failed(message, error)
            if isinstance(new, Rejected):
                return Refused(message, new.code, new.message)
            staged[key] = (touch, new)
        for key, (touch, image) in staged.items():
            self._change(key, touch, image, name, digest)
        if counted:
            self.ids[name] = digest
            self._tally.add(signals, 1)
        return None

    def _change(self, key: str, touch: Touch, image: Any, name: str, digest: Any) -> None:
        fact = self.changed.get(key)
        if fact is None:
            known = self._known.get(key)
            fact = known.copy() if known else Fact(touch.kind, touch.id, None, [], {}, *self._place)
            self.changed[key] = fact
        fact.image = image
        fact.seen[name] = digest
        if len(fact.seen) > SEEN:
            del fact.seen[next(iter(fact.seen))]

    def _count(self) -> None:
        for key, fact in self.changed.items():
            old = fact.shares
            try:
                fact.shares = self._shares(fact.kind, fact.image)
                self._images[key] = encode(fact)
                self.indexes[key] = self._layout.fact_index(self._projection, fact)
            except Exception as error:
                raise Uncountable(f"{fact.kind} {fact.id}") from error
            if fact.shares != old:
                self._tally.add(fact.shares, 1)
                self._tally.add(old, -1)

    def _shares(self, kind: str, image: Any) -> list[Share]:
        """A fact that was taken away altogether (image None) counts for nothing."""
        return [] if image is None else self._writer.shares(self._projection.contributions(kind, image))
