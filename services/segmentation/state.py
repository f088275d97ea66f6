"""What is remembered of one purchase, one customer, one set of cut-offs: only what `decide` and the answers need."""
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from contracts.segmentation import Profile, PurchaseChanged, SegmentEntered, SegmentLeft

# --- a purchase: an order, or a deal that was won --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Purchase:
    """Values merge by event time, the last said wins: a revision may be heard before the purchase itself.

    `said`: {customer_id, amount, business_line: when and by which event it was last said}.
    """

    purchase_id: str
    kind: str = "order"
    customer_id: str = ""
    day: date | None = None
    placed_at: datetime | None = None
    cancelled_at: datetime | None = None
    amount_minor: int = 0
    currency: str = ""
    business_line: str | None = None
    refunds: Mapping[str, int] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)

    @property
    def counts(self) -> bool:
        """It happened, is somebody's, and was not taken back: an order for good, a deal until it is won again."""
        if self.placed_at is None or not self.customer_id or not self.currency:
            return False
        if self.cancelled_at is None:
            return True
        return self.kind == "win" and self.cancelled_at < self.placed_at

    @property
    def net_minor(self) -> int:
        return self.amount_minor - sum(self.refunds.values())


@dataclass(frozen=True, slots=True)
class PurchaseKnown:
    """Not published: the purchase as it now stands."""

    purchase: Purchase


def evolve_purchase(state: Purchase, event: Any) -> Purchase:
    return event.purchase if isinstance(event, PurchaseKnown) else state


# --- a customer ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DayOfPurchases:
    kind: str
    business_line: str
    currency: str
    day: date
    n: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a customer stands in one segmentation, since which day, with which cut-offs."""

    segment: str
    profile: Profile
    since: date
    as_of: date
    model: str = ""


@dataclass(frozen=True, slots=True)
class KnownCutoffs:
    version: int
    cutoffs: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Customer:
    """`unplaced`: purchases of the past were counted, and it was not looked at since."""

    customer_id: str
    name: str | None = None
    contacts: tuple[Mapping[str, Any], ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    business_line: str | None = None
    region: str | None = None
    team: str | None = None
    rep_id: str | None = None
    dimensions: Mapping[str, str] = field(default_factory=dict)
    days: tuple[DayOfPurchases, ...] = ()
    standings: Mapping[str, Standing] = field(default_factory=dict)
    cutoffs: Mapping[str, KnownCutoffs] = field(default_factory=dict)
    looked_at: date | None = None
    next_look: datetime | None = None
    unplaced: bool = False
    merged_into: str | None = None
    erased: bool = False


@dataclass(frozen=True, slots=True)
class CustomerKnown:
    """Not published: the customer as it now stands, but for its standings."""

    customer: Customer


def evolve_customer(state: Customer, event: Any) -> Customer:
    match event:
        case CustomerKnown():
            return replace(event.customer, standings=state.standings)
        case Stood():
            return replace(state, standings={**state.standings, event.segmentation: event.standing})
        case Unstood():
            return replace(state, standings={k: v for k, v in state.standings.items() if k != event.segmentation})
        case SegmentEntered() | SegmentLeft() | PurchaseChanged():
            return state
        case _:
            return state


@dataclass(frozen=True, slots=True)
class Stood:
    """Not published: the customer stands there now (the same segment with other values is no entering)."""

    segmentation: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class Unstood:
    segmentation: str


# --- cut-offs --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CutoffsState:
    """`told`: the last version that every customer has been told; `reached`: the last customer told the next one.

    `definitions`: what was in force when the version was made; what an earlier release has saved says nothing of it.
    """

    segmentation: str
    version: int = 0
    as_of: date | None = None
    moved_at: datetime | None = None
    cutoffs: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    base: str = ""
    told: int = 0
    definitions: str = ""
    reached: str | None = None


@dataclass(frozen=True, slots=True)
class CutoffsKnown:
    cutoffs: CutoffsState


def evolve_cutoffs(state: CutoffsState, event: Any) -> CutoffsState:
    return event.cutoffs if isinstance(event, CutoffsKnown) else state
