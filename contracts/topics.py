"""Every topic: who owns it, what its key is, how many partitions, how long it keeps what it holds.

The number of partitions is frozen: the same key space is co-partitioned over all topics and served by one worker.
"""
from dataclasses import dataclass

PARTITIONS = 8

ENTERPRISE = "enterprise"


@dataclass(frozen=True, slots=True)
class Topic:
    name: str
    owner: str
    key: str
    retention_days: int | None = None  # None: for ever; a bound is opt-in and ends rebuilding before that date
    partitions: int = PARTITIONS


TOPICS: dict[str, Topic] = {t.name: t for t in (
    Topic("crm.leads.v1", ENTERPRISE, "lead_id"),
    Topic("crm.activities.v1", ENTERPRISE, "subject kind:id"),
    Topic("crm.engagements.v1", ENTERPRISE, "subject kind:id"),
    Topic("crm.campaigns.v1", ENTERPRISE, "campaign_id"),
    Topic("crm.customers.v1", ENTERPRISE, "customer_id"),
    Topic("crm.products.v1", ENTERPRISE, "product_id"),
    Topic("crm.orders.v1", ENTERPRISE, "customer_id"),
    Topic("crm.invoices.v1", ENTERPRISE, "customer_id"),
    Topic("crm.payments.v1", ENTERPRISE, "customer_id"),
    Topic("crm.cases.v1", ENTERPRISE, "customer_id"),
    Topic("crm.organisation.v1", ENTERPRISE, "employee_id"),
    Topic("crm.market.v1", ENTERPRISE, "market"),
    Topic("crm.rates.v1", ENTERPRISE, "base:quote"),
    Topic("crm.surveys.responses.v1", ENTERPRISE, "respondent_id"),
    Topic("crm.opportunities.commands.v1", ENTERPRISE, "opportunity_id"),
    Topic("crm.actions.results.v1", ENTERPRISE, "opportunity_id"),
    Topic("crm.scores.v1", "lead_scoring", "lead_id"),
    Topic("crm.opportunities.v1", "pipeline", "opportunity_id"),
    Topic("crm.segments.v1", "segmentation", "customer_id"),
    Topic("crm.surveys.v1", "surveys", "respondent_id"),
    Topic("crm.kpis.v1", "kpi", "measure"),
    Topic("crm.segmentation.internal.v1", "segmentation", "customer_id"),
)}


def dead_letter_topic(topic: str, service: str) -> str:
    """Where what `service` could not take from `topic` lies: same partition, key, value and headers as it came."""
    return f"{topic}.{service}.dlq"
