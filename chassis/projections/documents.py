"""Documents of a projector: facts, cells, membership rows, and one journal per partition.

Every writer (topic and partition) has cells of its own, so that each document has exactly one writer; readers add them
up. `version` of facts, cells and membership rows is the number of the journal record that last changed them: the fence.
"""
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from chassis.domain.projection import FactContribution, Projection
from chassis.ports import Collection, Scalar, TopicPartition

RESERVED = ("kind", "gen_", "topic_")  # index fields of facts that belong to the projector
MAX_CONTRIBUTION = 10**15  # thousands of the largest contributions still add up within 64 bits

StoredContribution = tuple[str, str, str, int, int, int | None, str | None]
"""Encoded contribution: measure, day (ISO 8601, "" when undated), dimensions (JSON), n, sum, value, member."""
CellDelta = tuple[str, str, str, int, int, dict[int, int] | None]
"""What a journal record adds to a cell of each grain: measure, day, dimensions, n, sum, {value: count}."""
MembershipDelta = tuple[str, str, str, str, int]
"""What a journal record adds to a membership row: measure, day, dimensions, member, n."""


class ContributionOutOfRange(ValueError):
    """A contribution is larger than MAX_CONTRIBUTION."""


class Fact(msgspec.Struct):
    """`image`: the fact's state. `contributions`: those counted at present. `seen`: {event: digest}."""

    kind: str
    id: str
    image: Any
    contributions: list[StoredContribution] = msgspec.field(name="shares")
    seen: dict[str, Any]
    topic: str
    partition: int

    def copy(self) -> "Fact":
        return Fact(self.kind, self.id, self.image, self.contributions, dict(self.seen), self.topic, self.partition)


class CellTotal(msgspec.Struct, omit_defaults=True):
    """The total of a cell. `hist`: {value: count}, for exact medians."""

    n: int = 0
    sum: int = 0
    hist: dict[int, int] | None = None


class MembershipRow(msgspec.Struct):
    """Number of contributions to a cell that name the member; 0 when there are none any more."""

    n: int = 0


class JournalRecord(msgspec.Struct):
    """Journal record number `k`: the result of the records [lo, hi) of one partition. Immutable once inserted."""

    lo: int
    hi: int
    k: int
    at: int = 0  # latest append time of its messages, ms
    images: dict[str, bytes] = {}  # id of a fact's document -> its new body
    deltas: list[CellDelta] = []
    members: list[MembershipDelta] = []
    event_ids: dict[str, Any] = msgspec.field(default_factory=dict, name="ids")
    """{event: digest} of events counted without a fact."""
    failures: list[tuple[int, str, str]] = msgspec.field(default_factory=list, name="refused")
    """(offset, code, text) of the messages that become dead letters."""


encode = msgspec.msgpack.Encoder().encode
decode_fact = msgspec.msgpack.Decoder(Fact).decode
decode_total = msgspec.msgpack.Decoder(CellTotal).decode
decode_row = msgspec.msgpack.Decoder(MembershipRow).decode
decode_record = msgspec.msgpack.Decoder(JournalRecord).decode


