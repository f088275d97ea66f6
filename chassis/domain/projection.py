"""Projection pattern: an event changes a fact; the difference between its contributions before and after goes to cells.

Old contributions are subtracted, new ones added: corrections, cancellations, reopenings and voids are all the same
mechanism. Pure: no I/O, no clock.
"""
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import msgspec

from chassis.domain.handlers import Meta


class CellKey(NamedTuple):
    """Where a contribution is counted: measure, local day, and the cell's own dimensions as sorted (name, label) pairs.

    A missing label is None: a row of its own, never dropped. `currency` is a dimension of every money measure.
    """

    measure: str
    day: date | None  # None: not dated (a deal whose day of opening is unknown); counted by snapshot measures only
    dimensions: tuple[tuple[str, str | None], ...]


class FactContribution(NamedTuple):
    """What one fact adds to one cell: a count, an integer sum, and, where declared, one value or one member.

    `value` goes into the cell's histogram (exact medians); `member` makes a membership row (distinct counts).
    """

    cell: CellKey
    n: int = 0
    sum: int = 0
    value: int | None = None
    member: str | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """The event contradicts the fact: it becomes a dead letter with this code, and nothing else changes."""

    code: str
    message: str


Image = Any  # a fact's document: builtins only (msgspec writes it); None: no such fact yet


class Touch(msgspec.Struct, frozen=True, gc=False):
    """The fact that an event is about: `kind` and `id`, and how the event changes its image.

    A fact belongs to one topic and one partition. `fold(image) -> image` is given the image before (None: none yet).
    """

    kind: str
    id: str
    fold: Callable[[Image], Image | Rejected]


@dataclass(frozen=True, slots=True)
class Projection:
    """`touch(event, meta)`: the facts an event changes. `contributions(kind, image)`: what such a fact counts for.

    `signals(event, meta)`: contributions of events that need no fact; the journal's window of ids drops repeats.
    `index(kind, image)`: values of `fact_fields`, by which records behind a figure are found.
    """

    name: str
    consumes: tuple[type, ...]
    touch: Callable[[Any, Meta], Iterable[Touch]]
    contributions: Callable[[str, Image], Iterable[FactContribution]]
    signals: Callable[[Any, Meta], Iterable[FactContribution]] = lambda _event, _meta: ()
    fact_fields: Mapping[str, type] = field(default_factory=dict)
    fact_indexes: tuple[tuple[str, ...], ...] = ()
    index: Callable[[str, Image], Mapping[str, Any]] = lambda _kind, _image: {}
