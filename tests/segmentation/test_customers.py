"""Where a customer stands, when it enters and leaves, and what becomes of it when it is merged or erased."""
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
    taken_back,
)


def moves(events: list[Any]) -> list[tuple[str, str, str]]:
    return [("in" if isinstance(e, SegmentEntered) else "out", e.segment, e.reason) for e in events
            if isinstance(e, SegmentEntered | SegmentLeft)]


# --- entering and leaving --------------------------------------------------------------------------------------------


def test_the_first_purchase_enters_a_segment_with_the_values_that_put_it_there() -> None:
    state, events = customer_after(bought())
    [entered] = of_type(SegmentEntered, events)
    assert (entered.segment, entered.reason, entered.model) == ("fresh", "purchase", "rfm@1")
    assert (entered.profile.r, entered.profile.f, entered.profile.m) == (5, 1, 3)
    assert (entered.profile.recency_days, entered.profile.frequency, entered.profile.monetary_minor) == (0, 1, 5_000)
    assert state.placements["rfm"].since == day()


def test_who_moves_leaves_one_segment_and_enters_the_other() -> None:
    _, events = customer_after(bought(), bought(1))
    assert moves(events) == [("in", "fresh", "purchase"), ("out", "fresh", "purchase"), ("in", "best", "purchase")]


def test_the_same_segment_with_other_values_is_no_entering_but_is_remembered() -> None:
    state, events = customer_after(bought(), bought(1), bought(2))
    assert len(moves(events)) == 3
    assert (state.placements["rfm"].profile.frequency, state.placements["rfm"].since) == (3, day(1))


def test_a_purchase_that_is_taken_back_leaves_no_trace_of_itself() -> None:
    first = bought()
    state, events = customer_after(first, taken_back(first, 1))
    assert moves(events) == [("in", "fresh", "purchase"), ("out", "fresh", "purchase")]
    assert state.days == () and state.placements == {} and state.next_evaluation is None


def test_time_alone_moves_a_customer_on_the_day_on_which_its_score_drops() -> None:
    state, events = customer_after(bought(), until=29)
    assert moves(events) == [("in", "fresh", "purchase")]
    assert state.next_evaluation is not None and state.next_evaluation.date() == day(30)
    _, events = customer_after(bought(), until=89.5)
    assert moves(events) == [("in", "fresh", "purchase")], "r falls from 5 to 4, which is still fresh"
    state, events = customer_after(bought(), until=400)
    assert moves(events)[1:] == [("out", "fresh", "time went by"), ("in", "rest", "time went by")]
    assert state.placements["rfm"].since == day(90) and state.next_evaluation is None, "it cannot drop any further"


def test_the_day_of_a_look_is_that_of_the_company() -> None:
    shanghai = customer_decider(compiled(zone="Asia/Shanghai"))
    state, _ = customer_after(bought(), decider=shanghai)
    assert state.next_evaluation is not None and state.next_evaluation.utcoffset() is not None
    assert (state.next_evaluation.hour, str(state.next_evaluation.tzinfo)) == (0, "Asia/Shanghai")


def test_history_is_counted_without_moving_anybody_until_the_next_look() -> None:
    state, events = customer_after(bought(live=False), bought(1, live=False))
    assert events == [] and sum(d.n for d in state.days) == 2
    _, events = customer_after(bought(live=False), bought(1, live=False), rescore(1, 2))
    assert moves(events) == [("in", "best", "cut-offs moved")]


def test_a_late_fact_is_looked_at_as_of_the_latest_day_known() -> None:
    state, _ = customer_after(bought(100), bought(0, 7_000, heard=3))
    assert state.placements["rfm"].profile.recency_days == 0 and state.evaluated_on == day(100)


# --- cut-offs --------------------------------------------------------------------------------------------------------


def test_new_cut_offs_move_who_stands_elsewhere_by_them() -> None:
    state, events = customer_after(bought(), bought(1), rescore(1, 2, frequency=(3, 4, 5, 9)))
    assert moves(events)[-2:] == [("out", "best", "cut-offs moved"), ("in", "fresh", "cut-offs moved")]
    assert state.cutoffs["rfm"].version == 1


def test_the_same_or_older_cut_offs_say_nothing() -> None:
    once = customer_after(bought(), rescore(2, 2, frequency=(1, 2, 3, 4)))
    again = customer_after(bought(), rescore(2, 2, frequency=(1, 2, 3, 4)), rescore(2, 3), rescore(1, 4))
    assert again == once


def test_later_purchases_are_measured_by_the_latest_cut_offs() -> None:
    state, _ = customer_after(rescore(1, 0, monetary_minor=(1, 2, 3, 4)), bought(1))
    assert state.placements["rfm"].profile.m == 5


# --- several segmentations -------------------------------------------------------------------------------------------


def test_a_customer_stands_in_every_segmentation_by_its_own_purchases() -> None:
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


def test_money_is_that_of_the_last_purchase_s_currency() -> None:
    state, _ = customer_after(bought(amount=9_000), bought(1, 4_000, currency="USD"))
    profile = state.placements["rfm"].profile
    assert (profile.currency, profile.monetary_minor, profile.frequency) == ("USD", 4_000, 2)


# --- who it is -------------------------------------------------------------------------------------------------------