@dataclass(frozen=True, slots=True)
class ProjectionCollections:
    """Names of the collections of a projector, and ids of its documents in one generation."""

    service: str
    generation: str
    grains: tuple[str, ...]

    @property
    def facts(self) -> str:
        return f"{self.service}.facts"

    @property
    def cells(self) -> str:
        return f"{self.service}.cells"

    @property
    def members(self) -> str:
        return f"{self.service}.members"

    @property
    def journal(self) -> str:
        return f"{self.service}.journal"

    @property
    def checkpoints(self) -> str:
        return f"{self.service}.checkpoints"

    def partition_id(self, partition: TopicPartition) -> str:
        """Id of a partition within the generation: the journal's index value, the id of its checkpoint."""
        return f"{self.generation}|{partition.topic}|{partition.partition}"

    def fact_id(self, kind: str, id: str) -> str:
        return f"{self.generation}|{kind}|{id}"

    def record_id(self, partition: TopicPartition, k: int) -> str:
        return f"{self.partition_id(partition)}|{k:09d}"

    def required(self, projection: Projection) -> list[Collection]:
        """All collections of a projector. Raises ValueError when the projection declares a reserved index field."""
        if taken := [name for name in RESERVED if name in projection.fact_fields]:
            raise ValueError(f"{projection.name}: fact_fields must not contain {taken}; these names are reserved")
        own: dict[str, type] = dict.fromkeys(RESERVED, str)
        cell: dict[str, type] = {"gen": str, "writer": str, "measure": str, "day": str, "dims": str, "n": int}
        return [
            Collection(  # facts of a kind are found by their ids, which begin with it
                self.facts, {**own, **projection.fact_fields},
                tuple(("gen_", "kind", *index) for index in projection.fact_indexes)),
            Collection(self.cells, {**cell, "grain": str, "sum": int}, (("gen", "measure", "grain", "day"),)),
            Collection(self.members, {**cell, "member": str}, (("gen", "measure", "day"),)),
            Collection(self.journal, {"place": str, "k": int}, (("place", "k"),)),
            Collection(self.checkpoints, {"gen": str}, (("gen",),)),
        ]

    def fact_index(self, projection: Projection, fact: Fact) -> dict[str, Scalar]:
        """Raises ValueError for values that a store rejects: what the journal names must be possible to write."""
        fields = projection.fact_fields
        given = projection.index(fact.kind, fact.image) if fact.image is not None and fields else {}
        for name, value in given.items():
            if name not in fields or not (value is None or _fits(value, fields[name])):
                raise ValueError(
                    f"{projection.name}: index field {name!r} must be declared in fact_fields with the type of its "
                    f"value, {type(value).__name__}")
        return {**given, "kind": fact.kind, "gen_": self.generation, "topic_": fact.topic}


def _fits(value: Scalar, kind: type) -> bool:
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return False
    return type(value) is kind or (kind is float and type(value) is int)


def day_of(grain: str, day: str) -> str:
    """The day of a cell: the first of the month in the month grain, `day` itself otherwise; "" when undated."""
    return day[:8] + "01" if grain == "month" and day else day


class ContributionEncoder:
    """Encodes contributions; caches the JSON of dimensions and the text of days, which repeat often."""

    def __init__(self) -> None:
        self._dims: dict[tuple[tuple[str, str | None], ...], str] = {}
        self._days: dict[date | None, str] = {None: ""}

    def encode(self, contributions: Iterable[FactContribution]) -> list[StoredContribution]:
        """Raises ContributionOutOfRange."""
        dims, days, encoded = self._dims, self._days, []
        last: object = None
        limit = MAX_CONTRIBUTION
        text = ""
        for (measure, day, dimensions), n, total, value, member in contributions:
            if not (-limit < n < limit and -limit < total < limit and (value is None or -limit < value < limit)):
                raise ContributionOutOfRange(
                    f"{measure}: contribution (n={n}, sum={total}, value={value}) must be less than {limit:.0e}")
            if dimensions is not last:  # most contributions of a fact share their dimensions
                last, text = dimensions, dims.get(dimensions) or self._dimensions_text(dimensions)
            when = days.get(day)
            encoded.append((measure, self._day_text(day) if when is None else when, text, n, total, value, member))
        return encoded

    def _dimensions_text(self, dimensions: tuple[tuple[str, str | None], ...]) -> str:
        if len(self._dims) > 100_000:
            self._dims.clear()
        text = msgspec.json.encode(dict(sorted(dimensions))).decode()
        self._dims[dimensions] = text
        return text

    def _day_text(self, day: date | None) -> str:
        if len(self._days) > 20_000:
            self._days.clear()
        return self._days.setdefault(day, "" if day is None else day.isoformat())
