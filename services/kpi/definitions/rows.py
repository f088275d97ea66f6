"""Row types: what a fact yields to be counted, declared once, at the function that makes it.

A fact is one document; a row is one occurrence of it that can be counted on a day: the opening of a deal, its closing,
each entry into a stage. A measure names the row type it counts (`row: deal.closing`); its criterion, `value` and
`member` name fields of that row. The functions are in `services/kpi/projections`; `@row` declares what they return.
"""
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from services.kpi.definitions.measure import LINE, RowSource

F = TypeVar("F")
LineAmount = tuple[str | None, str | None, int]
"""Product, category, amount in minor units."""


@dataclass(slots=True)
class FactRow:
    """One countable occurrence. `day`: local day, None when it is unknown. `fields`: what criteria read.

    `labels`: {dimension: label}. `splits`: the amount by product and category. `until`: of a lasting row, the first
    day on which it no longer holds; None while it does. `pairs`: products and categories under which the row counts as
    one, where they differ from those of `splits`. `labels_cache`: labels of cells, computed once for all measures.
    """

    id: str
    day: date | None
    labels: Mapping[str, str | None]
    fields: Mapping[str, Any]
    currency: str | None = None
    splits: Sequence[LineAmount] = field(default_factory=tuple)
    until: date | None = None
    pairs: Sequence[tuple[str | None, str | None]] | None = None
    labels_cache: dict[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowType:
    """A declared row type. `name` is `<fact kind>.<occurrence>`.

    `fields`: what criteria, `value` and `member` may name; `amount` is money in minor units, `days` are whole local
    days. `labels`: dimensions beside the standard and the declared ones. `lines`: the amount can be split by product
    and category. `lasting`: the row holds from `day` to before `until`. `read(id, image, context)` makes the argument
    of `make` from a fact's image, once for all row types that share it.
    """

    name: str
    fields: frozenset[str]
    labels: frozenset[str]
    lines: bool
    lasting: bool
    read: Callable[..., Any]
    make: Callable[[Any], Iterable[FactRow]]

    @property
    def source(self) -> RowSource:
        return RowSource(self.name, self.name.split(".", 1)[0])


RowTypes = Mapping[str, RowType]
"""Name -> row type."""


def row(
    name: str, *, fields: str, labels: str = "", lines: bool = False, lasting: bool = False, read: Callable[..., F],
) -> Callable[[Callable[[F], Iterable[FactRow]]], RowType]:
    """Declares the function below it as the one that makes the rows of this name. `fields`, `labels`: names, separated
    by spaces."""
    own = frozenset(labels.split()) | (frozenset(LINE) if lines else frozenset())

    def declare(make: Callable[[F], Iterable[FactRow]]) -> RowType:
        return RowType(name, frozenset(fields.split()), own, lines, lasting, read, make)

    return declare


@dataclass(frozen=True, slots=True)
class RelatedDefinitions:
    """What rows need of other kinds of definitions; all of it may be missing."""

    stages: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # pipeline -> stage -> declared order
    questions: Mapping[tuple[str, str], str] = field(default_factory=dict)  # (survey, question) -> kind, such as nps
