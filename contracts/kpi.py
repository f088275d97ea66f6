"""What kpi says. Topic crm.kpis.v1, key measure."""
from collections.abc import Mapping

from contracts.kinds import Contract, DecimalText, Id, event
from contracts.topics import declare_topic

TOPIC = declare_topic("crm.kpis.v1", "kpi", "measure")


@event("crm.target.set.v1", TOPIC, "measure")
class TargetSet(Contract):
    """`value` in the measure's unit (minor units for money) as a decimal string; `before` the one it replaces."""

    measure: Id
    period: str
    scope: Mapping[str, str]
    value: DecimalText
    currency: str | None = None
    before: DecimalText | None = None
    actor_id: str | None = None


@event("crm.target.at_risk.v1", TOPIC, "measure", reserved=True)
class TargetAtRisk(Contract):
    measure: Id
    period: str
    scope: Mapping[str, str]
    probability: float


@event("crm.target.missed.v1", TOPIC, "measure", reserved=True)
class TargetMissed(Contract):
    measure: Id
    period: str
    scope: Mapping[str, str]
    probability: float


@event("crm.anomaly.detected.v1", TOPIC, "measure", reserved=True)
class AnomalyDetected(Contract):
    id: Id
    measure: Id
    dimensions: Mapping[str, str]
    period: str
    value: DecimalText
    expected: DecimalText
    low: DecimalText
    high: DecimalText


@event("crm.anomaly.resolved.v1", TOPIC, "measure", reserved=True)
class AnomalyResolved(Contract):
    id: Id
    measure: Id
    dimensions: Mapping[str, str]
    period: str
    value: DecimalText
    expected: DecimalText
    low: DecimalText
    high: DecimalText
