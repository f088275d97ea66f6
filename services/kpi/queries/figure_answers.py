"""Answers of figure queries: figures with comparisons and targets."""
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from chassis.service.context import ServiceContext
from services.kpi.definitions import CURRENCY, Catalogue, CompiledMeasure
from services.kpi.queries.figure_queries import FigureQueries
from services.kpi.queries.figure_query import FigureQuery
from services.kpi.queries.figures import BucketGroup, Figure, FigureReader, Slice, growth, queryable_dimensions
from services.kpi.queries.periods import Period, compared_period, elapsed
from services.kpi.queries.request_scope import scope_covers, units_of_scope
from services.kpi.state import TargetState


def describe_measure(measure: CompiledMeasure, catalogue: Catalogue) -> dict[str, Any]:
    """What a measure is, for lists and answers."""
    basis = catalogue.basis_of(measure)
    return {
        "measure": measure.name, "title": measure.title, "unit": measure.unit, "kind": basis.kind,
        "formula": measure.formula, "definition": measure.ref, "basis": measure.basis,
        "dimensions": list(queryable_dimensions(basis)), "additive": basis.additive_over_time,
        "better": measure.better,
    }


async def answer_query(queries: FigureQueries, reader: FigureReader, q: FigureQuery) -> dict[str, Any]:
    """One measure's answer without its freshness: `{measure, unit, formula, ..., rows}`."""
    today = queries.today()
    head = {**describe_measure(q.measure, queries.catalogue), "grain": q.grain, "by": list(q.slice.by)}
    if reader.exceeds_scope(q.measure):
        return {**head, "rows": [], "reason": "beyond_scope"}
    figures = await reader.figures(q.measure, q.periods, q.slice)
    bases = {how: await _bases(reader, q, how, today) for how in q.compare}
    targets = await _targets(queries.context, q)
    by = _group_dimensions(queries.catalogue.basis_of(q.measure), q.slice)
    rows = []
    for (bucket, group), figure in figures.items():
        period = q.periods[bucket]
        labels = dict(zip(by, group, strict=True))
        row: dict[str, Any] = {"period": period.label, "from": period.low, "to": period.high, "dimensions": labels}
        row |= _figure_fields(figure)
        if q.compare:
            row["comparisons"] = {
                how: _comparison(q.measure, figure, base_figures.get((bucket, group)), shifted[bucket])
                for how, (base_figures, shifted) in bases.items()}
        candidates = (targets.get((period.label, scope)) for scope in _target_scopes(labels, q.slice, reader, today))
        target = next((t for t in candidates if t is not None), None)
        if target is not None:
            row |= _target_fields(figure, target, period, today)
        rows.append(row)
    return {**head, "rows": rows}


def _group_dimensions(measure: CompiledMeasure, slice: Slice) -> tuple[str, ...]:
    return (*slice.by, CURRENCY) if measure.by_currency and CURRENCY not in slice.by else slice.by


def _figure_fields(figure: Figure) -> dict[str, Any]:
    fields: dict[str, Any] = {"value": figure.value}
    for name in ("reason", "n", "numerator", "denominator"):
        if getattr(figure, name) is not None:
            fields[name] = getattr(figure, name)
    return {**fields, **figure.more}


# --- comparisons -----------------------------------------------------------------------------------------------------

Base = tuple[Mapping[BucketGroup, Figure], Sequence[tuple[Period, bool]]]


async def _bases(reader: FigureReader, q: FigureQuery, how: str, today: date) -> Base:
    """The figures of the compared buckets; of a running bucket only as many days as have passed (`like_for_like`)."""
    shifted = [_base_period(p, how, today) for p in q.periods]
    figures = await reader.figures(q.measure, [p for p, _ in shifted], q.slice)
    return figures, shifted


def _base_period(period: Period, how: str, today: date) -> tuple[Period, bool]:
    base = compared_period(period, how)
    past = elapsed(period, today)
    if past.high == period.high:
        return base, False
    high = min(base.high, base.low + (past.high - past.low))
    return Period(base.label, base.low, high, base.grain), True


def _comparison(
    measure: CompiledMeasure, figure: Figure, base: Figure | None, shifted: tuple[Period, bool],
) -> dict[str, Any]:
    value = base.value if base is not None else (0 if measure.kind not in ("ratio", "median", "nps") else None)
    period, like_for_like = shifted
    change = growth(figure.value, value, ratio=measure.unit == "ratio")
    return {**change, "period": period.label, "from": period.low, "to": period.high, "like_for_like": like_for_like}


# --- targets ---------------------------------------------------------------------------------------------------------

TargetScope = frozenset[tuple[str, str]]


def _target_scopes(
    labels: Mapping[str, str | None], slice: Slice, reader: FigureReader, today: date,
) -> list[TargetScope]:
    """The scopes whose target applies to a row: those of its labels and of `where`. Empty when these are no scope of a
    target; several for a request that sees a whole team that is also a whole region."""
    scope = {k: v for k, v in labels.items() if v is not None}
    for name, allowed in slice.where.items():
        if len(allowed) != 1:
            return []
        scope.update((name, label) for label in allowed if label is not None)
    if not reader.scope or scope_covers(scope, reader.reference, today):
        return [frozenset(scope.items())]
    single = {name: next(iter(labels)) for name, labels in reader.scope.items() if len(labels) == 1}
    if len(single) == len(reader.scope):
        fits = all(scope.get(name, label) == label for name, label in single.items())
        return [frozenset((scope | single).items())] if fits else []
    return [frozenset({*scope.items(), unit}) for unit in units_of_scope(reader.reference, today)]


async def _targets(context: ServiceContext, q: FigureQuery) -> dict[tuple[str, TargetScope | None], TargetState]:
    """{(period, scope with currency): target} of the measure."""
    targets: dict[tuple[str, TargetScope | None], TargetState] = {}
    after: str | None = None
    while True:
        page = await context.find("target", {"measure": q.measure.name}, after=after, limit=500)
        for entity in page.items:
            target: TargetState = entity.state
            scope = dict(target.scope) | ({CURRENCY: target.currency} if target.currency else {})
            targets[target.period, frozenset(scope.items())] = target
        if page.next is None:
            return targets
        after = page.next


def _target_fields(figure: Figure, target: TargetState, period: Period, today: date) -> dict[str, Any]:
    """`attainment`: value / target; `pace`: attainment / share of the period's days that have passed, 6 digits."""
    aim = Decimal(target.value or "0")
    fields: dict[str, Any] = {"target": int(aim) if aim == int(aim) else float(aim)}
    if figure.value is None or aim == 0:
        return {**fields, "attainment": None, "pace": None}
    attained = Decimal(str(figure.value)) / aim
    past = elapsed(period, today)
    share = Decimal(past.days) / period.days if period.low <= today else Decimal(0)
    pace = float(round(attained / share, 6)) if share else None
    return {**fields, "attainment": float(round(attained, 6)), "pace": pace}
