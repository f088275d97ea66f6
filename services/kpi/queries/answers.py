"""Answers: figures with comparisons, targets and freshness; boards; the facts behind a figure."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from chassis.http.routing import decode_cursor, encode_cursor
from chassis.projections import Cells
from chassis.service.context import Context
from services.kpi.definitions import CURRENCY, LINE, Catalogue, Measure
from services.kpi.queries.figure_query import Question
from services.kpi.queries.figures import Figure, Reader, Slice, Spot, Within, askable, growth, whole_of, within_reach
from services.kpi.queries.organisation import read_organisation
from services.kpi.queries.periods import Calendar, Period, before, elapsed
from services.kpi.state import Target

NON_ADDITIVE = ("distinct", "median", "snapshot", "ratio", "nps")


@dataclass(frozen=True, slots=True)
class Desk:
    """What answering needs: the definitions, the figures, the calendar, the day it is."""

    context: Context
    catalogue: Catalogue
    calendar: Calendar

    @property
    def cells(self) -> Cells:
        """Of the counting that is the live one now."""
        return Cells(self.context.store, self.context.service, self.context.generation)

    def today(self) -> date:
        return self.context.now().astimezone(self.catalogue.zone).date()

    async def reader(self, within: Within | None = None) -> Reader:
        """`within` {}: of everybody, for what has been narrowed to what the request may see otherwise."""
        cells = self.cells
        return Reader(self.catalogue, cells, await read_organisation(cells), within)


def desk_of(context: Context) -> Desk:
    extra = context.parts.extra
    calendar = context.definitions.one("calendar", "calendar")
    starts = int((calendar.body.get("fiscal_year_starts") if calendar else None) or 1)
    return Desk(context, extra.catalogue, Calendar(starts))


def described(measure: Measure, catalogue: Catalogue) -> dict[str, Any]:
    """What a measure is, for lists and answers."""
    under = catalogue.basis_of(measure)
    return {
        "measure": measure.name, "title": measure.title, "unit": measure.unit, "kind": under.kind,
        "formula": measure.formula, "definition": measure.ref, "basis": measure.basis,
        "dimensions": list(askable(under)), "additive": under.kind not in NON_ADDITIVE,
    }


async def answered(desk: Desk, reader: Reader, q: Question) -> dict[str, Any]:
    """One measure's answer without its freshness: `{measure, unit, formula, ..., rows}`."""
    today = desk.today()
    head = {**described(q.measure, desk.catalogue), "grain": q.grain, "by": list(q.asked.by)}
    if reader.beyond(q.measure):
        return {**head, "rows": [], "reason": "beyond_scope"}
    figures = await reader.figures(q.measure, q.periods, q.asked)
    bases = {how: await _bases(reader, q, how, today) for how in q.compare}
    targets = await _targets(desk.context, q)
    by = _by(desk.catalogue.basis_of(q.measure), q.asked)
    rows = []
    for (place, group), figure in figures.items():
        period = q.periods[place]
        labels = dict(zip(by, group, strict=True))
        row: dict[str, Any] = {"period": period.label, "from": period.low, "to": period.high, "dimensions": labels}
        row |= _face(figure)
        if q.compare:
            row["comparisons"] = {how: _compared(q.measure, figure, found.get((place, group)), shifted[place])
                                  for how, (found, shifted) in bases.items()}
        aimed = (targets.get((period.label, scope)) for scope in _scopes(labels, q.asked, reader, today))
        target = next((t for t in aimed if t is not None), None)
        if target is not None:
            row |= _aimed(figure, target, period, today)
        rows.append(row)
    return {**head, "rows": rows}


def _by(measure: Measure, asked: Slice) -> tuple[str, ...]:
    return (*asked.by, CURRENCY) if measure.by_currency and CURRENCY not in asked.by else asked.by


def _face(figure: Figure) -> dict[str, Any]:
    made: dict[str, Any] = {"value": figure.value}
    for name in ("reason", "n", "numerator", "denominator"):
        if getattr(figure, name) is not None:
            made[name] = getattr(figure, name)
    return {**made, **figure.more}


# --- comparisons -----------------------------------------------------------------------------------------------------

Base = tuple[Mapping[Spot, Figure], Sequence[tuple[Period, bool]]]


async def _bases(reader: Reader, q: Question, how: str, today: date) -> Base:
    """The same buckets earlier; for a running one only as many days as are past (`like_for_like`)."""
    shifted = [_base_period(p, how, today) for p in q.periods]
    found = await reader.figures(q.measure, [p for p, _ in shifted], q.asked)
    return found, shifted


def _base_period(period: Period, how: str, today: date) -> tuple[Period, bool]:
    base = before(period, how)
    past = elapsed(period, today)
    if past.high == period.high:
        return base, False
    high = min(base.high, base.low + (past.high - past.low))
    return Period(base.label, base.low, high, base.grain), True


def _compared(
    measure: Measure, figure: Figure, base: Figure | None, shifted: tuple[Period, bool],
) -> dict[str, Any]:
    value = base.value if base is not None else (0 if measure.kind not in ("ratio", "median", "nps") else None)
    period, like_for_like = shifted
    made = growth(figure.value, value, ratio=measure.unit == "ratio")
    return {**made, "period": period.label, "from": period.low, "to": period.high, "like_for_like": like_for_like}


