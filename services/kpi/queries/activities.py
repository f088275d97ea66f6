"""Lists activities with their present status, from the facts that are counted, so that list and figure agree."""
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from chassis.ports import Between
from chassis.projections.cells import FactPage
from services.kpi.queries.figure_queries import FigureQueries
from services.kpi.queries.figures import FigureReader

KIND = "activity"
MAX_READS = 10  # pages of the store that are read for one page of the response
READ_LIMIT = 500
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ActivityFilter:
    """`subject`: kind and id; `fields`: {field: value} of the activity; local days from `low` to before `high`."""

    subject: tuple[str, str] | None
    fields: Mapping[str, str]
    status: str | None = None
    low: date | None = None
    high: date | None = None


async def activities(
    queries: FigureQueries, criteria: ActivityFilter, after: str | None, limit: int,
) -> tuple[list[dict[str, Any]], str | None]:
    """Those of a subject by id, all others the latest first, and the cursor of the next page; in the request's scope.
    A page may have fewer items than `limit` although more follow."""
    reader = await queries.reader()
    items: list[dict[str, Any]] = []
    for _ in range(MAX_READS):
        size = min(READ_LIMIT, max(limit - len(items), 1))
        page = await _page(queries, criteria, after, size)
        shown = (_item(fact.id, fact.image, queries, reader) for fact in page.items)
        items += [item for item in shown if item is not None and _matches(item, criteria)]
        after = page.next
        if after is None or len(items) >= limit:
            break
    return items, after


async def _page(queries: FigureQueries, criteria: ActivityFilter, after: str | None, limit: int) -> FactPage:
    if criteria.subject is not None:
        prefix = f"{criteria.subject[0]}:{criteria.subject[1]}|"
        return await queries.cells.facts_by_prefix(KIND, prefix, after=after, limit=limit)
    low, high = (None if d is None else d.isoformat() for d in (criteria.low, criteria.high))
    days = {} if low is None and high is None else {"opened": Between(low, high)}
    return await queries.cells.facts(KIND, days, order="opened", descending=True, after=after, limit=limit)


def _item(id: str, image: Any, queries: FigureQueries, reader: FigureReader) -> dict[str, Any] | None:
    """None when it lies outside of the request's scope."""
    slot = "logged" if "logged" in image else "planned"
    if slot not in image:
        return None  # a void that arrived before its activity
    by, _, values = image[slot]
    at = EPOCH + timedelta(microseconds=by[1])
    day = at.astimezone(queries.catalogue.zone).date()
    if not reader.in_scope(values, day):
        return None
    label = reader.reference.label
    due = image["planned"][2]["due"] if "planned" in image else None
    subject, _, activity_id = id.rpartition("|")
    kind, _, subject_id = subject.partition(":")
    return {
        "activity_id": activity_id, "kind": values["kind"], "subject": {"kind": kind, "id": subject_id},
        "status": "voided" if "voided" in image else "done" if slot == "logged" else "planned",
        "done_at": at if slot == "logged" else None,
        "due_at": None if due is None else EPOCH + timedelta(microseconds=due), "rep_id": values.get("rep"),
        "team": label("team", values, day), "region": label("region", values, day),
        "business_line": values.get("business_line"), "customer_id": values.get("customer_id"),
        **{name: values.get(name) for name in ("direction", "duration_seconds", "outcome", "effective")},
    }


def _matches(item: Mapping[str, Any], criteria: ActivityFilter) -> bool:
    if criteria.status is not None and item["status"] != criteria.status:
        return False
    return all(item[name] == wanted for name, wanted in criteria.fields.items())
