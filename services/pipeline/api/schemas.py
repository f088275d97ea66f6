"""What the routes of this service answer."""
from datetime import date, datetime
from typing import Any, Literal

from chassis.http.responses import NotRequired, Problem, Title, TypedDict
from contracts.crm import ActivityKind, DealKind, ForecastCategory
from contracts.kinds import Line, Money
from services.pipeline.definitions.schema import FieldType

StageType = Literal["open", "won", "lost"]


class Reason(TypedDict):
    """Why not: a stable code, a JSON pointer to what is missing or wrong, words in the language of the request."""

    code: str
    path: str
    message: str
    params: dict[str, Any]


class Named(TypedDict):
    name: str
    title: Title


class Breach(TypedDict):
    """A stage that was held longer than it may be."""

    stage: str
    due_at: datetime
    level: str


class Deal(TypedDict):
    """A deal as it stands. `due_at`: the next deadline of its stage; `blueprint`: name@version that decides on it."""

    opportunity_id: str
    status: StageType
    stage: str
    pipeline: str
    business_line: str
    blueprint: str
    opened_at: datetime | None
    forecast_category: ForecastCategory
    deal_kind: DealKind
    customer_id: str | None
    lead_id: str | None
    campaign_id: str | None
    rep_id: str | None
    region: str | None
    team: str | None
    product_id: str | None
    lines: list[Line] | None
    dimensions: dict[str, str] | None
    amount: Money | None
    expected_close_on: date | None
    fields: dict[str, Any]
    stage_entered_at: datetime | None
    closed_at: datetime | None
    stage_before: str | None
    loss_reason: str | None
    due_at: datetime | None
    breaches: list[Breach]
    rev: int
    updated_at: datetime | None


# --- moving ----------------------------------------------------------------------------------------------------------


class DealField(TypedDict):
    name: str
    type: FieldType
    label: Title
    required: bool
    options: list[Named]


class AskedField(DealField):
    """A field that a transition asks for, with what it holds now."""

    value: Any


class AskedActions(TypedDict):
    """So many activities of a kind must have been logged on the deal."""

    kind: ActivityKind
    count: int
    done: int


class Transition(TypedDict):
    """A transition of the present stage: whether it is allowed as things stand, and what it asks for."""

    name: str
    title: Title
    to: str
    to_title: Title
    owners: list[str]
    allowed: bool
    reasons: list[Reason]
    fields: list[AskedField]
    checklist: list[Named]
    actions: list[AskedActions]


class Transitions(TypedDict):
    opportunity_id: str
    stage: str
    blueprint: str
    items: list[Transition]
    next: None


class MoveVerdict(TypedDict):
    """What came of one of many: `rev` and `stage`, or why not."""

    index: int
    id: str
    status: int
    rev: NotRequired[int]
    stage: NotRequired[str]
    problem: NotRequired[Problem]


# --- figures ---------------------------------------------------------------------------------------------------------


class BoardColumn(TypedDict):
    """A stage of an older blueprint has no title, type and order."""

    pipeline: str
    stage: str
    title: NotRequired[Title]
    type: NotRequired[StageType]
    order: NotRequired[int]
    count: int
    sums: list[Money]


class DealBoard(TypedDict):
    columns: list[BoardColumn]


class FunnelStage(TypedDict):
    stage: str
    title: Title
    reached: int
    converted: int
    conversion: float | None
    median_days: float | None
    lost: int
    loss_reasons: dict[str, int]


Mode = Literal["cohort", "throughput"]
Funnel = TypedDict("Funnel", {
    "pipeline": str, "mode": Mode, "from": date | None, "to": date | None, "stages": list[FunnelStage]})


class NextStep(TypedDict):
    name: str
    to: str
    allowed: bool
    reasons: list[Reason]


class Task(Deal):
    """A deal that waits for a person, and what can be done next."""

    transitions: list[NextStep]


class DealsWaiting(TypedDict):
    rep_id: str
    overdue: list[Task]
    due_today: list[Task]
    next: list[Task]


# --- what the business lines are -------------------------------------------------------------------------------------


class BusinessLine(TypedDict):
    name: str
    version: int
    title: Title
    opens_on_qualified: bool
    pipelines: list[str]


class LayoutField(DealField):
    """`standard`: every line has it."""

    standard: bool


class Layout(TypedDict):
    business_line: str
    version: int
    fields: list[LayoutField]


class BlueprintSummary(TypedDict):
    """`when`: the deals that it takes, as a criterion; null: all that are left."""

    name: str
    version: int
    business_line: str
    title: Title
    when: str | None


class Sla(TypedDict):
    after_seconds: int
    level: str


class BlueprintStage(TypedDict):
    name: str
    title: Title
    type: StageType
    order: int
    forecast_category: ForecastCategory
    probability: float | None
    sla: list[Sla]


class Requirement(TypedDict):
    field: str
    check: str | None
    message: str | None


class RequiredActions(TypedDict):
    kind: ActivityKind
    count: int


BlueprintTransition = TypedDict("BlueprintTransition", {
    "name": str, "title": Title, "from": list[str], "to": str, "reopen": bool, "owners": list[str],
    "criteria": str | None, "requires": list[Requirement], "actions": list[RequiredActions], "checklist": list[Named]})


class Blueprint(BlueprintSummary):
    initial: str
    stages: list[BlueprintStage]
    transitions: list[BlueprintTransition]
    loss_reasons: list[Named]