# --- targets ---------------------------------------------------------------------------------------------------------

Scope = frozenset[tuple[str, str]]


def _scopes(labels: Mapping[str, str | None], asked: Slice, reader: Reader, today: date) -> list[Scope]:
    """The scopes whose target is that of a row: of its labels and what it was narrowed to. None when that singles out
    nothing that somebody could set a target for; several for who sees a team, which is a whole region too."""
    found = {k: v for k, v in labels.items() if v is not None}
    for name, wanted in asked.where.items():
        if len(wanted) != 1:
            return []
        found.update((name, label) for label in wanted if label is not None)
    if not reader.within or within_reach(found, reader.organisation, today):
        return [frozenset(found.items())]
    alone = {name: next(iter(w)) for name, w in reader.within.items() if len(w) == 1}
    if len(alone) == len(reader.within):
        fits = all(found.get(name, label) == label for name, label in alone.items())
        return [frozenset((found | alone).items())] if fits else []
    return [frozenset({*found.items(), place}) for place in whole_of(reader.organisation, today)]


async def _targets(context: Context, q: Question) -> dict[tuple[str, Scope | None], Target]:
    found: dict[tuple[str, Scope | None], Target] = {}
    after: str | None = None
    while True:
        page = await context.find("target", {"measure": q.measure.name}, after=after, limit=500)
        for entity in page.items:
            target: Target = entity.state
            scope = dict(target.scope) | ({CURRENCY: target.currency} if target.currency else {})
            found[target.period, frozenset(scope.items())] = target
        if page.next is None:
            return found
        after = page.next


def _aimed(figure: Figure, target: Target, period: Period, today: date) -> dict[str, Any]:
    """Target, attainment, and the pace: attainment against the share of the period that is past, by days."""
    aim = Decimal(target.value or "0")
    made: dict[str, Any] = {"target": int(aim) if aim == int(aim) else float(aim)}
    if figure.value is None or aim == 0:
        return {**made, "attainment": None, "pace": None}
    attained = Decimal(str(figure.value)) / aim
    past = elapsed(period, today)
    share = Decimal(past.days) / period.days if period.low <= today else Decimal(0)
    pace = float(round(attained / share, 6)) if share else None
    return {**made, "attainment": float(round(attained, 6)), "pace": pace}


# --- the facts behind a figure ---------------------------------------------------------------------------------------


async def records(desk: Desk, q: Question, cursor: str | None, limit: int) -> tuple[list[dict[str, Any]], str | None]:
    """Facts that count for the measure within the range and the labels, each with what it counts for."""
    reader = await desk.reader()
    if reader.beyond(q.measure):
        return [], None
    parts = _parts(desk.catalogue, q.measure)
    kinds = list(dict.fromkeys(s.fact for m in parts for s in m.sources))
    names = {m.kept: m.name for m in parts}
    low, high = min(p.low for p in q.periods), max(p.high for p in q.periods)
    at, after = decode_cursor(cursor, int, str | None) if cursor else (0, None)
    items: list[dict[str, Any]] = []
    while at < len(kinds):
        page = await desk.cells.facts_below(kinds[at], "", after=after, limit=min(500, limit - len(items)) or 1)
        for fact in page.items:
            counts = [c for c in fact.contributions if _counts(reader, parts, c, low, high, q.asked)]
            if counts:
                items.append(_record(fact.kind, fact.id, counts, names))
        after = page.next
        at += after is None
        if len(items) >= limit and (after is not None or at < len(kinds)):
            return items, encode_cursor(at, after)
    return items, None


def _parts(catalogue: Catalogue, measure: Measure) -> list[Measure]:
    under = catalogue.basis_of(measure)
    names = dict.fromkeys((*under.numerator, *under.denominator))
    return [catalogue.measures[n] for n in names] if under.kind == "ratio" else [under]


def _counts(reader: Reader, parts: Sequence[Measure], c: Any, low: date, high: date, asked: Slice) -> bool:
    by_line = bool(asked.names & set(LINE))
    names = {m.kept for m in parts} | ({f"{m.kept}:lines" for m in parts} if by_line else set())
    if c.cell.measure not in names:
        return False
    snapshot = any(m.snapshot for m in parts)
    if c.cell.day is None and not snapshot:
        return False
    if c.cell.day is not None and not (c.cell.day < high and (snapshot or c.cell.day >= low)):
        return False
    labels = dict(c.cell.dimensions)
    return reader.sees(labels, c.cell.day) and all(
        reader.organisation.label(n, labels, c.cell.day) in wanted for n, wanted in asked.where.items())


def _record(kind: str, id: str, counts: Sequence[Any], names: Mapping[str, str]) -> dict[str, Any]:
    """`names`: how the measures asked for are called, by the names under which they are kept."""
    return {"fact": kind, "id": id, "counts": [
        {"measure": names.get(c.cell.measure, c.cell.measure), "day": c.cell.day,
         "dimensions": dict(c.cell.dimensions), "n": c.n, "sum": c.sum,
         "value": c.value, "member": c.member} for c in counts]}


