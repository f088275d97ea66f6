"""What enterprise systems say to us: on topics, or through `POST /v1/events`.

Corrections (`...revised`) merge by RFC 7396: `given` names the fields that were sent, and a null among them removes.
`given` is never on the wire; the codec fills it in.
"""
from collections.abc import Mapping
from typing import Any, Literal

from contracts.kinds import (
    Attributes,
    Contact,
    Contract,
    Currency,
    Day,
    DecimalText,
    Dimensions,
    Id,
    Instant,
    Line,
    Money,
    PersonalText,
    Subject,
    Whole,
    event,
    subject_key,
)
from contracts.topics import ENTERPRISE, declare_topic

for _topic, _key in (
    ("crm.leads.v1", "lead_id"),
    ("crm.activities.v1", "subject kind:id"),
    ("crm.engagements.v1", "subject kind:id"),
    ("crm.campaigns.v1", "campaign_id"),
    ("crm.customers.v1", "customer_id"),
    ("crm.products.v1", "product_id"),
    ("crm.orders.v1", "customer_id"),
    ("crm.invoices.v1", "customer_id"),
    ("crm.payments.v1", "customer_id"),
    ("crm.cases.v1", "customer_id"),
    ("crm.organisation.v1", "employee_id"),
    ("crm.market.v1", "market"),
    ("crm.rates.v1", "base:quote"),
    ("crm.surveys.responses.v1", "respondent_id"),
    ("crm.opportunities.commands.v1", "opportunity_id"),
    ("crm.actions.results.v1", "opportunity_id"),
):
    declare_topic(_topic, ENTERPRISE, _key)

# --- leads -----------------------------------------------------------------------------------------------------------


@event("crm.lead.captured.v1", "crm.leads.v1", "lead_id")
class LeadCaptured(Dimensions):
    lead_id: Id
    business_line: Id
    source: str | None = None
    contact: Contact | None = None
    attributes: Attributes | None = None


@event("crm.lead.revised.v1", "crm.leads.v1", "lead_id", patch=True)
class LeadRevised(Dimensions):
    lead_id: Id
    source: str | None = None
    contact: Contact | None = None
    attributes: Attributes | None = None
    given: tuple[str, ...] = ()


@event("crm.lead.converted.v1", "crm.leads.v1", "lead_id")
class LeadConverted(Dimensions):
    lead_id: Id
    customer_id: Id
    opportunity_id: Id | None = None


@event("crm.lead.lost.v1", "crm.leads.v1", "lead_id")
class LeadLost(Dimensions):
    lead_id: Id
    reason: str


@event("crm.lead.merged.v1", "crm.leads.v1", "lead_id")
class LeadMerged(Contract):
    lead_id: Id
    into_lead_id: Id


@event("crm.lead.erased.v1", "crm.leads.v1", "lead_id")
class LeadErased(Contract):
    lead_id: Id


# --- activities and signals ------------------------------------------------------------------------------------------

ActivityKind = Literal["call", "email", "visit", "meeting", "demo", "follow_up", "quote", "task", "other"]


@event("crm.activity.planned.v1", "crm.activities.v1", subject_key, key_text="subject kind:id", plan=True)
class ActivityPlanned(Dimensions):
    activity_id: Id
    kind: ActivityKind
    subject: Subject
    rep_id: Id
    due_at: Instant
    lead_id: Id | None = None
    opportunity_id: Id | None = None


@event("crm.activity.logged.v1", "crm.activities.v1", subject_key, key_text="subject kind:id")
class ActivityLogged(Dimensions):
    activity_id: Id
    kind: ActivityKind
    subject: Subject
    lead_id: Id | None = None
    opportunity_id: Id | None = None
    contact_id: Id | None = None
    direction: Literal["inbound", "outbound"] | None = None
    duration_seconds: Whole | None = None
    outcome: str | None = None
    effective: bool | None = None
    properties: Attributes | None = None


@event("crm.activity.voided.v1", "crm.activities.v1", subject_key, key_text="subject kind:id")
class ActivityVoided(Contract):
    """`lead_id`: as the activity named it, when it was about something else than the lead."""

    activity_id: Id
    subject: Subject
    lead_id: Id | None = None
    reason: str | None = None


@event("crm.engagement.recorded.v1", "crm.engagements.v1", subject_key, key_text="subject kind:id")
class EngagementRecorded(Dimensions):
    """A signal of high volume; repeats are recognised within 24 h, not for ever."""

    engagement_id: Id
    kind: Literal["web_visit", "form", "download", "open", "click", "event_attended", "other"]
    subject: Subject
    properties: Attributes | None = None


# --- campaigns -------------------------------------------------------------------------------------------------------


