"""An order or a won deal counts for its customer as it now stands, whatever order its events are heard in."""
from itertools import permutations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chassis.domain.decider import replace
from contracts.segmentation import PurchaseChanged

from .builders import cancel, day, purchase_after, record, refund, revise


def totals(events: list[PurchaseChanged]) -> dict[tuple[Any, ...], list[int]]:
    """What all of it adds up to: {(customer, kind, line, currency, day): [purchases, minor units]}."""
    made: dict[tuple[Any, ...], list[int]] = {}
    for e in events:
        for at, amount, sign in ((e.day_before, e.amount_minor_before, -1), (e.day, e.amount_minor, 1)):
            if at is not None:
                cell = made.setdefault((e.customer_id, e.kind, e.business_line, e.currency, at), [0, 0])
                cell[0] += sign
                cell[1] += sign * amount
    return {key: cell for key, cell in made.items() if cell != [0, 0]}


def test_an_order_counts_on_its_day() -> None:
    _, [events] = purchase_after(record(5_000))
    assert (events.customer_id, events.day, events.amount_minor, events.day_before) == ("k1", day(), 5_000, None)


def test_a_revision_takes_back_what_was_counted_before() -> None:
    _, events = purchase_after(record(5_000), revise(7_000))
    assert (events[1].amount_minor, events[1].amount_minor_before) == (7_000, 5_000)
    assert totals(events) == {("k1", "order", "software", "EUR", day()): [1, 7_000]}


def test_a_revision_that_is_heard_before_the_order_is_not_lost() -> None:
    _, events = purchase_after(revise(7_000), record(5_000))
    assert totals(events) == {("k1", "order", "software", "EUR", day()): [1, 7_000]}


def test_the_same_again_says_nothing() -> None:
    assert purchase_after(record(5_000), record(5_000))[1] == purchase_after(record(5_000))[1]


def test_a_cancelled_order_counts_no_longer_even_if_the_clocks_disagree() -> None:
    for days in (2, 0, -0.2):  # an order known by its day stands at noon: it may be cancelled "before"
        assert totals(purchase_after(record(5_000), cancel(days))[1]) == {}
        assert purchase_after(cancel(days), record(5_000))[1] == []


def test_refunds_are_taken_off_each_once() -> None:
    _, events = purchase_after(record(5_000), refund(1_000), refund(1_000), refund(500, "f2"))
    assert totals(events) == {("k1", "order", "software", "EUR", day()): [1, 3_500]}


def test_another_currency_is_taken_back_in_the_old_one() -> None:
    _, events = purchase_after(record(5_000), revise(6_000, currency="USD"))
    assert totals(events) == {("k1", "order", "software", "USD", day()): [1, 6_000]}


def test_a_reopened_deal_counts_again_once_it_is_won_again() -> None:
    win, reopened = record(5_000, kind="win"), cancel(2, kind="win")
    assert totals(purchase_after(win, reopened)[1]) == {}
    again = record(6_000, 4, kind="win", ref="again")
    assert totals(purchase_after(win, reopened, again)[1]) == {("k1", "win", "software", "EUR", day(4)): [1, 6_000]}


def test_a_deal_won_before_its_customer_is_known_counts_once_somebody_tells() -> None:
    win = record(None, kind="win", customer=None, currency=None)
    assert purchase_after(win)[1] == []
    revisions = (revise(5_000, kind="win", customer=None), revise(None, 2, kind="win", customer="k9"))
    _, events = purchase_after(win, *revisions)
    assert totals(events) == {("k9", "win", "software", "EUR", day()): [1, 5_000]}


def test_a_won_deal_of_another_customer_is_taken_back_from_the_first() -> None:
    _, events = purchase_after(record(5_000, kind="win"), revise(5_000, kind="win", customer="k2"))
    assert totals(events) == {("k2", "win", "software", "EUR", day()): [1, 5_000]}


def test_at_the_same_instant_the_ids_decide_not_the_order_of_hearing() -> None:
    one, other = revise(1_000, ref="a"), revise(2_000, ref="b")
    assert totals(purchase_after(record(), one, other)[1]) == totals(purchase_after(other, one, record())[1])


words = st.lists(st.one_of(
    st.builds(lambda amount, days, line: record(amount, days, line=line, ref=f"p{days}"),
              st.integers(1, 9_000), st.integers(0, 3), st.sampled_from([None, "software", "hardware"])),
    st.builds(lambda amount, days, line, ref: revise(amount, days, line=line, ref=ref),
              st.one_of(st.none(), st.integers(1, 9_000)), st.integers(0, 5),
              st.sampled_from([None, "software", "services"]), st.sampled_from("abc")),
    st.builds(cancel, st.integers(0, 5)),
    st.builds(lambda amount, id: refund(amount, id), st.integers(1, 500), st.sampled_from(["f1", "f2"])),
), max_size=5, unique_by=lambda c: (type(c), c.at, c.ref, getattr(c, "refund_id", "")))


@given(words, st.sampled_from(["order", "win"]), st.randoms(use_true_random=False))
def test_whatever_order_it_is_heard_in_the_same_counts_in_the_end(events: list[Any], kind: str, random: Any) -> None:
    events = [replace(c, kind=kind) if hasattr(c, "kind") else c for c in events]
    refunds = [c for c in events if hasattr(c, "refund_id")]
    events = [c for c in events if c not in refunds] + list({c.refund_id: c for c in refunds}.values())
    dates = [c for c in events if type(c).__name__ == "RecordPurchase"]
    expected = totals(purchase_after(*events)[1])
    for other in list(permutations(events))[:: max(1, len(events))][:12] or [()]:
        assert totals(purchase_after(*other)[1]) == expected
    shuffled = [*events, *events]
    random.shuffle(shuffled)
    assert totals(purchase_after(*shuffled)[1]) == expected, "and heard twice"
    if not dates:
        assert expected == {}, "nothing was bought"
