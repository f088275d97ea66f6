"""Decider of customers: entering and leaving segments, cut-offs, merging, erasing, any order of events."""
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chassis.domain.testing import of_type
from contracts.segmentation import PurchaseChanged, SegmentEntered, SegmentLeft
from services.segmentation.state.customer import DayOfPurchases

from .builders import (
    CUSTOMER,
    RFM,
    bought,
    compiled,
    counted,
    customer_after,
    customer_decider,
    day,
    describe,
    erase,
    merge,
    rescore,
    reversal,
)


def moves(events: list[Any]) -> list[tuple[str, str, str]]:
    return [("in" if isinstance(e, SegmentEntered) else "out", e.segment, e.reason) for e in events
            if isinstance(e, SegmentEntered | SegmentLeft)]


# --- entering and leaving --------------------------------------------------------------------------------------------


def test_the_first_purchase_enters_a_segment_with_the_values_of_the_profile() -> None:
    state, events = customer_after(bought())
    [entered] = of_type(SegmentEntered, events)
    assert (entered.segment, entered.reason, entered.model) == ("fresh", "purchase", "rfm@1")
    assert (entered.profile.r, entered.profile.f, entered.profile.m) == (5, 1, 3)
    assert (entered.profile.recency_days, entered.profile.frequency, entered.profile.monetary_minor) == (0, 1, 5_000)
    assert state.placements["rfm"].since == day()


def test_a_moving_customer_leaves_one_segment_and_enters_the_other() -> None:
    _, events = customer_after(bought(), bought(1))
    assert moves(events) == [("in", "fresh", "purchase"), ("out", "fresh", "purchase"), ("in", "best", "purchase")]


def test_other_values_in_the_same_segment_are_stored_without_an_event() -> None:
    state, events = customer_after(bought(), bought(1), bought(2))
    assert len(moves(events)) == 3
    assert (state.placements["rfm"].profile.frequency, state.placements["rfm"].since) == (3, day(1))


def test_a_reversed_purchase_leaves_no_state() -> None:
    first = bought()
    state, events = customer_after(first, reversal(first, 1))
    assert moves(events) == [("in", "fresh", "purchase"), ("out", "fresh", "purchase")]
    assert state.days == () and state.placements == {} and state.next_evaluation is None


def test_a_deadline_moves_a_customer_on_the_day_on_which_its_score_drops() -> None:
    state, events = customer_after(bought(), until=29)
    assert moves(events) == [("in", "fresh", "purchase")]
    assert state.next_evaluation is not None and state.next_evaluation.date() == day(30)
    _, events = customer_after(bought(), until=89.5)
    assert moves(events) == [("in", "fresh", "purchase")], "r falls from 5 to 4, which is still fresh"
    state, events = customer_after(bought(), until=400)
    assert moves(events)[1:] == [("out", "fresh", "time went by"), ("in", "rest", "time went by")]
    assert state.placements["rfm"].since == day(90) and state.next_evaluation is None, "it cannot drop any further"


def test_the_day_of_an_evaluation_is_in_the_time_zone_of_the_company() -> None:
    shanghai = customer_decider(compiled(zone="Asia/Shanghai"))
    state, _ = customer_after(bought(), decider=shanghai)
    assert state.next_evaluation is not None and state.next_evaluation.utcoffset() is not None
    assert (state.next_evaluation.hour, str(state.next_evaluation.tzinfo)) == (0, "Asia/Shanghai")


def test_imported_purchases_count_but_move_no_customer_until_the_next_evaluation() -> None:
    state, events = customer_after(bought(live=False), bought(1, live=False))
    assert events == [] and sum(d.n for d in state.days) == 2
    _, events = customer_after(bought(live=False), bought(1, live=False), rescore(1, 2))
    assert moves(events) == [("in", "best", "cut-offs moved")]


def test_a_late_event_is_evaluated_as_of_the_latest_known_day() -> None:
    state, _ = customer_after(bought(100), bought(0, 7_000, command_day=3))
    assert state.placements["rfm"].profile.recency_days == 0 and state.evaluated_on == day(100)


# --- cut-offs --------------------------------------------------------------------------------------------------------


