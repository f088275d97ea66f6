"""The facts behind a figure, each with what it contributes."""
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from chassis.domain.projection import FactContribution
from chassis.http.routing import decode_cursor, encode_cursor
from services.kpi.definitions import LINE, CompiledMeasure
from services.kpi.queries.figure_queries import FigureQueries
from services.kpi.queries.figure_query import FigureQuery
from services.kpi.queries.figures import FigureReader, Slice


async def fact_records(
    queries: FigureQueries, q: FigureQuery, cursor: str | None, limit: int,
) -> tuple[list[dict[str, Any]], str | None]:
    """Facts that contribute to the measure within the range and the labels, and the cursor of the next page."""
    reader = await queries.reader()
    if reader.exceeds_scope(q.measure):
        return [], None
    parts = queries.catalogue.parts_of(q.measure)
    kinds = list(dict.fromkeys(s.fact for m in parts for s in m.sources))
    names = {m.stored_as: m.name for m in parts}
    low, high = min(p.low for p in q.periods), max(p.high for p in q.periods)
    at, after = decode_cursor(cursor, int, str | None) if cursor else (0, None)
    items: list[dict[str, Any]] = []
    while at < len(kinds):
        page = await queries.cells.facts_by_prefix(kinds[at], "", after=after, limit=min(500, limit - len(items)) or 1)
        for fact in page.items:
            counts = [c for c in fact.contributions if _counts(reader, parts, c, low, high, q.slice)]
            if counts:
                items.append(_record(fact.kind, fact.id, counts, names))
        after = page.next
        at += after is None
        if len(items) >= limit and (after is not None or at < len(kinds)):
            return items, encode_cursor(at, after)
    return items, None


def _counts(
    reader: FigureReader, parts: Sequence[CompiledMeasure], c: FactContribution, low: date, high: date, slice: Slice,
) -> bool:
    by_line = bool(slice.names & set(LINE))
    names = {m.stored_as for m in parts} | ({f"{m.stored_as}:lines" for m in parts} if by_line else set())
    if c.cell.measure not in names:
        return False
    snapshot = any(m.snapshot for m in parts)
    if c.cell.day is None and not snapshot:
        return False
    if c.cell.day is not None and not (c.cell.day < high and (snapshot or c.cell.day >= low)):
        return False
    labels = dict(c.cell.dimensions)
    return reader.in_scope(labels, c.cell.day) and all(
        reader.reference.label(n, labels, c.cell.day) in allowed for n, allowed in slice.where.items())


def _record(kind: str, id: str, counts: Sequence[FactContribution], names: Mapping[str, str]) -> dict[str, Any]:
    """`names`: {name under which a measure's cells are stored: name of the measure}."""
    return {"fact": kind, "id": id, "counts": [
        {"measure": names.get(c.cell.measure, c.cell.measure), "day": c.cell.day,
         "dimensions": dict(c.cell.dimensions), "n": c.n, "sum": c.sum,
         "value": c.value, "member": c.member} for c in counts]}