@event("crm.campaign.launched.v1", "crm.campaigns.v1", "campaign_id")
class CampaignLaunched(Dimensions):
    campaign_id: Id
    name: str
    channel: str
    segment: str | None = None
    budget: Money | None = None


@event("crm.campaign.spent.v1", "crm.campaigns.v1", "campaign_id")
class CampaignSpent(Dimensions):
    campaign_id: Id
    spend_id: Id
    amount: Money


@event("crm.campaign.responded.v1", "crm.campaigns.v1", "campaign_id")
class CampaignResponded(Dimensions):
    campaign_id: Id
    response_id: Id
    response: Literal["sent", "delivered", "opened", "clicked", "replied", "bounced", "unsubscribed"]
    lead_id: Id | None = None


@event("crm.campaign.ended.v1", "crm.campaigns.v1", "campaign_id")
class CampaignEnded(Contract):
    campaign_id: Id


# --- customers, products ---------------------------------------------------------------------------------------------


@event("crm.customer.registered.v1", "crm.customers.v1", "customer_id")
class CustomerRegistered(Dimensions):
    customer_id: Id
    name: str | None = None
    contacts: tuple[Contact, ...] | None = None
    attributes: Attributes | None = None


@event("crm.customer.revised.v1", "crm.customers.v1", "customer_id", patch=True)
class CustomerRevised(Dimensions):
    customer_id: Id
    name: str | None = None
    contacts: tuple[Contact, ...] | None = None
    attributes: Attributes | None = None
    given: tuple[str, ...] = ()


@event("crm.customer.merged.v1", "crm.customers.v1", "customer_id")
class CustomerMerged(Contract):
    customer_id: Id
    into_customer_id: Id


@event("crm.customer.erased.v1", "crm.customers.v1", "customer_id")
class CustomerErased(Contract):
    customer_id: Id


@event("crm.consent.changed.v1", "crm.customers.v1", "customer_id")
class ConsentChanged(Contract):
    customer_id: Id
    channel: str
    purpose: str
    granted: bool
    contact_id: Id | None = None


@event("crm.product.released.v1", "crm.products.v1", "product_id")
class ProductReleased(Contract):
    product_id: Id
    name: str
    category: str | None = None
    series: str | None = None
    list_price: Money | None = None


# --- orders, invoices, payments --------------------------------------------------------------------------------------


@event("crm.order.placed.v1", "crm.orders.v1", "customer_id")
class OrderPlaced(Dimensions):
    """Net of tax, `tax` beside it. Lines, when there are any, add up to the amount."""

    order_id: Id
    customer_id: Id
    amount: Money
    tax: Money | None = None
    opportunity_id: Id | None = None
    lines: tuple[Line, ...] | None = None


@event("crm.order.revised.v1", "crm.orders.v1", "customer_id", patch=True)
class OrderRevised(Dimensions):
    order_id: Id
    customer_id: Id
    amount: Money | None = None
    tax: Money | None = None
    opportunity_id: Id | None = None
    lines: tuple[Line, ...] | None = None
    given: tuple[str, ...] = ()


@event("crm.order.cancelled.v1", "crm.orders.v1", "customer_id")
class OrderCancelled(Dimensions):
    order_id: Id
    customer_id: Id
    reason: str | None = None


@event("crm.order.refunded.v1", "crm.orders.v1", "customer_id")
class OrderRefunded(Dimensions):
    refund_id: Id
    order_id: Id
    customer_id: Id
    amount: Money
    lines: tuple[Line, ...] | None = None


@event("crm.invoice.issued.v1", "crm.invoices.v1", "customer_id")
class InvoiceIssued(Dimensions):
    invoice_id: Id
    customer_id: Id
    amount: Money
    tax: Money | None = None
    order_id: Id | None = None
    opportunity_id: Id | None = None
    due_on: Day | None = None


@event("crm.invoice.cancelled.v1", "crm.invoices.v1", "customer_id")
class InvoiceCancelled(Dimensions):
    invoice_id: Id
    customer_id: Id


@event("crm.payment.received.v1", "crm.payments.v1", "customer_id")
class PaymentReceived(Dimensions):
    payment_id: Id
    customer_id: Id
    amount: Money
    opportunity_id: Id | None = None
    order_id: Id | None = None
    invoice_id: Id | None = None


@event("crm.payment.reversed.v1", "crm.payments.v1", "customer_id")
class PaymentReversed(Dimensions):
    payment_id: Id
    customer_id: Id
    reversal_id: Id
    amount: Money
    reason: str | None = None


@event("crm.case.closed.v1", "crm.cases.v1", "customer_id")
class CaseClosed(Dimensions):
    case_id: Id
    customer_id: Id
    contact_id: Id | None = None


# --- the organisation, the market, rates -----------------------------------------------------------------------------


