"""Compiled measures: all that counting and querying need of a measure's YAML.

A measure's figures are stored in cells (`CellKey.measure`) under its own name, or under that of another measure that
counts the same rows in the same way: equal counts are stored once. Three stored shapes exist:

- `name`: counts and sums (`n`, `sum`), histograms of `value` (median, nps), members (distinct).
- `name:lines`: only for measures with `line_dimensions` that are neither sums nor distinct: facts whose lines have
  several products. In `name` such a fact counts once, with the label MANY for every line dimension; in `name:lines` it
  counts once per distinct (product, category), with the fact's id as member. A query without a line dimension reads
  `name` alone. A query with one in `by` or `where` leaves out the cells of `name` labelled MANY and adds those of
  `name:lines` (for a count: the number of distinct members).
- A ratio stores nothing: it divides the sums of its numerators and denominators.
"""
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["count", "sum", "distinct", "median", "snapshot", "ratio", "nps", "basis"]
Unit = Literal["count", "money", "days", "ratio", "score"]
Better = Literal["higher", "lower", "neither"]

MANY = "*"
"""The label of a line dimension in a cell of facts with several products or categories; not a valid id."""

STANDARD: tuple[str, ...] = ("business_line", "region", "team", "rep")
LINE: tuple[str, ...] = ("product", "category")
CURRENCY = "currency"


@dataclass(frozen=True, slots=True)
class RowSource:
    """One row type that feeds a measure, and its fact kind: `deal.closing` and `deal`."""

    row: str
    fact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledMeasure:
    """One compiled measure.

    `dimensions`: all by which its cells differ (the standard ones, the measure's own, those that the installation
    declares; not the currency). `by_currency`: cells carry `currency` too, and every answer is split by it.
    `better`: which direction of a change is good. `numerator`, `denominator`: names of measures whose values add up.
    `also`: further measures in the answer of a ratio (`{"open": "stage_unfinished"}`). `basis`: the measure whose
    figures this one gives. `first`: a member of a distinct measure counts only on its first day, over all facts.
    `snapshot`: a cell's `n` and `sum` are changes; the figure at a bucket's end is the sum of all days up to it,
    undated cells (day None) included. `hidden`: used by other measures, not listed. `stored_as`: the measure under
    whose name its cells are stored: itself, or the first one that counts the same.
    """

    name: str
    version: int
    title: Mapping[str, str]
    formula: Mapping[str, str]
    unit: Unit
    kind: Kind
    better: Better = "higher"
    dimensions: tuple[str, ...] = ()
    line_dimensions: tuple[str, ...] = ()
    by_currency: bool = False
    numerator: tuple[str, ...] = ()
    denominator: tuple[str, ...] = ()
    also: Mapping[str, str] | None = None
    basis: str | None = None
    first: bool = False
    money: bool = False  # of a snapshot: its figure is `sum`, not `n`
    hidden: bool = False
    sources: tuple[RowSource, ...] = ()
    stored_as: str = ""

    @property
    def ref(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def snapshot(self) -> bool:
        return self.kind == "snapshot"

    @property
    def additive_over_time(self) -> bool:
        """Whether the figures of two buckets add up to that of both together."""
        return self.kind in ("count", "sum")


@dataclass(frozen=True, slots=True)
class MeasureCounter:
    """How one row type feeds one measure. `labels`: names of the cell's dimensions, sorted, without line ones."""

    measure: CompiledMeasure
    row: str
    when: Callable[[Mapping[str, Any]], bool]  # over the row's fields
    value: str | None
    member: str | None
    labels: tuple[str, ...]
