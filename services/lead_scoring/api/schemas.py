"""Response schemas of the lead scoring routes."""
from datetime import datetime
from typing import Any, Literal

from chassis.http.responses import NotRequired, TypedDict
from contracts.kinds import Contact
from contracts.lead_scoring import Contribution


class Lead(TypedDict):
    """A lead. `model`: name@version of its scorecard; without one there is no score."""

    lead_id: str
    status: Literal["open", "qualified", "converted", "lost", "merged"]
    captured_at: datetime | None
    business_line: str | None
    region: str | None
    team: str | None
    rep_id: str | None
    product_id: str | None
    campaign_id: str | None
    source: str | None
    contact: Contact
    attributes: dict[str, Any]
    dimensions: dict[str, str]
    score: int | None
    grade: str | None
    fit: int | None
    engagement: int | None
    model: str | None
    closed_at: datetime | None
    customer_id: str | None
    opportunity_id: str | None
    merged_into: str | None
    loss_reason: str | None


class PastScore(TypedDict):
    at: datetime
    score: int
    grade: str
    model: str


class LeadScore(TypedDict):
    """`contributions` add up to `score`; without a scorecard that is null, with the reason, and the rest is absent."""

    lead_id: str
    score: int | None
    reason: NotRequired[Literal["no_scorecard"]]
    qualified: NotRequired[bool]
    grade: NotRequired[str]
    fit: NotRequired[int]
    engagement: NotRequired[int]
    model: NotRequired[str]
    contributions: NotRequired[list[Contribution]]
    history: list[PastScore]


class LeadAccepted(TypedDict):
    lead_id: str


class ActivityAccepted(TypedDict):
    activity_id: str
