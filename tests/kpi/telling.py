"""Short words for events in tests: a deal's story, an order's, with the times at which they happened."""
from datetime import datetime
from typing import Any

from contracts.crm import OrderCancelled, OrderPlaced, OrderRefunded, OrderRevised
from contracts.kinds import Line, Money
from contracts.pipeline import (
    Opportunity,
    OpportunityLost,
    OpportunityOpened,
    OpportunityReopened,
    OpportunityRevised,
    OpportunityWon,
    StageEntered,
)
from tests.kpi.counting import Figures, meta, on


def eur(amount: int, currency: str = "EUR") -> Money:
    return Money(amount_minor=amount, currency=currency)


def line(product: str, amount: int, category: str | None = None) -> Line:
    return Line(product_id=product, amount=eur(amount), category=category, quantity="1")


class Story:
    """One deal as pipeline tells it: every event has the next sequence and the whole deal."""

    def __init__(self, figures: Figures, id: str = "D1", **deal: Any) -> None:
        self.figures, self.id, self.sequence = figures, id, 0
        about = {"pipeline": "services", "business_line": "services", "stage": "enquiry", "deal_kind": "new",
                 "forecast_category": "pipeline", "opened_at": None, "rep_id": "R1", "customer_id": "C1"}
        self.deal: dict[str, Any] = about | deal
        self.told: list[tuple[Any, Any]] = []

    def _say(self, event: Any, at: datetime) -> "Story":
        self.sequence += 1
        told = (event, meta(at, f"{self.id}-{self.sequence}", "pipeline", self.sequence))
        self.told.append(told)
        assert self.figures.tell(*told) is None
        return self

    @property
    def now(self) -> Opportunity:
        return Opportunity(**self.deal)

    def _enter(self, day: str, to: str, from_: str | None) -> None:
        self.deal["stage"] = to
        self._say(StageEntered(opportunity_id=self.id, opportunity=self.now, from_=from_, to=to, transition=None,
                               actor_id=None, from_entered_at=None), on(day))

    def opened(self, day: str, *, undated: bool = False) -> "Story":
        self.deal["opened_at"] = None if undated else on(day)
        self._say(OpportunityOpened(opportunity_id=self.id, opportunity=self.now), on(day))
        self._enter(day, self.deal["stage"], None)
        return self

    def entered(self, day: str, stage: str) -> "Story":
        self._enter(day, stage, self.deal["stage"])
        return self

    def revised(self, day: str, **changes: Any) -> "Story":
        before = self.now
        self.deal |= changes
        return self._say(OpportunityRevised(opportunity_id=self.id, opportunity=self.now, before=before), on(day))

    def won(self, day: str) -> "Story":
        was = self.deal["stage"]
        self._enter(day, "won", was)
        return self._say(OpportunityWon(opportunity_id=self.id, opportunity=self.now, closed_at=on(day),
                                        stage_before=was), on(day))

    def lost(self, day: str, reason: str = "price") -> "Story":
        was = self.deal["stage"]
        self._enter(day, "lost", was)
        return self._say(OpportunityLost(opportunity_id=self.id, opportunity=self.now, closed_at=on(day),
                                         stage_before=was, loss_reason=reason), on(day))

    def reopened(self, day: str, stage: str, *, won: bool, closed: str) -> "Story":
        before, was = self.now, self.deal["stage"]
        self.deal["stage"] = stage
        self._say(OpportunityReopened(opportunity_id=self.id, opportunity=self.now, before=before, won=won,
                                      closed_at=on(closed), stage_before=None), on(day))
        self._enter(day, stage, was)
        return self


def placed(order: str, amount: int, customer: str = "C1", **more: Any) -> OrderPlaced:
    return OrderPlaced(order_id=order, customer_id=customer, amount=eur(amount), **more)


def refunded(order: str, refund: str, amount: int, customer: str = "C1", **more: Any) -> OrderRefunded:
    return OrderRefunded(refund_id=refund, order_id=order, customer_id=customer, amount=eur(amount), **more)


def cancelled(order: str, customer: str = "C1") -> OrderCancelled:
    return OrderCancelled(order_id=order, customer_id=customer)


def revised(order: str, customer: str = "C1", **given: Any) -> OrderRevised:
    return OrderRevised(order_id=order, customer_id=customer, given=tuple(given), **given)