@event("crm.employee.assigned.v1", "crm.organisation.v1", "employee_id", plan=True)
class EmployeeAssigned(Contract):
    """Who works where, from `effective_on` (the event's own day without it). `employee_id` is the rep_id elsewhere."""

    employee_id: Id
    name: PersonalText
    department: str | None = None
    team: str | None = None
    region: str | None = None
    manager_id: Id | None = None
    login: PersonalText | None = None
    roles: tuple[str, ...] | None = None
    capacity_open_deals: Whole | None = None
    effective_on: Day | None = None


@event("crm.employee.left.v1", "crm.organisation.v1", "employee_id", plan=True)
class EmployeeLeft(Contract):
    employee_id: Id
    effective_on: Day | None = None


@event("crm.employee.erased.v1", "crm.organisation.v1", "employee_id")
class EmployeeErased(Contract):
    employee_id: Id


@event("crm.market.sized.v1", "crm.market.v1", "market")
class MarketSized(Dimensions):
    market: Id
    period: str
    amount: Money
    units: Whole | None = None


def _pair(rate: Any) -> str:
    return f"{rate.base}:{rate.quote}"


@event("crm.rate.published.v1", "crm.rates.v1", _pair, key_text="base:quote", plan=True)
class RatePublished(Contract):
    base: Currency
    quote: Currency
    rate: DecimalText
    valid_on: Day


# --- survey answers --------------------------------------------------------------------------------------------------

Answer = str | int | float | bool | tuple[str, ...] | None


@event("crm.survey.responded.v1", "crm.surveys.responses.v1", "respondent_id")
class SurveyResponded(Dimensions):
    response_id: Id
    survey: Id
    respondent_kind: Literal["customer", "employee"]
    respondent_id: Id
    answers: Mapping[str, Answer]
    complete: bool
    contact_id: Id | None = None
    invitation_id: Id | None = None
    opportunity_id: Id | None = None
    channel: str | None = None


@event("crm.survey.delivery_reported.v1", "crm.surveys.responses.v1", "respondent_id")
class SurveyDeliveryReported(Contract):
    invitation_id: Id
    respondent_id: Id
    status: Literal["delivered", "bounced", "opened"]


# --- commands to the pipeline, and results of its actions ------------------------------------------------------------

DealKind = Literal["new", "upsell", "cross_sell", "renewal"]
ForecastCategory = Literal["pipeline", "best_case", "commit", "closed", "omitted"]
Fields = Mapping[str, Any]


@event("crm.opportunity.opening_requested.v1", "crm.opportunities.commands.v1", "opportunity_id")
class OpportunityOpeningRequested(Dimensions):
    """`undated` says that the day of opening is not known: the deal stands in no opening bucket."""

    opportunity_id: Id
    pipeline: Id | None = None
    lead_id: Id | None = None
    amount: Money | None = None
    expected_close_on: Day | None = None
    stage: Id | None = None
    forecast_category: ForecastCategory | None = None
    deal_kind: DealKind | None = None
    lines: tuple[Line, ...] | None = None
    fields: Fields | None = None
    undated: bool = False
    actor_id: Id | None = None


@event("crm.opportunity.revision_requested.v1", "crm.opportunities.commands.v1", "opportunity_id", patch=True)
class OpportunityRevisionRequested(Dimensions):
    opportunity_id: Id
    lead_id: Id | None = None
    amount: Money | None = None
    expected_close_on: Day | None = None
    forecast_category: ForecastCategory | None = None
    deal_kind: DealKind | None = None
    lines: tuple[Line, ...] | None = None
    fields: Fields | None = None
    actor_id: Id | None = None
    given: tuple[str, ...] = ()


@event("crm.opportunity.transition_requested.v1", "crm.opportunities.commands.v1", "opportunity_id")
class OpportunityTransitionRequested(Contract):
    opportunity_id: Id
    transition: Id
    fields: Fields | None = None
    checklist: tuple[str, ...] | None = None
    note: str | None = None
    actor_id: Id | None = None


@event("crm.opportunity.stage_reported.v1", "crm.opportunities.commands.v1", "opportunity_id")
class OpportunityStageReported(Dimensions):
    """What a system of record already did: applied, never refused; flagged when it leaves the blueprint."""

    opportunity_id: Id
    stage: Id
    amount: Money | None = None
    loss_reason: str | None = None
    fields: Fields | None = None
    actor_id: Id | None = None


@event("crm.action.completed.v1", "crm.actions.results.v1", "opportunity_id")
class ActionCompleted(Contract):
    action_id: Id
    opportunity_id: Id
    result: Fields | None = None
    reason: str | None = None


@event("crm.action.failed.v1", "crm.actions.results.v1", "opportunity_id")
class ActionFailed(Contract):
    action_id: Id
    opportunity_id: Id
    result: Fields | None = None
    reason: str | None = None
