"""Index of opportunities: the fields by which lists, boards and worklists find deals."""
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from functools import lru_cache

from chassis.domain.indexing import instant_text
from chassis.ports import Scalar
from services.pipeline.state.model import OpportunityState, due_at

INDEX: Mapping[str, type] = {
    "business_line": str, "pipeline": str, "stage": str, "status": str, "rep_id": str, "team": str, "region": str,
    "customer_id": str, "lead_id": str, "amount_minor": int, "currency": str, "expected_close_on": str,
    "opened_on": str, "closed_on": str, "stage_entered_at": str, "due_at": str, "updated": str,
}
INDEXES: tuple[tuple[str, ...], ...] = (
    ("status", "updated"), ("business_line", "status", "stage"), ("pipeline", "status", "stage"),
    ("rep_id", "status"), ("customer_id",), ("lead_id",), ("status", "amount_minor"),
)


def index(state: OpportunityState, zone: tzinfo) -> Mapping[str, Scalar]:
    """Days are local days in the company's time zone. A document without a deal has no status, so no list finds it."""
    deal = state.deal
    if deal is None:
        return {}
    return {
        "business_line": deal.business_line, "pipeline": deal.pipeline, "stage": deal.stage, "status": state.status,
        "rep_id": deal.rep_id, "team": deal.team, "region": deal.region, "customer_id": deal.customer_id,
        "lead_id": deal.lead_id, "amount_minor": deal.amount.amount_minor if deal.amount else None,
        "currency": deal.amount.currency if deal.amount else None,
        "expected_close_on": deal.expected_close_on.isoformat() if deal.expected_close_on else None,
        "opened_on": local_day(deal.opened_at, zone), "closed_on": local_day(state.closed_at, zone),
        "stage_entered_at": instant_text(state.entered_at), "due_at": instant_text(due_at(state)),
        "updated": instant_text(state.changed_at),
    }


def local_day(at: datetime | None, zone: tzinfo) -> str | None:
    if at is None:
        return None
    if at.tzinfo is not UTC or at.year < 1973:
        return at.astimezone(zone).date().isoformat()
    return _day_of_quarter(at.toordinal(), at.hour, at.minute // 15, zone)


@lru_cache(maxsize=100_000)
def _day_of_quarter(day: int, hour: int, quarter: int, zone: tzinfo) -> str:
    """Cached by quarter of an hour: since 1972 every zone's days begin at one, and a conversion is slow."""
    at = datetime.fromordinal(day).replace(hour=hour, minute=quarter * 15, tzinfo=UTC)
    return at.astimezone(zone).date().isoformat()
