"""What a projector keeps in the store: facts, cells, members and one journal per partition. Quiet: only shapes.

A cell is counted apart by each writer (topic and partition), so that every document has exactly one; readers add them
up. `version` of facts, cells and members is the number of the journal record that last changed them: the fence.
"""
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from chassis.domain.projection import Contribution, Projection
from chassis.ports import Collection, Scalar, TopicPartition

RESERVED = ("kind", "gen_", "topic_")  # index fields of a fact that a projection must not declare itself
HUGE = 10**15  # the largest size of one contribution: thousands of them still add up within 64 bits

Share = tuple[str, str, str, int, int, int | None, str | None]
"""A contribution as it is kept: measure, day (ISO, "" undated), dimensions (JSON), n, sum, value, member."""
Delta = tuple[str, str, str, int, int, dict[int, int] | None]
"""What one record adds to a cell of every grain: measure, day, dimensions, n, sum, {value: count}."""
MemberDelta = tuple[str, str, str, str, int]
"""What one record adds to a membership row: measure, day, dimensions, member, n."""


class OutOfRange(ValueError):
    """One contribution is larger than a figure may be."""


class Fact(msgspec.Struct):
    """`image`: what the projection keeps. `shares`: what is counted for it at present. `seen`: {event: digest}."""

    kind: str
    id: str
    image: Any
    shares: list[Share]
    seen: dict[str, Any]
    topic: str
    partition: int

    def copy(self) -> "Fact":
        return Fact(self.kind, self.id, self.image, self.shares, dict(self.seen), self.topic, self.partition)


class Total(msgspec.Struct, omit_defaults=True):
    """The whole of a cell. `hist` counts the values, for exact medians."""

    n: int = 0
    sum: int = 0
    hist: dict[int, int] | None = None


class Row(msgspec.Struct):
    """A membership row: how many contributions of this cell name the member; 0: none any more."""

    n: int = 0


class JournalRecord(msgspec.Struct):
    """Journal record `k`: what the records [lo, hi) of one partition lead to. It is decided once and never changed."""

    lo: int
    hi: int
    k: int
    at: int = 0  # the latest append time of its messages, ms
    images: dict[str, bytes] = {}  # id of the fact's document -> its new body
    deltas: list[Delta] = []
    members: list[MemberDelta] = []
    ids: dict[str, Any] = {}  # events counted without a fact: {event: digest}
    refused: list[tuple[int, str, str]] = []  # offset, code, text of what has to become a dead letter


encode = msgspec.msgpack.Encoder().encode
decode_fact = msgspec.msgpack.Decoder(Fact).decode
decode_total = msgspec.msgpack.Decoder(Total).decode
decode_row = msgspec.msgpack.Decoder(Row).decode
decode_entry = msgspec.msgpack.Decoder(JournalRecord).decode


@dataclass(frozen=True, slots=True)
class ProjectionCollections:
    """Names and ids of one service's documents in one generation."""

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

    def place(self, place: TopicPartition) -> str:
        return f"{self.generation}|{place.topic}|{place.partition}"

    def fact(self, kind: str, id: str) -> str:
        return f"{self.generation}|{kind}|{id}"

    def entry(self, place: TopicPartition, k: int) -> str:
        return f"{self.place(place)}|{k:09d}"

    def collections(self, projection: Projection) -> list[Collection]:
        """Every collection a projector of this service needs; ValueError if the projection names a field of ours."""
        if taken := [name for name in RESERVED if name in projection.fact_fields]:
            raise ValueError(f"{projection.name}: index fields {taken} of facts are the projector's own")
        own: dict[str, type] = dict.fromkeys(RESERVED, str)
        cell: dict[str, type] = {"gen": str, "writer": str, "measure": str, "day": str, "dims": str, "n": int}
        return [
            Collection(  # by kind alone they are found by their ids, which begin with it
                self.facts, {**own, **projection.fact_fields},
                tuple(("gen_", "kind", *index) for index in projection.fact_indexes)),
            Collection(self.cells, {**cell, "grain": str, "sum": int}, (("gen", "measure", "grain", "day"),)),
            Collection(self.members, {**cell, "member": str}, (("gen", "measure", "day"),)),
            Collection(self.journal, {"place": str, "k": int}, (("place", "k"),)),
            Collection(self.checkpoints, {"gen": str}, (("gen",),)),
        ]

    def fact_index(self, projection: Projection, fact: Fact) -> dict[str, Scalar]:
        """Raises ValueError for what no store would take: once the journal names it, it must be possible to put it."""
        fields = projection.fact_fields
        given = projection.index(fact.kind, fact.image) if fact.image is not None and fields else {}
        for name, value in given.items():
            if name not in fields or not (value is None or _fits(value, fields[name])):
                held = type(value).__name__
                raise ValueError(f"{projection.name}: {name!r} is no index field that can hold a {held}")
        return {**given, "kind": fact.kind, "gen_": self.generation, "topic_": fact.topic}


def _fits(value: Scalar, kind: type) -> bool:
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return False
    return type(value) is kind or (kind is float and type(value) is int)


def day_of(grain: str, day: str) -> str:
    """The day under which a grain keeps what happened on `day`: the first of its month, "" for the undated."""
    return day[:8] + "01" if grain == "month" and day else day


class Writer:
    """Turns contributions into shares; remembers the JSON of dimensions that come again and again."""

    def __init__(self) -> None:
        self._dims: dict[tuple[tuple[str, str | None], ...], str] = {}
        self._days: dict[date | None, str] = {None: ""}

    def shares(self, contributions: Iterable[Contribution]) -> list[Share]:
        """Raises OutOfRange for one that is too large to be counted."""
        dims, days, made = self._dims, self._days, []
        last: object = None
        text = ""
        for (measure, day, dimensions), n, total, value, member in contributions:
            if not (-HUGE < n < HUGE and -HUGE < total < HUGE and (value is None or -HUGE < value < HUGE)):
                raise OutOfRange(f"{measure}: one contribution of {n}, {total}, {value} is out of range")
            if dimensions is not last:  # most contributions of a fact have them in common
                last, text = dimensions, dims.get(dimensions) or self._text(dimensions)
            when = days.get(day)
            made.append((measure, self._when(day) if when is None else when, text, n, total, value, member))
        return made

    def _text(self, dimensions: tuple[tuple[str, str | None], ...]) -> str:
        if len(self._dims) > 100_000:
            self._dims.clear()
        text = msgspec.json.encode(dict(sorted(dimensions))).decode()
        self._dims[dimensions] = text
        return text

    def _when(self, day: date | None) -> str:
        if len(self._days) > 20_000:
            self._days.clear()
        return self._days.setdefault(day, "" if day is None else day.isoformat())
