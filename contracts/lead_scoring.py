"""What lead_scoring says. Topic crm.scores.v1, key lead_id."""

from contracts.kinds import Contract, Dimensions, Id, Instant, event
from contracts.topics import declare_topic

TOPIC = declare_topic("crm.scores.v1", "lead_scoring", "lead_id")


class Contribution(Contract):
    """One reason of a score: the rule, its points (negative ones too), and why in words a rep understands."""

    rule: str
    points: int
    why: str


class ScoreBefore(Contract):
    score: int
    grade: str


@event("crm.lead.scored.v1", TOPIC, "lead_id")
class LeadScored(Dimensions):
    """`model` is the scorecard that decided, `name@version`; `before` is absent at the first score."""

    lead_id: Id
    business_line: Id
    score: int
    grade: str
    fit: int
    engagement: int
    model: str
    contributions: tuple[Contribution, ...]
    probability: float | None = None
    before: ScoreBefore | None = None


@event("crm.lead.qualified.v1", TOPIC, "lead_id")
class LeadQualified(Dimensions):
    lead_id: Id
    business_line: Id
    captured_at: Instant | None
    score: int
    model: str
    source: str | None = None


@event("crm.lead.disqualified.v1", TOPIC, "lead_id")
class LeadDisqualified(Dimensions):
    lead_id: Id
    business_line: Id
    captured_at: Instant | None
    score: int
    model: str
    source: str | None = None
