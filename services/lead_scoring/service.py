"""lead_scoring, put together."""
from collections.abc import Mapping
from datetime import UTC, datetime

from chassis.domain.decider import Aggregate
from chassis.domain.definitions import Definitions
from chassis.ports import Scalar
from chassis.service.description import Parts, Service
from contracts.lead_scoring import LeadDisqualified, LeadQualified, LeadScored
from services.lead_scoring.api import router
from services.lead_scoring.decider import lead_decider
from services.lead_scoring.definitions import KIND, compile_scorecards
from services.lead_scoring.handlers import HANDLERS
from services.lead_scoring.state import Lead, value


def build(definitions: Definitions) -> Parts:
    cards = compile_scorecards(definitions)
    lead = Aggregate(
        name="lead", decider=lead_decider(cards), state=Lead, index=index,
        fields={"business_line": str, "score": int, "grade": str, "status": str, "source": str, "rep_id": str,
                "campaign_id": str, "captured_at": str, "team": str, "region": str},
        indexes=(("business_line", "score"), ("rep_id", "score"), ("status", "score"), ("score",), ("captured_at",)),
        scoped=True,
    )
    return Parts(aggregates=(lead,), handlers=HANDLERS, extra=cards)


def index(lead: Lead) -> Mapping[str, Scalar]:
    return {
        "business_line": value(lead, "business_line"), "source": value(lead, "source"),
        "rep_id": value(lead, "rep_id"), "campaign_id": value(lead, "campaign_id"), "status": lead.status,
        "score": lead.scored.score if lead.scored else None, "grade": lead.scored.grade if lead.scored else None,
        "captured_at": _text(lead.captured_at), "team": value(lead, "team"), "region": value(lead, "region"),
    }


def _text(at: datetime | None) -> str | None:
    """UTC in one width, so that texts order as times do."""
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


SERVICE = Service(
    name="lead_scoring",
    purpose="Scores every lead by its business line's scorecard, keeps the reasons, and says who is qualified.",
    build=build,
    says=(LeadScored, LeadQualified, LeadDisqualified),
    hears=tuple(HANDLERS),
    definitions=(KIND,),
    api=router,
)
