"""Handlers of segmentation: the purchase or customer of each message and its command."""
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


def commands_for(event: Any, zone: str = "UTC") -> list[Any]:
    return list(handlers(ZoneInfo(zone))[type(event)](event, META))


def test_an_order_is_identified_by_its_customer_and_its_number() -> None:
    events = [
        OrderPlaced(order_id="o1", customer_id="k1", amount=EURO),
        OrderRevised(order_id="o1", customer_id="k1", amount=EURO, given=("amount",)),
        OrderCancelled(order_id="o1", customer_id="k1"),
        OrderRefunded(order_id="o1", customer_id="k1", refund_id="f1", amount=EURO),
    ]
    for event in events:
        [command_for] = commands_for(event)
        assert (command_for.aggregate, command_for.key) == ("purchase", "order|k1|o1")
    [other] = commands_for(OrderPlaced(order_id="o1", customer_id="k2", amount=EURO))
    assert other.key == "order|k2|o1", "some shops number orders per customer"


def test_an_order_has_its_day_in_the_time_zone_of_the_company() -> None:
    placed = OrderPlaced(order_id="o1", customer_id="k1", amount=EURO)
    assert commands_for(placed)[0].command.day == date(2026, 3, 2)
    assert commands_for(placed, "Asia/Shanghai")[0].command.day == date(2026, 3, 3)


def test_a_win_counts_on_the_day_of_its_closing() -> None:
    closed = datetime(2026, 2, 27, 23, 30, tzinfo=UTC)
    won = OpportunityWon(opportunity_id="d1", opportunity=DEAL, closed_at=closed, stage_before="s")
    [command_for] = commands_for(won, "Asia/Shanghai")
    assert (command_for.key, command_for.command.day) == ("win|d1", date(2026, 2, 28))


def test_an_open_deal_and_a_reopened_lost_deal_cause_no_command() -> None:
    open_ = replace(DEAL, forecast_category="pipeline")
    assert commands_for(OpportunityRevised(opportunity_id="d1", opportunity=open_, before=DEAL)) == []
    [command_for] = commands_for(OpportunityRevised(opportunity_id="d1", opportunity=DEAL, before=open_))
    assert command_for.key == "win|d1"
    reopened = OpportunityReopened(opportunity_id="d1", opportunity=open_, before=DEAL, won=False, closed_at=NOW,
                                   stage_before="s")
    assert commands_for(reopened) == []
    assert [a.key for a in commands_for(replace(reopened, won=True))] == ["win|d1"]


def test_a_revision_changes_only_the_given_fields_and_null_removes_one() -> None:
    [registered] = commands_for(CustomerRegistered(
        customer_id="k1", name="Acme", attributes={"size": 5}, contacts=(Contact(contact_id="c1", email="a@b.c"),)))
    assert registered.command.changes == {
        "name": "Acme", "attributes": {"size": 5}, "contacts": [{"contact_id": "c1", "email": "a@b.c"}]}
    [revised] = commands_for(CustomerRevised(customer_id="k1", region=None, given=("region",)))
    assert revised.command.changes == {"region": None}


def test_merging_erasing_and_rescoring_are_commands_for_the_customer() -> None:
    events: list[Any] = [
        CustomerMerged(customer_id="k1", into_customer_id="k2"), CustomerErased(customer_id="k1"),
        RescoringRequested(customer_id="k1", segmentation="rfm", as_of=NOW.date(), version=1, cutoffs={}),
    ]
    assert [(a.aggregate, a.key) for e in events for a in commands_for(e)] == [("customer", "k1")] * 3


def test_commands_of_imported_events_are_not_live() -> None:
    old = Meta(id="e1", source="/shop", type="t", time=NOW, appended_at=NOW, live=False)
    for event in (OrderPlaced(order_id="o1", customer_id="k1", amount=EURO), CustomerErased(customer_id="k1")):
        [command_for] = HANDLERS[type(event)](event, old)  # type: ignore[arg-type]
        assert command_for.command.live is False and command_for.command.ref == "e1"
