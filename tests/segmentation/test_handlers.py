"""Which message concerns which purchase or customer, and what it asks of it."""
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from chassis.domain.decider import replace
from chassis.domain.handlers import Meta
from contracts.crm import (
    CustomerErased,
    CustomerMerged,
    CustomerRegistered,
    CustomerRevised,
    OrderCancelled,
    OrderPlaced,
    OrderRefunded,
    OrderRevised,
)
from contracts.kinds import Contact, Money
from contracts.pipeline import Opportunity, OpportunityReopened, OpportunityRevised, OpportunityWon
from contracts.segmentation import RescoringRequested
from services.segmentation.handlers import HANDLERS, handlers

NOW = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
META = Meta(id="e1", source="/shop", type="t", time=NOW, appended_at=NOW)
EURO = Money(amount_minor=5_000, currency="EUR")
DEAL = Opportunity(pipeline="p", business_line="software", stage="won", opened_at=NOW, forecast_category="closed",
                   deal_kind="new", customer_id="k1", amount=EURO)


def asked(event: Any, zone: str = "UTC") -> list[Any]:
    return list(handlers(ZoneInfo(zone))[type(event)](event, META))


def test_an_order_is_known_by_its_customer_and_its_number() -> None:
    events = [
        OrderPlaced(order_id="o1", customer_id="k1", amount=EURO),
        OrderRevised(order_id="o1", customer_id="k1", amount=EURO, given=("amount",)),
        OrderCancelled(order_id="o1", customer_id="k1"),
        OrderRefunded(order_id="o1", customer_id="k1", refund_id="f1", amount=EURO),
    ]
    for event in events:
        [ask] = asked(event)
        assert (ask.aggregate, ask.key) == ("purchase", "order|k1|o1")
    [other] = asked(OrderPlaced(order_id="o1", customer_id="k2", amount=EURO))
    assert other.key == "order|k2|o1", "some shops number orders per customer"


def test_an_order_has_its_day_in_the_zone_of_the_company() -> None:
    placed = OrderPlaced(order_id="o1", customer_id="k1", amount=EURO)
    assert asked(placed)[0].command.day == date(2026, 3, 2)
    assert asked(placed, "Asia/Shanghai")[0].command.day == date(2026, 3, 3)


def test_a_win_counts_on_the_day_of_its_closing() -> None:
    closed = datetime(2026, 2, 27, 23, 30, tzinfo=UTC)
    [ask] = asked(OpportunityWon(opportunity_id="d1", opportunity=DEAL, closed_at=closed, stage_before="s"),
                  "Asia/Shanghai")
    assert (ask.key, ask.command.day) == ("win|d1", date(2026, 2, 28))


def test_a_deal_that_is_not_closed_asks_nothing_and_a_lost_one_that_reopens_neither() -> None:
    open_ = replace(DEAL, forecast_category="pipeline")
    assert asked(OpportunityRevised(opportunity_id="d1", opportunity=open_, before=DEAL)) == []
    [ask] = asked(OpportunityRevised(opportunity_id="d1", opportunity=DEAL, before=open_))
    assert ask.key == "win|d1"
    reopened = OpportunityReopened(opportunity_id="d1", opportunity=open_, before=DEAL, won=False, closed_at=NOW,
                                   stage_before="s")
    assert asked(reopened) == []
    assert [a.key for a in asked(replace(reopened, won=True))] == ["win|d1"]


def test_a_revision_says_only_what_was_given_and_nulls_remove() -> None:
    [registered] = asked(CustomerRegistered(
        customer_id="k1", name="Acme", attributes={"size": 5}, contacts=(Contact(contact_id="c1", email="a@b.c"),)))
    assert registered.command.changes == {
        "name": "Acme", "attributes": {"size": 5}, "contacts": [{"contact_id": "c1", "email": "a@b.c"}]}
    [revised] = asked(CustomerRevised(customer_id="k1", region=None, given=("region",)))
    assert revised.command.changes == {"region": None}


def test_merging_erasing_and_rescoring_concern_the_customer() -> None:
    events: list[Any] = [
        CustomerMerged(customer_id="k1", into_customer_id="k2"), CustomerErased(customer_id="k1"),
        RescoringRequested(customer_id="k1", segmentation="rfm", as_of=NOW.date(), version=1, cutoffs={}),
    ]
    assert [(a.aggregate, a.key) for e in events for a in asked(e)] == [("customer", "k1")] * 3


def test_history_stays_history_on_its_way_to_the_decision() -> None:
    old = Meta(id="e1", source="/shop", type="t", time=NOW, appended_at=NOW, live=False)
    for event in (OrderPlaced(order_id="o1", customer_id="k1", amount=EURO), CustomerErased(customer_id="k1")):
        [ask] = HANDLERS[type(event)](event, old)  # type: ignore[arg-type]
        assert ask.command.live is False and ask.command.ref == "e1"
