"""Response schemas of the pipeline routes."""
from datetime import date, datetime
from typing import Any, Literal

from chassis.http.responses import NotRequired, ProblemBody, Title, TypedDict
from contracts.crm import ActivityKind, DealKind, ForecastCategory
from contracts.kinds import Line, Money
from services.pipeline.definitions.fields import FieldType

StageType = Literal["open", "won", "lost"]


class RefusalReason(TypedDict):
    """`code` is stable, `path` a JSON pointer to what is missing or invalid, `message` in the request's language."""

    code: str
    path: str
    message: str
    params: dict[str, Any]


class NamedOption(TypedDict):
    name: str
    title: Title


class Breach(TypedDict):
    """A stage in which the deal stayed longer than its SLA allows."""

    stage: str
    due_at: datetime
    level: str


class Deal(TypedDict):
    """A deal. `due_at`: first deadline of its present stage, missed or to come; `blueprint`: its name@version."""

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


# --- transitions -----------------------------------------------------------------------------------------------------


class DealField(TypedDict):
    name: str
    type: FieldType
    label: Title
    required: bool
    options: list[NamedOption]


class RequiredField(DealField):
    """A field that a transition requires, with its present value."""

    value: Any


class RequiredActivities(TypedDict):
    """Activities of a kind that must be logged on the deal in its present stage, and how many are."""

    kind: ActivityKind
    count: int
    done: int


class AvailableTransition(TypedDict):
    """A transition of the present stage: whether it is allowed now, and its requirements."""

    name: str
    title: Title
    to: str
    to_title: Title
    owners: list[str]
    allowed: bool
    reasons: list[RefusalReason]
    fields: list[RequiredField]
    checklist: list[NamedOption]
    actions: list[RequiredActivities]


class AvailableTransitions(TypedDict):
    opportunity_id: str
    stage: str
    blueprint: str
    items: list[AvailableTransition]
    next: None


class BulkTransitionResult(TypedDict):
    """Result of one of many requests: `rev` and `stage`, or `problem`."""

    index: int
    id: str
    status: int
    rev: NotRequired[int]
    stage: NotRequired[str]
    problem: NotRequired[ProblemBody]


# --- reports ---------------------------------------------------------------------------------------------------------


class BoardColumn(TypedDict):
    """A stage of an older blueprint has no title, type or order."""

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


FunnelMode = Literal["cohort", "throughput"]
Funnel = TypedDict("Funnel", {
    "pipeline": str, "mode": FunnelMode, "from": date | None, "to": date | None, "stages": list[FunnelStage]})


class PossibleTransition(TypedDict):
    name: str
    to: str
    allowed: bool
    reasons: list[RefusalReason]


class WorklistDeal(Deal):
    """A deal of the worklist with the transitions of its stage."""

    transitions: list[PossibleTransition]


class RepWorklist(TypedDict):
    rep_id: str
    overdue: list[WorklistDeal]
    due_today: list[WorklistDeal]
    next: list[WorklistDeal]


# --- business lines and blueprints -----------------------------------------------------------------------------------


class BusinessLine(TypedDict):
    name: str
    version: int
    title: Title
    opens_on_qualified: bool
    pipelines: list[str]


class LayoutField(DealField):
    """`standard`: every business line has this field."""

    standard: bool


class BusinessLineLayout(TypedDict):
    business_line: str
    version: int
    fields: list[LayoutField]


class BlueprintSummary(TypedDict):
    """`when`: the criterion of the deals that it accepts; null: all that no earlier blueprint accepts."""

    name: str
    version: int
    business_line: str
    title: Title
    when: str | None


class StageSla(TypedDict):
    after_seconds: int
    level: str


class BlueprintStage(TypedDict):
    name: str
    title: Title
    type: StageType
    order: int
    forecast_category: ForecastCategory
    probability: float | None
    sla: list[StageSla]


class FieldRequirement(TypedDict):
    field: str
    check: str | None
    message: str | None


class ActivityRequirement(TypedDict):
    kind: ActivityKind
    count: int


BlueprintTransition = TypedDict("BlueprintTransition", {
    "name": str, "title": Title, "from": list[str], "to": str, "reopen": bool, "owners": list[str],
    "criteria": str | None, "requires": list[FieldRequirement], "actions": list[ActivityRequirement],
    "checklist": list[NamedOption]})


class BlueprintDetails(BlueprintSummary):
    initial: str
    stages: list[BlueprintStage]
    transitions: list[BlueprintTransition]
    loss_reasons: list[NamedOption]
