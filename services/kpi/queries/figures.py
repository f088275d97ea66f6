"""From cells to figures: what each measure comes to, per bucket and group. Integers until the last division."""
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from math import sqrt
from typing import Any

from chassis.http.access import access
from chassis.http.routing import Problem
from chassis.projections import Cell, Cells, Member
from services.kpi.definitions import CURRENCY, LINE, MANY, Catalogue, Measure
from services.kpi.queries.organisation import BY_PRODUCT, BY_REP, Labels, Organisation
from services.kpi.queries.periods import Period

Group = tuple[str | None, ...]
Within = Mapping[str, frozenset[str]]
DIMENSION = {"rep_id": "rep", "team": "team", "region": "region", "business_line": "business_line"}
Spot = tuple[int, Group]
"""The bucket's place in the list of periods, and the group's labels in the order asked for."""
SIX = Decimal("0.000001")


@dataclass(slots=True)
class Tally:
    """What cells of one spot come to."""

    n: int = 0
    sum: int = 0
    hist: Counter[int] = field(default_factory=Counter)
    members: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` None has a `reason`. Money in minor units; ratios with 6 digits, half-even."""

    value: int | float | None
    reason: str | None = None
    n: int | None = None
    numerator: int | None = None
    denominator: int | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Slice:
    """What is asked of a measure: groups by these dimensions, only cells that meet `where` (any label of each)."""

    by: tuple[str, ...]
    where: Mapping[str, frozenset[str | None]]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.by) | frozenset(self.where)


def within_scope() -> Within:
    """The scope of the request in the words of dimensions; empty: everything."""
    found = access()
    if found is None or found.scope.all:
        return {}
    if found.scope.nothing:
        return {"rep": frozenset()}
    return {DIMENSION[label]: frozenset(values) for label, values in found.scope.asked().items()}


def within_reach(labels: Labels, organisation: Organisation, day: date) -> bool:
    """Whether all that these labels of dimensions single out lies within the scope of the request."""
    found = access()
    if found is None:
        return True
    known = {label: organisation.label(name, labels, day) for label, name in DIMENSION.items()}
    return found.scope.covers(known)


def whole_of(organisation: Organisation, day: date) -> list[tuple[str, str]]:
    """The teams and regions whose people are those of the request's scope, no more and no fewer."""
    found = access()
    if found is None or found.scope.all or not found.scope.reps or found.scope.business_lines:
        return []
    places = [*(("team", t) for t in found.scope.whole_teams), *(("region", r) for r in found.scope.whole_regions)]
    people = {place: {id for id in organisation.careers if organisation.label(place[0], {"rep": id}, day) == place[1]}
              for place in places}
    return [place for place in places if people[place] == set(found.scope.reps)]


def askable(measure: Measure) -> tuple[str, ...]:
    """Dimensions that `by` and `where` may name."""
    names = list(measure.dimensions)
    if "rep" in names:
        names += [n for n in BY_REP if n not in names]
    if "product" in names:
        names += [n for n in BY_PRODUCT if n not in names]
    return (*names, *((CURRENCY,) if measure.by_currency else ()))


class Reader:
    """Reads figures of one catalogue; the organisation is read once per answer.

    `within`: the labels that the request may see, by dimension. It narrows every figure, whoever asks for it and how.
    """

    def __init__(
        self, catalogue: Catalogue, cells: Cells, organisation: Organisation, within: Within | None = None,
    ) -> None:
        self.catalogue, self.cells, self.organisation = catalogue, cells, organisation
        self.within = within_scope() if within is None else within

    def beyond(self, measure: Measure) -> bool:
        """The measure cannot be divided by what limits the request: of it there is no figure, not a wrong one."""
        under = self.catalogue.basis_of(measure)
        parts = dict.fromkeys((*under.numerator, *under.denominator)) if under.kind == "ratio" else ()
        divided = [self.catalogue.measures[name] for name in parts] or [under]
        return any(name not in askable(m) for m in divided for name in self.within)

    def sees(self, labels: Labels, day: date | None) -> bool:
        """Whether what has these labels on that day lies within what the request may see."""
        return all(self.organisation.label(name, labels, day) in wanted for name, wanted in self.within.items())

    async def figures(self, measure: Measure, periods: Sequence[Period], asked: Slice) -> dict[Spot, Figure]:
        """Every bucket of every group that has a figure in any of them; without groups, every bucket."""
        if self.beyond(measure):
            raise Problem(403, "beyond_scope", f"{measure.name} cannot be narrowed to what you may see.")
        measure = self.catalogue.basis_of(measure)
        if measure.by_currency and CURRENCY not in asked.by:
            asked = Slice((*asked.by, CURRENCY), asked.where)
        if measure.kind == "ratio":
            return await self._ratio(measure, periods, asked)
        tallies = await self._tallies(measure, periods, asked)
        value = _VALUES[measure.kind]
        return {spot: value(measure, tallies.get(spot, Tally())) for spot in _grid(tallies, periods, asked)}

    async def _ratio(self, measure: Measure, periods: Sequence[Period], asked: Slice) -> dict[Spot, Figure]:
        also = measure.also or {}
        parts = {name: await self._tallies(self.catalogue.measures[name], periods, asked)
                 for name in dict.fromkeys((*measure.numerator, *measure.denominator, *also.values()))}

        def total(names: Iterable[str], spot: Spot) -> int:
            return sum(_count(self.catalogue.measures[n], parts[n].get(spot, Tally())) for n in names)

        spots = _grid([s for found in parts.values() for s in found], periods, asked)
        return {
            spot: _divided(total(measure.numerator, spot), total(measure.denominator, spot),
                           {label: total((name,), spot) for label, name in also.items()})
            for spot in spots
        }

    # --- reading cells -----------------------------------------------------------------------------------------------

    async def _tallies(self, measure: Measure, periods: Sequence[Period], asked: Slice) -> dict[Spot, Tally]:
        by_line = bool(asked.names & {*LINE, *BY_PRODUCT}) and bool(measure.line_dimensions)
        split = by_line and measure.kind != "sum" and not measure.money
        found: dict[Spot, Tally] = {}
        if measure.kind == "distinct":
            await self._distinct(measure, periods, asked, found)
            return found
        await self._sum_up(measure, measure.kept, periods, asked, found, skip_many=split)
        if split:
            if measure.kind == "count":
                await self._distinct_lines(f"{measure.kept}:lines", periods, asked, found)
            else:
                await self._sum_up(measure, f"{measure.kept}:lines", periods, asked, found, skip_many=False)
        return found

    async def _sum_up(
        self, measure: Measure, name: str, periods: Sequence[Period], asked: Slice, found: dict[Spot, Tally], *,
        skip_many: bool,
    ) -> None:
        low, high = min(p.low for p in periods), max(p.high for p in periods)
        if measure.snapshot:
            cells = await self.cells.undated(name) + await self.cells.read(name, None, high)
            places = _to_its_end(periods)
        else:
            cells = await self.cells.read(name, low, high, self._grain(periods, asked))
            places = _within(periods)
        for cell in cells:
            if skip_many and MANY in (cell.dims.get("product"), cell.dims.get("category")):
                continue
            group = self._group(cell, asked)
            if group is None:
                continue
            for place in places(cell.day):
                tally = found.setdefault((place, group), Tally())
                tally.n += cell.n
                tally.sum += cell.sum
                tally.hist.update(cell.hist)

    def _grain(self, periods: Sequence[Period], asked: Slice) -> str:
        """Month cells serve whole months; not where somebody's team of the day is asked for."""
        whole = all(p.low.day == 1 and p.high.day == 1 for p in periods)
        return "month" if whole and not (asked.names | set(self.within)) & set(BY_REP) else "day"

    async def _distinct(
        self, measure: Measure, periods: Sequence[Period], asked: Slice, found: dict[Spot, Tally],
    ) -> None:
        low, high = min(p.low for p in periods), max(p.high for p in periods)
        rows = await self.cells.members(measure.kept, None if measure.first else low, high)
        places = _within(periods)
        for row in _firsts(rows) if measure.first else rows:
            group = self._group(row, asked)
            for place in places(row.day) if group is not None else ():
                found.setdefault((place, group or ()), Tally()).members.add(row.member)

    async def _distinct_lines(
        self, name: str, periods: Sequence[Period], asked: Slice, found: dict[Spot, Tally],
    ) -> None:
        low, high = min(p.low for p in periods), max(p.high for p in periods)
        places = _within(periods)
        seen: dict[Spot, set[str]] = {}
        for row in await self.cells.members(name, low, high):
            group = self._group(row, asked)
            for place in places(row.day) if group is not None else ():
                seen.setdefault((place, group or ()), set()).add(row.member)
        for spot, members in seen.items():
            found.setdefault(spot, Tally()).n += len(members)

    def _group(self, cell: Cell | Member, asked: Slice) -> Group | None:
        """The group that a cell belongs to; None when `where` leaves it out."""
        if not self.sees(cell.dims, cell.day):
            return None
        label = self.organisation.label
        for name, wanted in asked.where.items():
            if label(name, cell.dims, cell.day) not in wanted:
                return None
        return tuple(label(name, cell.dims, cell.day) for name in asked.by)


def _firsts(rows: Sequence[Member]) -> list[Member]:
    """Each member's first day, whatever fact spoke of it; of several rows that day, the one that knows most."""
    first: dict[str, Member] = {}
    for row in rows:
        if row.day is None:
            continue
        known = first.get(row.member)
        if known is None or known.day is None or (row.day, _blanks(row)) < (known.day, _blanks(known)):
            first[row.member] = row
    return list(first.values())


def _blanks(row: Member) -> tuple[int, str]:
    return (sum(v is None for v in row.dims.values()), repr(sorted(row.dims.items())))


Places = Callable[[date | None], Sequence[int]]


def _within(periods: Sequence[Period]) -> Places:
    """The buckets in which a day lies; ranges may overlap when they are compared with each other."""
    def places(day: date | None) -> Sequence[int]:
        return [i for i, p in enumerate(periods) if day is not None and p.low <= day < p.high]
    return places


def _to_its_end(periods: Sequence[Period]) -> Places:
    """The buckets at whose end what happened on a day has happened; the undated always has."""
    def places(day: date | None) -> Sequence[int]:
        return [i for i, p in enumerate(periods) if day is None or day < p.high]
    return places


def _grid(spots: Iterable[Spot], periods: Sequence[Period], asked: Slice) -> list[Spot]:
    groups = {group for _, group in spots} or ({()} if not asked.by else _one_group(asked))
    return [(i, g) for i in range(len(periods)) for g in sorted(groups, key=_order)]


def _one_group(asked: Slice) -> set[Group]:
    """Nothing was counted: one row that says 0 when only the currency splits, none when labels would be invented."""
    return {(None,)} if asked.by == (CURRENCY,) else set()


def _order(group: Group) -> tuple[tuple[bool, str], ...]:
    return tuple((label is None, label or "") for label in group)


# --- values ----------------------------------------------------------------------------------------------------------


def _count(measure: Measure, tally: Tally) -> int:
    """What a part of a ratio adds up to."""
    if measure.kind == "distinct":
        return len(tally.members)
    return tally.sum if measure.kind == "sum" or measure.money else tally.n


def _plain(measure: Measure, tally: Tally) -> Figure:
    return Figure(_count(measure, tally), n=tally.n if measure.kind == "sum" or measure.money else None)


def _median(_measure: Measure, tally: Tally) -> Figure:
    """Exact: the middle value, or the mean of the middle two."""
    n = sum(tally.hist.values())
    if n <= 0:
        return Figure(None, "no_data", 0)
    ordered = sorted((v, c) for v, c in tally.hist.items() if c > 0)
    low, high = _nth(ordered, (n - 1) // 2), _nth(ordered, n // 2)
    return Figure((low + high) // 2 if (low + high) % 2 == 0 else (low + high) / 2, n=n)


def _nth(ordered: Sequence[tuple[int, int]], place: int) -> int:
    for value, count in ordered:
        if place < count:
            return value
        place -= count
    return ordered[-1][0]


def _nps(_measure: Measure, tally: Tally) -> Figure:
    """Promoters (9, 10) less detractors (0 to 6) in per cent, with the 95 % margin of a three-valued mean."""
    n = sum(tally.hist.values())
    if n <= 0:
        return Figure(None, "no_data", 0)
    promoters = sum(c for v, c in tally.hist.items() if v >= 9)
    detractors = sum(c for v, c in tally.hist.items() if v <= 6)
    mean = (promoters - detractors) / n
    spread = (promoters * (1 - mean) ** 2 + detractors * (-1 - mean) ** 2 + (n - promoters - detractors) * mean**2) / n
    return Figure(
        _six(Decimal(100 * (promoters - detractors)) / n), n=n,
        more={"margin": _six(Decimal(196 * sqrt(spread / n))), "promoters": promoters,
              "passives": n - promoters - detractors, "detractors": detractors})


def _divided(above: int, below: int, more: Mapping[str, Any]) -> Figure:
    if below == 0:
        return Figure(None, "zero_denominator", numerator=above, denominator=0, more=more)
    return Figure(_six(Decimal(above) / below), numerator=above, denominator=below, more=more)


def _six(value: Decimal) -> float:
    return float(value.quantize(SIX, rounding=ROUND_HALF_EVEN))


_VALUES: Mapping[str, Callable[[Measure, Tally], Figure]] = {
    "count": _plain, "sum": _plain, "distinct": _plain, "snapshot": _plain, "median": _median, "nps": _nps,
}


def growth(value: int | float | None, base: int | float | None, *, ratio: bool) -> dict[str, Any]:
    """Change against a base; the sign of the growth is that of the change, whatever the sign of the base."""
    if base is None or value is None:
        return {"value": base, "change": None, "growth": None, "reason": "no_base" if base is None else "no_value"}
    change = Decimal(str(value)) - Decimal(str(base))
    made: dict[str, Any] = {"value": base, "change": int(change) if change == int(change) else _six(change)}
    if ratio:
        made["points"] = _six(change * 100)
    if base == 0:
        return {**made, "growth": None, "reason": "zero_base"}
    return {**made, "growth": _six(change / abs(Decimal(str(base))))}
