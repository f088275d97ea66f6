"""Activities as they stand: planned, done, voided. Of the facts that are counted, so a list and its figure agree."""
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from chassis.ports import Between
from chassis.projections.cells import FactPage
from services.kpi.queries.answers import Desk
from services.kpi.queries.figures import Reader

KIND = "activity"
LOOKS = 10  # pages looked through before what was found is handed out
LOOKED = 500
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Asked:
    """`subject`: kind and id; `named`: what the activity must say; days from `low` to before `high`."""

    subject: tuple[str, str] | None
    named: Mapping[str, str]
    status: str | None = None
    low: date | None = None
    high: date | None = None


async def activities(
    desk: Desk, asked: Asked, after: str | None, limit: int,
) -> tuple[list[dict[str, Any]], str | None]:
    """Those of a subject by id, all others the latest first; and where to go on. Only what the request may see."""
    reader = await desk.reader()
    found: list[dict[str, Any]] = []
    for _ in range(LOOKS):
        size = min(LOOKED, max(limit - len(found), 1))
        page = await _page(desk, asked, after, size)
        shown = (shown_as(fact.id, fact.image, desk, reader) for fact in page.items)
        found += [item for item in shown if item is not None and _meets(item, asked)]
        after = page.next
        if after is None or len(found) >= limit:
            break
    return found, after


async def _page(desk: Desk, asked: Asked, after: str | None, limit: int) -> FactPage:
    if asked.subject is not None:
        return await desk.cells.facts_below(KIND, f"{asked.subject[0]}:{asked.subject[1]}|", after=after, limit=limit)
    low, high = (None if d is None else d.isoformat() for d in (asked.low, asked.high))
    days = {} if low is None and high is None else {"opened": Between(low, high)}
    return await desk.cells.facts(KIND, days, order="opened", descending=True, after=after, limit=limit)


def shown_as(id: str, image: Any, desk: Desk, reader: Reader) -> dict[str, Any] | None:
    """None: it lies outside of what the request may see."""
    slot = "logged" if "logged" in image else "planned"
    if slot not in image:
        return None  # a void alone, heard first
    by, _, values = image[slot]
    at = EPOCH + timedelta(microseconds=by[1])
    day = at.astimezone(desk.catalogue.zone).date()
    if not reader.sees(values, day):
        return None
    label = reader.organisation.label
    due = image["planned"][2]["due"] if "planned" in image else None
    subject, _, activity_id = id.rpartition("|")
    kind, _, of = subject.partition(":")
    return {
        "activity_id": activity_id, "kind": values["kind"], "subject": {"kind": kind, "id": of},
        "status": "voided" if "voided" in image else "done" if slot == "logged" else "planned",
        "done_at": at if slot == "logged" else None,
        "due_at": None if due is None else EPOCH + timedelta(microseconds=due), "rep_id": values.get("rep"),
        "team": label("team", values, day), "region": label("region", values, day),
        "business_line": values.get("business_line"), "customer_id": values.get("customer_id"),
        **{name: values.get(name) for name in ("direction", "duration_seconds", "outcome", "effective")},
    }


def _meets(item: Mapping[str, Any], asked: Asked) -> bool:
    if asked.status is not None and item["status"] != asked.status:
        return False
    return all(item[name] == wanted for name, wanted in asked.named.items())