def test_new_cut_offs_move_customers_whose_segment_changes() -> None:
    state, events = customer_after(bought(), bought(1), rescore(1, 2, frequency=(3, 4, 5, 9)))
    assert moves(events)[-2:] == [("out", "best", "cut-offs moved"), ("in", "fresh", "cut-offs moved")]
    assert state.cutoffs["rfm"].version == 1


def test_equal_or_older_cut_offs_publish_nothing() -> None:
    once = customer_after(bought(), rescore(2, 2, frequency=(1, 2, 3, 4)))
    again = customer_after(bought(), rescore(2, 2, frequency=(1, 2, 3, 4)), rescore(2, 3), rescore(1, 4))
    assert again == once


def test_later_purchases_are_scored_by_the_latest_cut_offs() -> None:
    state, _ = customer_after(rescore(1, 0, monetary_minor=(1, 2, 3, 4)), bought(1))
    assert state.placements["rfm"].profile.m == 5


# --- several segmentations -------------------------------------------------------------------------------------------


def test_a_customer_is_placed_in_every_segmentation_by_the_purchases_that_it_counts() -> None:
    hardware = {**RFM, "name": "hardware_only", "business_line": "hardware"}
    decider = customer_decider(compiled(hardware))
    state, events = customer_after(bought(), decider=decider)
    assert set(state.placements) == {"rfm"}
    state, events = customer_after(bought(), bought(1, line="hardware"), decider=decider)
    assert state.placements["hardware_only"].profile.frequency == 1 and state.placements["rfm"].profile.frequency == 2
    assert {e.model for e in of_type(SegmentEntered, events)} == {"rfm@1", "hardware_only@1"}


def test_a_win_that_became_an_order_counts_once() -> None:
    state, _ = customer_after(bought(kind="win"), bought(1, kind="win"))
    assert state.placements["rfm"].profile.frequency == 2
    state, _ = customer_after(bought(kind="win"), bought(1, kind="win"), bought(2))
    assert state.placements["rfm"].profile.frequency == 1


def test_the_monetary_value_is_in_the_currency_of_the_last_purchase() -> None:
    state, _ = customer_after(bought(amount=9_000), bought(1, 4_000, currency="USD"))
    profile = state.placements["rfm"].profile
    assert (profile.currency, profile.monetary_minor, profile.frequency) == ("USD", 4_000, 2)


# --- descriptions ----------------------------------------------------------------------------------------------------


def test_descriptions_are_merged_and_null_removes_a_field() -> None:
    state, events = customer_after(
        describe(name="Acme", region="West", attributes={"size": 5, "vip": True}, contacts=[{"contact_id": "c1"}]),
        describe(1, region=None, attributes={"vip": None, "city": "Bonn"}))
    assert (state.name, state.region, state.attributes) == ("Acme", None, {"size": 5, "city": "Bonn"})
    assert state.contacts == ({"contact_id": "c1"},) and events == []
    state, _ = customer_after(describe(attributes={"a": 1}), describe(1, attributes=None))
    assert state.attributes == {}


# --- merging ---------------------------------------------------------------------------------------------------------


def test_a_merged_customer_leaves_its_segment_and_transfers_its_purchases() -> None:
    state, events = customer_after(bought(), bought(1), merge("k2"))
    assert moves(events)[-1] == ("out", "best", "merged")
    transferred = of_type(PurchaseChanged, events)
    assert [(e.customer_id, e.day, e.amount_minor, e.count) for e in transferred] == [
        ("k2", day(), 5_000, 1), ("k2", day(1), 5_000, 1)]
    assert state.days == () and state.merged_into == "k2" and state.next_evaluation is None
    other, _ = customer_after(*(counted(e) for e in transferred), id="k2")
    assert (other.placements["rfm"].profile.frequency, other.placements["rfm"].profile.monetary_minor) == (2, 10_000)


def test_later_purchases_of_a_merged_customer_are_forwarded_and_can_be_reversed() -> None:
    late = bought(7, 3_000)
    _, events = customer_after(bought(), merge("k2"), late, reversal(late, 8))
    forwarded = of_type(PurchaseChanged, events)[1:]
    assert [(e.customer_id, e.purchase_id, e.day, e.day_before) for e in forwarded] == [
        ("k2", late.purchase_id, day(7), None), ("k2", late.purchase_id, None, day(7))]


