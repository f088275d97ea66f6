"""What pipeline says. Topic crm.opportunities.v1, key opportunity_id. Every event carries the deal as it now stands."""
from collections.abc import Mapping
from typing import Any

from contracts.crm import DealKind, ForecastCategory
from contracts.kinds import Contract, Day, Id, Instant, Line, Money, event
from contracts.topics import declare_topic

TOPIC = declare_topic("crm.opportunities.v1", "pipeline", "opportunity_id")


class Opportunity(Contract):
    """The deal after the event: what any hearer needs to count it without asking."""

    pipeline: Id
    business_line: Id
    stage: Id
    opened_at: Instant | None  # null: the day of opening is not known
    forecast_category: ForecastCategory
    deal_kind: DealKind
    customer_id: Id | None = None
    lead_id: Id | None = None
    campaign_id: Id | None = None
    rep_id: Id | None = None
    region: str | None = None
    team: str | None = None
    product_id: Id | None = None
    lines: tuple[Line, ...] | None = None
    dimensions: Mapping[str, str] | None = None
    amount: Money | None = None
    expected_close_on: Day | None = None
    blueprint: str = ""  # name@version that decides on this deal


@event("crm.opportunity.opened.v1", TOPIC, "opportunity_id")
class OpportunityOpened(Contract):
    opportunity_id: Id
    opportunity: Opportunity
    actor_id: str | None = None


@event("crm.opportunity.revised.v1", TOPIC, "opportunity_id")
class OpportunityRevised(Contract):
    """`before` is the whole deal as it stood."""

    opportunity_id: Id
    opportunity: Opportunity
    before: Opportunity
    actor_id: str | None = None


@event("crm.stage.entered.v1", TOPIC, "opportunity_id")
class StageEntered(Contract):
    """`from_` is the stage left (null at the opening), `from_entered_at` when that one had been entered."""

    opportunity_id: Id
    opportunity: Opportunity
    from_: Id | None
    to: Id
    transition: Id | None
    actor_id: str | None
    from_entered_at: Instant | None
    outside_blueprint: bool = False


class Reason(Contract):
    """Why something was refused: a stable code, a JSON pointer to what is missing or wrong, words for people, and the
    values in them, for other languages."""

    code: str
    path: str
    message: str
    params: Mapping[str, Any] | None = None


@event("crm.transition.refused.v1", TOPIC, "opportunity_id")
class TransitionRefused(Contract):
    opportunity_id: Id
    opportunity: Opportunity | None  # null: there is no such deal
    command_id: str
    transition: str
    reasons: tuple[Reason, ...]
    actor_id: str | None = None


@event("crm.opportunity.won.v1", TOPIC, "opportunity_id")
class OpportunityWon(Contract):
    opportunity_id: Id
    opportunity: Opportunity
    closed_at: Instant
    stage_before: Id | None
    actor_id: str | None = None


@event("crm.opportunity.lost.v1", TOPIC, "opportunity_id")
class OpportunityLost(Contract):
    opportunity_id: Id
    opportunity: Opportunity
    closed_at: Instant
    stage_before: Id | None
    loss_reason: str
    actor_id: str | None = None


@event("crm.opportunity.reopened.v1", TOPIC, "opportunity_id")
class OpportunityReopened(Contract):
    """Carries what the closing had carried, so that a hearer can take it back."""

    opportunity_id: Id
    opportunity: Opportunity
    before: Opportunity
    won: bool
    closed_at: Instant
    stage_before: Id | None
    loss_reason: str | None = None
    actor_id: str | None = None


@event("crm.sla.breached.v1", TOPIC, "opportunity_id")
class SlaBreached(Contract):
    opportunity_id: Id
    opportunity: Opportunity
    stage: Id
    due_at: Instant
    level: str


@event("crm.sla.retracted.v1", TOPIC, "opportunity_id")
class SlaRetracted(Contract):
    opportunity_id: Id
    opportunity: Opportunity
    stage: Id
    due_at: Instant
    level: str


@event("crm.action.requested.v1", TOPIC, "opportunity_id", reserved=True)
class ActionRequested(Contract):
    opportunity_id: Id
    opportunity: Opportunity
    action_id: Id
    kind: str
    parameters: Mapping[str, Any]