def test_what_is_told_of_a_customer_merges_and_null_removes() -> None:
    state, events = customer_after(
        describe(name="Acme", region="West", attributes={"size": 5, "vip": True}, contacts=[{"contact_id": "c1"}]),
        describe(1, region=None, attributes={"vip": None, "city": "Bonn"}))
    assert (state.name, state.region, state.attributes) == ("Acme", None, {"size": 5, "city": "Bonn"})
    assert state.contacts == ({"contact_id": "c1"},) and events == []
    state, _ = customer_after(describe(attributes={"a": 1}), describe(1, attributes=None))
    assert state.attributes == {}


# --- merging ---------------------------------------------------------------------------------------------------------


def test_a_merged_customer_leaves_and_hands_its_purchases_over() -> None:
    state, events = customer_after(bought(), bought(1), merge("k2"))
    assert moves(events)[-1] == ("out", "best", "merged")
    handed = of_type(PurchaseChanged, events)
    assert [(h.customer_id, h.day, h.amount_minor, h.count) for h in handed] == [
        ("k2", day(), 5_000, 1), ("k2", day(1), 5_000, 1)]
    assert state.days == () and state.merged_into == "k2" and state.next_evaluation is None
    other, _ = customer_after(*(counted(h) for h in handed), id="k2")
    assert (other.placements["rfm"].profile.frequency, other.placements["rfm"].profile.monetary_minor) == (2, 10_000)


def test_what_comes_later_for_a_merged_customer_is_passed_on_and_can_be_taken_back() -> None:
    late = bought(7, 3_000)
    _, events = customer_after(bought(), merge("k2"), late, taken_back(late, 8))
    passed = of_type(PurchaseChanged, events)[1:]
    assert [(p.customer_id, p.purchase_id, p.day, p.day_before) for p in passed] == [
        ("k2", late.purchase_id, day(7), None), ("k2", late.purchase_id, None, day(7))]


def test_a_second_merging_and_one_into_itself_change_nothing() -> None:
    assert customer_after(bought(), merge("k2"), merge("k3")) == customer_after(bought(), merge("k2"))
    assert customer_after(bought(), merge("k1")) == customer_after(bought())


def test_customers_merged_into_each_other_do_not_pass_a_purchase_round_for_ever() -> None:
    merged = {"k1": merge("k2"), "k2": merge("k3"), "k3": merge("k1")}
    states = {id: customer_after(command, id=id)[0] for id, command in merged.items()}
    waiting: list[PurchaseChanged] = []
    hops = 0
    for event in CUSTOMER.decide(bought(), states["k1"]):
        if isinstance(event, PurchaseChanged):
            waiting.append(event)
    kept: list[str] = []
    while waiting:
        hops += 1
        assert hops < 10, "it goes round for ever"
        heard = waiting.pop()
        events = CUSTOMER.decide(counted(heard), states[heard.customer_id])
        on = [e for e in events if isinstance(e, PurchaseChanged)]
        waiting += on
        if not on:
            kept.append(heard.customer_id)
    assert kept == ["k1"], "it counts once, where it was bought"


# --- erasing ---------------------------------------------------------------------------------------------------------


def test_an_erased_customer_leaves_its_segments_and_nothing_of_it_stays() -> None:
    state, events = customer_after(describe(name="Acme", contacts=[{"email": "a@b.c"}]), bought(), erase())
    assert moves(events)[-1] == ("out", "fresh", "erased")
    assert state == customer_after(erase())[0] and state.erased and state.name is None and state.days == ()


def test_an_erased_customer_hears_nothing_more() -> None:
    state, events = customer_after(erase(), bought(7), describe(8, name="Acme"), rescore(1, 9), merge("k2"))
    assert events == [] and (state.days, state.name, state.placements) == ((), None, {})


# --- in any order ----------------------------------------------------------------------------------------------------

purchases = st.lists(
    st.builds(bought, st.integers(0, 200), st.integers(1, 50_000), kind=st.sampled_from(["order", "win"]),
              currency=st.sampled_from(["EUR", "USD"]), line=st.sampled_from([None, "software", "hardware"]),
              live=st.booleans()),
    max_size=8, unique_by=lambda c: c.ref)


@given(purchases, st.sets(st.integers(0, 7)), st.randoms(use_true_random=False))
def test_whatever_order_purchases_are_heard_in_the_customer_stands_where_it_would(
    bought_: list[Any], back: set[int], random: Any,
) -> None:
    events = [*bought_, *(taken_back(bought_[i], 201) for i in back if i < len(bought_))]
    look = rescore(1, 210, frequency=(2, 3, 4, 5))
    expected, _ = customer_after(*events, look)
    random.shuffle(events)
    state, _ = customer_after(*events, look)
    assert state.days == expected.days
    assert {n: (s.segment, s.profile) for n, s in state.placements.items()} == {
        n: (s.segment, s.profile) for n, s in expected.placements.items()}
    kept = [c for i, c in enumerate(bought_) if i not in back]
    plain: dict[tuple[Any, ...], list[int]] = {}
    for c in kept:
        cell = plain.setdefault((c.kind, c.business_line or "", c.currency, c.day), [0, 0])
        cell[0], cell[1] = cell[0] + 1, cell[1] + c.amount_minor
    assert state.days == tuple(DayOfPurchases(*key, *cell) for key, cell in sorted(plain.items()))


@given(purchases)
def test_entering_and_leaving_always_take_turns(bought_: list[Any]) -> None:
    _, events = customer_after(*bought_, until=1000)
    here: str | None = None
    for way, segment, _reason in moves(events):
        if way == "in":
            assert here is None, "it enters only what it is not in"
            here = segment
        else:
            assert here == segment, "it leaves only where it stood"
            here = None
