"""Decider of purchases: an order or a won deal counts in its latest state, in any order of its events."""
from itertools import permutations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chassis.domain.decider import replace
from contracts.segmentation import PurchaseChanged

from .builders import cancel, day, purchase_after, record, refund, revise


def totals(events: list[PurchaseChanged]) -> dict[tuple[Any, ...], list[int]]:
    """Sum of the changes: {(customer, kind, line, currency, day): [purchases, minor units]}."""
    sums: dict[tuple[Any, ...], list[int]] = {}
    for e in events:
        for at, amount, sign in ((e.day_before, e.amount_minor_before, -1), (e.day, e.amount_minor, 1)):
            if at is not None:
                cell = sums.setdefault((e.customer_id, e.kind, e.business_line, e.currency, at), [0, 0])
                cell[0] += sign
                cell[1] += sign * amount
    return {key: cell for key, cell in sums.items() if cell != [0, 0]}


def test_an_order_counts_on_its_day() -> None:
    _, [events] = purchase_after(record(5_000))
    assert (events.customer_id, events.day, events.amount_minor, events.day_before) == ("k1", day(), 5_000, None)


def test_a_revision_reverses_the_previous_amount() -> None:
    _, events = purchase_after(record(5_000), revise(7_000))
    assert (events[1].amount_minor, events[1].amount_minor_before) == (7_000, 5_000)
    assert totals(events) == {("k1", "order", "software", "EUR", day()): [1, 7_000]}


def test_a_revision_that_arrives_before_its_order_is_applied() -> None:
    _, events = purchase_after(revise(7_000), record(5_000))
    assert totals(events) == {("k1", "order", "software", "EUR", day()): [1, 7_000]}


def test_a_repeated_order_publishes_nothing() -> None:
    assert purchase_after(record(5_000), record(5_000))[1] == purchase_after(record(5_000))[1]


def test_a_cancelled_order_does_not_count_even_if_the_clocks_differ() -> None:
    for days in (2, 0, -0.2):  # an order with a day only has the time noon: it may be cancelled "before"
        assert totals(purchase_after(record(5_000), cancel(days))[1]) == {}
        assert purchase_after(cancel(days), record(5_000))[1] == []


def test_each_refund_is_subtracted_once() -> None:
    _, events = purchase_after(record(5_000), refund(1_000), refund(1_000), refund(500, "f2"))
    assert totals(events) == {("k1", "order", "software", "EUR", day()): [1, 3_500]}


def test_a_change_of_currency_reverses_the_amount_in_the_old_currency() -> None:
    _, events = purchase_after(record(5_000), revise(6_000, currency="USD"))
    assert totals(events) == {("k1", "order", "software", "USD", day()): [1, 6_000]}


def test_a_reopened_deal_counts_again_once_it_is_won_again() -> None:
    win, reopened = record(5_000, kind="win"), cancel(2, kind="win")
    assert totals(purchase_after(win, reopened)[1]) == {}
    again = record(6_000, 4, kind="win", ref="again")
    assert totals(purchase_after(win, reopened, again)[1]) == {("k1", "win", "software", "EUR", day(4)): [1, 6_000]}


def test_a_deal_won_without_a_customer_counts_when_the_customer_is_known() -> None:
    win = record(None, kind="win", customer=None, currency=None)
    assert purchase_after(win)[1] == []
    revisions = (revise(5_000, kind="win", customer=None), revise(None, 2, kind="win", customer="k9"))
    _, events = purchase_after(win, *revisions)
    assert totals(events) == {("k9", "win", "software", "EUR", day()): [1, 5_000]}


def test_a_won_deal_that_changes_its_customer_is_reversed_for_the_first_customer() -> None:
    _, events = purchase_after(record(5_000, kind="win"), revise(5_000, kind="win", customer="k2"))
    assert totals(events) == {("k2", "win", "software", "EUR", day()): [1, 5_000]}


def test_at_the_same_instant_ids_decide_and_not_the_order_of_arrival() -> None:
    one, other = revise(1_000, ref="a"), revise(2_000, ref="b")
    assert totals(purchase_after(record(), one, other)[1]) == totals(purchase_after(other, one, record())[1])


purchase_commands = st.lists(st.one_of(
    st.builds(lambda amount, days, line: record(amount, days, line=line, ref=f"p{days}"),
              st.integers(1, 9_000), st.integers(0, 3), st.sampled_from([None, "software", "hardware"])),
    st.builds(lambda amount, days, line, ref: revise(amount, days, line=line, ref=ref),
              st.one_of(st.none(), st.integers(1, 9_000)), st.integers(0, 5),
              st.sampled_from([None, "software", "services"]), st.sampled_from("abc")),
    st.builds(cancel, st.integers(0, 5)),
    st.builds(lambda amount, id: refund(amount, id), st.integers(1, 500), st.sampled_from(["f1", "f2"])),
), max_size=5, unique_by=lambda c: (type(c), c.at, c.ref, getattr(c, "refund_id", "")))


@given(purchase_commands, st.sampled_from(["order", "win"]), st.randoms(use_true_random=False))
def test_the_totals_do_not_depend_on_the_order_of_the_events(events: list[Any], kind: str, random: Any) -> None:
    events = [replace(c, kind=kind) if hasattr(c, "kind") else c for c in events]
    refunds = [c for c in events if hasattr(c, "refund_id")]
    events = [c for c in events if c not in refunds] + list({c.refund_id: c for c in refunds}.values())
    dates = [c for c in events if type(c).__name__ == "RecordPurchase"]
    expected = totals(purchase_after(*events)[1])
    for other in list(permutations(events))[:: max(1, len(events))][:12] or [()]:
        assert totals(purchase_after(*other)[1]) == expected
    shuffled = [*events, *events]
    random.shuffle(shuffled)
    assert totals(purchase_after(*shuffled)[1]) == expected, "also when every event arrives twice"
    if not dates:
        assert expected == {}, "without an order there is no purchase"
