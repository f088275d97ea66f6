"""Response schemas of the routes that compose several services."""
from typing import Annotated, Any, Literal

from chassis.http.responses import NotRequired, TypedDict, schema_reference
from services.gateway.schemas.sign_in import Rep

Deal = Annotated[dict[str, Any], schema_reference("Deal")]
Transition = Annotated[dict[str, Any], schema_reference("AvailableTransition")]
HistoryRow = Annotated[dict[str, Any], schema_reference("HistoryRow")]
Lead = Annotated[dict[str, Any], schema_reference("Lead")]
LeadScore = Annotated[dict[str, Any], schema_reference("LeadScore")]
Customer = Annotated[dict[str, Any], schema_reference("Customer")]
Task = Annotated[dict[str, Any], schema_reference("WorklistDeal")]
Issue = Annotated[dict[str, Any], schema_reference("Issue")]
Money = Annotated[dict[str, Any], schema_reference("Money")]


class DealOverview(TypedDict):
    """Null: the caller may not read it, or it is unknown."""

    opportunity: Deal
    transitions: list[Transition] | None
    history: list[HistoryRow] | None
    lead: Lead | None
    score: LeadScore | None
    customer: Customer | None
    rep: Rep | None


class Worklist(TypedDict):
    """Open deals by urgency, open leads, open issues."""

    rep_id: str
    overdue: list[Task]
    due_today: list[Task]
    next: list[Task]
    leads: list[Lead]
    issues: list[Issue]


class SearchHit(TypedDict):
    """`id`, and those of the other members that records of this kind have."""

    kind: Literal["opportunity", "lead", "customer", "rep"]
    id: str
    name: NotRequired[str | None]
    status: NotRequired[str]
    stage: NotRequired[str]
    score: NotRequired[int]
    grade: NotRequired[str]
    customer_id: NotRequired[str]
    rep_id: NotRequired[str]
    business_line: NotRequired[str]
    amount: NotRequired[Money]


class SearchResults(TypedDict):
    q: str
    items: list[SearchHit]
    next: None
