"""Builders of events for the tests of kpi: a deal's life as pipeline publishes it, orders, leads, answers."""
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
from tests.kpi.memory_figures import MemoryFigures, at, meta


def eur(amount: int, currency: str = "EUR") -> Money:
    return Money(amount_minor=amount, currency=currency)


def line(product: str, amount: int, category: str | None = None) -> Line:
    return Line(product_id=product, amount=eur(amount), category=category, quantity="1")


class DealBuilder:
    """One deal as pipeline publishes it: every event has the next sequence and the whole deal. Each is applied to the
    figures at once; `events` holds them with their metadata."""

    def __init__(self, figures: MemoryFigures, id: str = "D1", **fields: Any) -> None:
        self.figures, self.id, self.sequence = figures, id, 0
        about = {"pipeline": "services", "business_line": "services", "stage": "enquiry", "deal_kind": "new",
                 "forecast_category": "pipeline", "opened_at": None, "rep_id": "R1", "customer_id": "C1"}
        self.fields: dict[str, Any] = about | fields
        self.events: list[tuple[Any, Any]] = []

    def _publish(self, event: Any, time: datetime) -> "DealBuilder":
        self.sequence += 1
        published = (event, meta(time, f"{self.id}-{self.sequence}", "pipeline", self.sequence))
        self.events.append(published)
        assert self.figures.apply(*published) is None
        return self

    @property
    def now(self) -> Opportunity:
        return Opportunity(**self.fields)

    def _enter(self, day: str, to: str, from_: str | None) -> None:
        self.fields["stage"] = to
        self._publish(StageEntered(opportunity_id=self.id, opportunity=self.now, from_=from_, to=to, transition=None,
                               actor_id=None, from_entered_at=None), at(day))

    def opened(self, day: str, *, undated: bool = False) -> "DealBuilder":
        self.fields["opened_at"] = None if undated else at(day)
        self._publish(OpportunityOpened(opportunity_id=self.id, opportunity=self.now), at(day))
        self._enter(day, self.fields["stage"], None)
        return self

    def entered(self, day: str, stage: str) -> "DealBuilder":
        self._enter(day, stage, self.fields["stage"])
        return self

    def revised(self, day: str, **changes: Any) -> "DealBuilder":
        before = self.now
        self.fields |= changes
        return self._publish(OpportunityRevised(opportunity_id=self.id, opportunity=self.now, before=before), at(day))

    def won(self, day: str) -> "DealBuilder":
        was = self.fields["stage"]
        self._enter(day, "won", was)
        return self._publish(OpportunityWon(opportunity_id=self.id, opportunity=self.now, closed_at=at(day),
                                        stage_before=was), at(day))

    def lost(self, day: str, reason: str = "price") -> "DealBuilder":
        was = self.fields["stage"]
        self._enter(day, "lost", was)
        return self._publish(OpportunityLost(opportunity_id=self.id, opportunity=self.now, closed_at=at(day),
                                         stage_before=was, loss_reason=reason), at(day))

    def reopened(self, day: str, stage: str, *, won: bool, closed: str) -> "DealBuilder":
        before, was = self.now, self.fields["stage"]
        self.fields["stage"] = stage
        self._publish(OpportunityReopened(opportunity_id=self.id, opportunity=self.now, before=before, won=won,
                                      closed_at=at(closed), stage_before=None), at(day))
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
