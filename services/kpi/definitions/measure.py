"""What a measure is once its YAML is compiled: everything that counting and reading need, and nothing of its text.

A measure is stored in the cells (`CellKey.measure`) under its own name, or under that of another one which counts the
same rows in the same way: what is equal is counted once. Three stored shapes exist:

- `name`: counts and sums (`n`, `sum`), histograms of `value` (median, nps), members (distinct).
- `name:lines`: only for measures with `line_dimensions` that are not sums: facts whose lines bear several products.
  In `name` such a fact stands once, with the label MANY for every line dimension; in `name:lines` it stands once per
  distinct (product, category), with the fact's id as member. So: nothing asked by line: read `name` alone. A line
  dimension in `by` or `where`: leave rows of `name` labelled MANY out, add those of `name:lines` (for a count: the
  number of distinct members).
- A ratio stores nothing: it divides the sums of its numerators and denominators.
"""
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from services.kpi.definitions.criteria import Test

Kind = Literal["count", "sum", "distinct", "median", "snapshot", "ratio", "nps", "basis"]
Unit = Literal["count", "money", "days", "ratio", "score"]

MANY = "*"
"""The label of a line dimension in a cell of facts with several products or categories; no Id, so never a product."""

STANDARD: tuple[str, ...] = ("business_line", "region", "team", "rep")
LINE: tuple[str, ...] = ("product", "category")
CURRENCY = "currency"


@dataclass(frozen=True, slots=True)
class Source:
    """One stream of rows that feed a measure: `deal.closing` is the closings of the fact `deal`, one per deal."""

    row: str
    fact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One compiled measure.

    `dimensions`: all by which cells can be told apart (the standard ones, the measure's own, those that the
    installation declares; not the currency). `by_currency`: cells carry `currency` besides, and every answer is split
    by it. `numerator`, `denominator`: names of measures whose values add up. `also`: further measures answered beside
    a ratio (`{"open": "stage_unfinished"}`). `basis`: the measure whose figures this one gives. `first`: of a
    distinct measure each member counts only on its first day, whatever fact spoke of it. `snapshot`: a cell's `n` and
    `sum` are changes; the figure at a bucket's end is the sum of all days to then, undated cells (day None) included.
    `hidden`: serves other measures, not listed. `kept`: the measure under whose name its cells stand: itself, or the
    first one that counts the very same.
    """

    name: str
    version: int
    title: Mapping[str, str]
    formula: Mapping[str, str]
    unit: Unit
    kind: Kind
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
    sources: tuple[Source, ...] = ()
    kept: str = ""

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

    @property
    def stored(self) -> bool:
        """Whether cells of this name exist at all."""
        return self.kind not in ("ratio", "basis")

    @property
    def zero(self) -> bool:
        """Whether a bucket without an event answers 0; otherwise null with a reason."""
        return self.kind in ("count", "sum", "distinct", "snapshot")

    @property
    def lines_cells(self) -> str | None:
        """The name of the cells of facts with several products, when this measure keeps such."""
        return f"{self.kept}:lines" if self.line_dimensions and self.kind not in ("sum", "distinct") and self.stored \
            and not self.money else None

    @property
    def fact_kinds(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(s.fact for s in self.sources))


@dataclass(frozen=True, slots=True)
class Counter:
    """How one kind of row feeds one measure. `labels`: names of the cell's dimensions, sorted, without line ones."""

    measure: Measure
    row: str
    when: Test
    value: str | None
    member: str | None
    labels: tuple[str, ...]