def test_a_second_merge_and_a_merge_into_itself_change_nothing() -> None:
    assert customer_after(bought(), merge("k2"), merge("k3")) == customer_after(bought(), merge("k2"))
    assert customer_after(bought(), merge("k1")) == customer_after(bought())


def test_a_purchase_of_customers_merged_in_a_cycle_is_counted_once() -> None:
    merged = {"k1": merge("k2"), "k2": merge("k3"), "k3": merge("k1")}
    states = {id: customer_after(command, id=id)[0] for id, command in merged.items()}
    waiting: list[PurchaseChanged] = []
    hops = 0
    for event in CUSTOMER.decide(bought(), states["k1"]):
        if isinstance(event, PurchaseChanged):
            waiting.append(event)
    counted_by: list[str] = []
    while waiting:
        hops += 1
        assert hops < 10, "the purchase is forwarded without end"
        event = waiting.pop()
        events = CUSTOMER.decide(counted(event), states[event.customer_id])
        forwarded_on = [e for e in events if isinstance(e, PurchaseChanged)]
        waiting += forwarded_on
        if not forwarded_on:
            counted_by.append(event.customer_id)
    assert counted_by == ["k1"], "it counts once, for the customer who bought"


# --- erasing ---------------------------------------------------------------------------------------------------------


def test_an_erased_customer_leaves_its_segments_and_its_data_is_removed() -> None:
    state, events = customer_after(describe(name="Acme", contacts=[{"email": "a@b.c"}]), bought(), erase())
    assert moves(events)[-1] == ("out", "fresh", "erased")
    assert state == customer_after(erase())[0] and state.erased and state.name is None and state.days == ()


def test_an_erased_customer_ignores_later_commands() -> None:
    state, events = customer_after(erase(), bought(7), describe(8, name="Acme"), rescore(1, 9), merge("k2"))
    assert events == [] and (state.days, state.name, state.placements) == ((), None, {})


# --- in any order ----------------------------------------------------------------------------------------------------

purchases = st.lists(
    st.builds(bought, st.integers(0, 200), st.integers(1, 50_000), kind=st.sampled_from(["order", "win"]),
              currency=st.sampled_from(["EUR", "USD"]), line=st.sampled_from([None, "software", "hardware"]),
              live=st.booleans()),
    max_size=8, unique_by=lambda c: c.ref)


@given(purchases, st.sets(st.integers(0, 7)), st.randoms(use_true_random=False))
def test_the_placement_does_not_depend_on_the_order_of_purchases(
    bought_: list[Any], reversed_: set[int], random: Any,
) -> None:
    events = [*bought_, *(reversal(bought_[i], 201) for i in reversed_ if i < len(bought_))]
    evaluation = rescore(1, 210, frequency=(2, 3, 4, 5))
    expected, _ = customer_after(*events, evaluation)
    random.shuffle(events)
    state, _ = customer_after(*events, evaluation)
    assert state.days == expected.days
    assert {n: (s.segment, s.profile) for n, s in state.placements.items()} == {
        n: (s.segment, s.profile) for n, s in expected.placements.items()}
    remaining = [c for i, c in enumerate(bought_) if i not in reversed_]
    cells: dict[tuple[Any, ...], list[int]] = {}
    for c in remaining:
        cell = cells.setdefault((c.kind, c.business_line or "", c.currency, c.day), [0, 0])
        cell[0], cell[1] = cell[0] + 1, cell[1] + c.amount_minor
    assert state.days == tuple(DayOfPurchases(*key, *cell) for key, cell in sorted(cells.items()))


@given(purchases)
def test_entering_and_leaving_alternate(bought_: list[Any]) -> None:
    _, events = customer_after(*bought_, until=1000)
    current: str | None = None
    for direction, segment, _reason in moves(events):
        if direction == "in":
            assert current is None, "it enters only while it is in no segment"
            current = segment
        else:
            assert current == segment, "it leaves only the segment that it is in"
            current = None
