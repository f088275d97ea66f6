"""Reads cells into figures: which cells a measure needs, where each of them counts, what they come to."""
from collections.abc import Iterable, Sequence
from datetime import date

from chassis.http.problems import ProblemError
from chassis.projections import Cell, CellReader, Membership
from services.kpi.definitions import CURRENCY, LINE, MANY, Catalogue, CompiledMeasure
from services.kpi.queries.figures.buckets import (
    BucketGroup,
    BucketTotals,
    LabelGroup,
    Slice,
    buckets_until,
    buckets_within,
    figure_grid,
    first_memberships,
    queryable_dimensions,
)
from services.kpi.queries.figures.values import Figure, additive_value, figure_of, ratio_figure
from services.kpi.queries.periods import Period
from services.kpi.queries.reference_data import BY_PRODUCT, BY_REP, Labels, ReferenceData
from services.kpi.queries.request_scope import ScopeLabels, scope_labels

Totals = dict[BucketGroup, BucketTotals]


class FigureReader:
    """Reads figures of one catalogue. `reference` is read once per response. `scope` narrows every figure; by default
    it is that of the request."""

    def __init__(
        self, catalogue: Catalogue, cells: CellReader, reference: ReferenceData, scope: ScopeLabels | None = None,
    ) -> None:
        self.catalogue, self.cells, self.reference = catalogue, cells, reference
        self.scope = scope_labels() if scope is None else scope

    def exceeds_scope(self, measure: CompiledMeasure) -> bool:
        """Whether the measure lacks a dimension of the scope: it has no figure then, rather than a wrong one."""
        parts = self.catalogue.parts_of(measure)
        return any(name not in queryable_dimensions(m) for m in parts for name in self.scope)

    def in_scope(self, labels: Labels, day: date | None) -> bool:
        """Whether a cell or fact with these labels on that day lies within the scope."""
        return all(self.reference.label(name, labels, day) in allowed for name, allowed in self.scope.items())

    async def figures(
        self, measure: CompiledMeasure, periods: Sequence[Period], slice: Slice,
    ) -> dict[BucketGroup, Figure]:
        """Every bucket of every group that has a figure in any of them; without `by`, every bucket.

        Raises ProblemError 403 when the measure cannot be narrowed to the scope.
        """
        if self.exceeds_scope(measure):
            raise ProblemError(
                403, "beyond_scope", f"{measure.name} cannot be limited to the records that you may see.")
        measure = self.catalogue.basis_of(measure)
        if measure.by_currency and CURRENCY not in slice.by:
            slice = Slice((*slice.by, CURRENCY), slice.where)
        if measure.kind == "ratio":
            return await self._ratio(measure, periods, slice)
        totals = await self._totals(measure, periods, slice)
        return {key: figure_of(measure, totals.get(key, BucketTotals()))
                for key in figure_grid(totals, periods, slice)}

    async def _ratio(
        self, measure: CompiledMeasure, periods: Sequence[Period], slice: Slice,
    ) -> dict[BucketGroup, Figure]:
        also = measure.also or {}
        parts = {name: await self._totals(self.catalogue.measures[name], periods, slice)
                 for name in dict.fromkeys((*measure.numerator, *measure.denominator, *also.values()))}

        def total(names: Iterable[str], key: BucketGroup) -> int:
            return sum(additive_value(self.catalogue.measures[n], parts[n].get(key, BucketTotals())) for n in names)

        keys = figure_grid([key for totals in parts.values() for key in totals], periods, slice)
        return {
            key: ratio_figure(total(measure.numerator, key), total(measure.denominator, key),
                              {label: total((name,), key) for label, name in also.items()})
            for key in keys
        }

    # --- reading cells -----------------------------------------------------------------------------------------------

    async def _totals(self, measure: CompiledMeasure, periods: Sequence[Period], slice: Slice) -> Totals:
        by_line = bool(slice.names & {*LINE, *BY_PRODUCT}) and bool(measure.line_dimensions)
        split = by_line and measure.kind != "sum" and not measure.money
        totals: Totals = {}
        if measure.kind == "distinct":
            await self._add_members(measure, periods, slice, totals)
            return totals
        await self._add_cells(measure, measure.stored_as, periods, slice, totals, skip_many=split)
        if split:
            if measure.kind == "count":
                await self._add_line_members(f"{measure.stored_as}:lines", periods, slice, totals)
            else:
                await self._add_cells(measure, f"{measure.stored_as}:lines", periods, slice, totals, skip_many=False)
        return totals

    async def _add_cells(
        self, measure: CompiledMeasure, name: str, periods: Sequence[Period], slice: Slice, totals: Totals, *,
        skip_many: bool,
    ) -> None:
        low, high = min(p.low for p in periods), max(p.high for p in periods)
        if measure.snapshot:
            cells = await self.cells.undated(name) + await self.cells.read(name, None, high)
            buckets_of = buckets_until(periods)
        else:
            cells = await self.cells.read(name, low, high, self._grain(periods, slice))
            buckets_of = buckets_within(periods)
        for cell in cells:
            if skip_many and MANY in (cell.dims.get("product"), cell.dims.get("category")):
                continue
            group = self._group(cell, slice)
            if group is None:
                continue
            for bucket in buckets_of(cell.day):
                total = totals.setdefault((bucket, group), BucketTotals())
                total.n += cell.n
                total.sum += cell.sum
                total.hist.update(cell.hist)

    def _grain(self, periods: Sequence[Period], slice: Slice) -> str:
        """`month` for whole months, unless a label depends on the day (the team of a rep)."""
        whole_months = all(p.low.day == 1 and p.high.day == 1 for p in periods)
        return "month" if whole_months and not (slice.names | set(self.scope)) & set(BY_REP) else "day"

    async def _add_members(
        self, measure: CompiledMeasure, periods: Sequence[Period], slice: Slice, totals: Totals,
    ) -> None:
        low, high = min(p.low for p in periods), max(p.high for p in periods)
        rows = await self.cells.members(measure.stored_as, None if measure.first else low, high)
        buckets_of = buckets_within(periods)
        for row in first_memberships(rows) if measure.first else rows:
            group = self._group(row, slice)
            for bucket in buckets_of(row.day) if group is not None else ():
                totals.setdefault((bucket, group or ()), BucketTotals()).members.add(row.member)

    async def _add_line_members(
        self, name: str, periods: Sequence[Period], slice: Slice, totals: Totals,
    ) -> None:
        """Facts with several products count once per bucket and group, however many of their lines belong to it."""
        low, high = min(p.low for p in periods), max(p.high for p in periods)
        buckets_of = buckets_within(periods)
        seen: dict[BucketGroup, set[str]] = {}
        for row in await self.cells.members(name, low, high):
            group = self._group(row, slice)
            for bucket in buckets_of(row.day) if group is not None else ():
                seen.setdefault((bucket, group or ()), set()).add(row.member)
        for key, members in seen.items():
            totals.setdefault(key, BucketTotals()).n += len(members)

    def _group(self, cell: Cell | Membership, slice: Slice) -> LabelGroup | None:
        """The group of a cell; None when the scope or `where` leaves it out."""
        if not self.in_scope(cell.dims, cell.day):
            return None
        label = self.reference.label
        for name, allowed in slice.where.items():
            if label(name, cell.dims, cell.day) not in allowed:
                return None
        return tuple(label(name, cell.dims, cell.day) for name in slice.by)
