"""What segmentation says. Topic crm.segments.v1, key customer_id; notes to itself: crm.segmentation.internal.v1."""
from collections.abc import Mapping
from typing import Literal

from contracts.kinds import Contract, Day, Id, Minor, Whole, event
from contracts.topics import declare_topic

TOPIC = declare_topic("crm.segments.v1", "segmentation", "customer_id")
INTERNAL = declare_topic("crm.segmentation.internal.v1", "segmentation", "customer_id")


class Profile(Contract):
    """Scores from 1 to 5, 5 is best; the values they stand for beside them."""

    r: int
    f: int
    m: int
    recency_days: int
    frequency: int
    monetary_minor: Minor
    currency: str


@event("crm.segment.entered.v1", TOPIC, "customer_id")
class SegmentEntered(Contract):
    customer_id: Id
    segment: Id
    reason: str
    profile: Profile
    business_line: Id | None = None
    model: str = ""


@event("crm.segment.left.v1", TOPIC, "customer_id")
class SegmentLeft(Contract):
    customer_id: Id
    segment: Id
    reason: str
    profile: Profile
    business_line: Id | None = None
    model: str = ""


@event("crm.offer.proposed.v1", TOPIC, "customer_id", reserved=True)
class OfferProposed(Contract):
    customer_id: Id
    offer_id: Id
    segment: Id
    kind: str
    product_id: Id | None = None


@event("crm.segmentation.purchase_changed.v1", INTERNAL, "customer_id")
class PurchaseChanged(Contract):
    """One order or win as it now counts for its customer, and as it counted before; null: it does not count.

    `count` is 1 but for what a merged customer hands over: there it is the purchases of one day. `through` names the
    merged customers that have passed it on.
    """

    customer_id: Id
    purchase_id: str
    kind: Literal["order", "win"]
    currency: str
    day: Day | None
    amount_minor: Minor
    day_before: Day | None = None
    amount_minor_before: Minor = 0
    count: Whole = 1
    business_line: Id | None = None
    through: tuple[Id, ...] = ()


@event("crm.segmentation.rescoring_requested.v1", INTERNAL, "customer_id")
class RescoringRequested(Contract):
    """The cut-offs of a segmentation have moved: this customer is to be looked at again with those of `version`."""

    customer_id: Id
    segmentation: Id
    as_of: Day
    version: Whole
    cutoffs: Mapping[str, tuple[int, ...]]
