"""In any order of arrival, and with any corrections, the figures equal those of a recomputation."""
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.crm import (
    ActivityLogged,
    ActivityVoided,
    LeadCaptured,
    LeadConverted,
    LeadLost,
    LeadRevised,
    PaymentReceived,
    PaymentReversed,
)
from contracts.kinds import Subject
from services.kpi.projections.rows import LocalDays
from tests.kpi.builders import DealBuilder, cancelled, eur, placed, refunded, revised
from tests.kpi.memory_figures import MemoryFigures, catalogue, meta
from tests.support.effort import examples

START = datetime(2026, 1, 1, 9, tzinfo=UTC)
instants = st.integers(0, 24 * 120).map(lambda hours: START + timedelta(hours=hours))
amounts = st.integers(1, 10_000)
days = LocalDays(catalogue().zone)


def figures_of(events: list[tuple[Any, Any]]) -> MemoryFigures:
    figures = MemoryFigures()
    for event, at in events:
        assert figures.apply(event, at) is None
    return figures


def local(at: datetime) -> str:
    return str(at.astimezone(catalogue().zone).date())


# --- orders, refunds, payments ---------------------------------------------------------------------------------------

Order = tuple[datetime, int, list[tuple[datetime, int]], list[tuple[datetime, int]], bool]
orders = st.tuples(
    instants, amounts, st.lists(st.tuples(instants, amounts), max_size=3, unique_by=lambda x: x[0]),
    st.lists(st.tuples(instants, st.integers(1, 50)), max_size=3), st.booleans(),
)


def events_of(number: int, order: Order) -> list[tuple[Any, Any]]:
    at, amount, revisions, refunds, is_cancelled = order
    id = f"O{number}"
    made: list[tuple[Any, Any]] = [(placed(id, amount), meta(at, f"{id}-placed"))]
    made += [(revised(id, amount=eur(a)), meta(at + (t - START), f"{id}-r{i}")) for i, (t, a) in enumerate(revisions)]
    made += [(refunded(id, f"{id}F{i}", a), meta(t, f"{id}-f{i}")) for i, (t, a) in enumerate(refunds)]
    return made + ([(cancelled(id), meta(at, f"{id}-c"))] if is_cancelled else [])


def recomputed(all_orders: list[Order]) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Orders, net amounts and refunds by day, by plain arithmetic."""
    count: Counter[str] = Counter()
    net: Counter[str] = Counter()
    back: Counter[str] = Counter()
    for number, (at, amount, revisions, refunds, is_cancelled) in enumerate(all_orders):
        words = [(at, f"O{number}-placed", amount)]
        words += [(at + (t - START), f"O{number}-r{i}", a) for i, (t, a) in enumerate(revisions)]
        for t, a in refunds:
            back[local(t)] += a
        if not is_cancelled:
            count[local(at)] += 1
            net[local(at)] += max(words)[2] - sum(a for _, a in refunds)
    return +count, Counter({k: v for k, v in net.items() if v}), back


@pytest.mark.slow
@given(st.lists(orders, max_size=5), st.randoms(use_true_random=False))
@settings(max_examples=examples(150), deadline=None)
def test_orders_in_any_order_give_the_figures_of_a_recomputation(all_orders: list[Order], chance: Any) -> None:
    events = [e for number, order in enumerate(all_orders) for e in events_of(number, order)]
    chance.shuffle(events)
    figures = figures_of(events)
    count, net, back = recomputed(all_orders)
    for measure, place, expected in (("orders", 0, count), ("order_amount", 1, net), ("refunds", 1, back)):
        found: Counter[str] = Counter()
        for cell, values in figures.cells(measure).items():
            found[str(cell.day)] += values[place]
        assert {k: v for k, v in found.items() if v} == {k: v for k, v in expected.items() if v}, measure


@given(st.lists(st.tuples(instants, amounts, st.lists(st.tuples(instants, amounts), max_size=3)), max_size=4),
       st.randoms(use_true_random=False))
@settings(max_examples=examples(80), deadline=None)
def test_payments_and_reversals_in_any_order_are_net(payments: list[Any], chance: Any) -> None:
    events: list[tuple[Any, Any]] = []
    expected: dict[str, int] = defaultdict(int)
    for n, (at, amount, reversals) in enumerate(payments):
        events.append((PaymentReceived(payment_id=f"P{n}", customer_id="C", amount=eur(amount)), meta(at, f"P{n}")))
        for i, (t, a) in enumerate(reversals):
            events.append((PaymentReversed(payment_id=f"P{n}", customer_id="C", reversal_id=f"X{i}", amount=eur(a)),
                           meta(t, f"P{n}x{i}")))
        expected[local(at)] += amount - sum(a for _, a in reversals)
    chance.shuffle(events)
    figures = figures_of(events)
    assert {d: figures.sum("payments_received", on=d) for d in expected} == dict(expected)
    assert figures.sum("payments_received") == sum(expected.values())


# --- leads, activities -----------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(instants, st.sampled_from(["source", "region", "dimensions"]),
                          st.sampled_from([None, "a", "b"])), max_size=5), st.booleans(), st.booleans(),
       st.randoms(use_true_random=False))
@settings(max_examples=examples(100), deadline=None)
def test_a_leads_events_in_any_order_give_the_same_figures(
    revisions: list[tuple[datetime, str, str | None]], lost: bool, converted: bool, chance: Any,
) -> None:
    events: list[tuple[Any, Any]] = [
        (LeadCaptured(lead_id="L", business_line="software", source="web", dimensions={"tier": "1"}), meta(START, "c"))]
    for i, (at, field, value) in enumerate(revisions):
        new: Any = ({"sector": value} if value else None) if field == "dimensions" else value
        changes: dict[str, Any] = {field: new}
        events.append((LeadRevised(lead_id="L", given=(field,), **changes), meta(at, f"r{i}")))
    if lost:
        events.append((LeadLost(lead_id="L", reason="x"), meta(START + timedelta(days=3), "l")))
    if converted:
        events.append((LeadConverted(lead_id="L", customer_id="C"), meta(START + timedelta(days=4), "v")))
    straight = figures_of(events)
    chance.shuffle(events)
    assert figures_of(events).everything() == straight.everything()
    assert straight.n("leads_captured") == 1


@given(st.permutations(["A1", "A2", "A3", "void A1", "void A3", "again A2"]))
@settings(max_examples=examples(60), deadline=None)
def test_a_voided_activity_counts_for_nothing_in_any_order_of_arrival(order: list[str]) -> None:
    subject = Subject(kind="lead", id="L1")
    figures = MemoryFigures()
    for word in order:
        id = word.split()[-1]
        event: Any = ActivityVoided(activity_id=id, subject=subject) if word.startswith("void") else ActivityLogged(
            activity_id=id, kind="visit", subject=subject)
        assert figures.apply(event, meta(START, word)) is None
    assert figures.n("visits") == 1


# --- deals -----------------------------------------------------------------------------------------------------------

steps = st.lists(st.tuples(st.sampled_from(["enter", "revise", "win", "lose", "reopen"]), st.integers(0, 20), amounts),
                 max_size=8)


def lived(
    figures: MemoryFigures, id: str, plot: list[tuple[str, int, int]], undated: bool,
) -> tuple[DealBuilder, str | None, int]:
    """A deal after the steps of the plot, with the day of its last closing if it is won, and its amount."""
    day = START + timedelta(days=5)
    deal = DealBuilder(figures, id=id, amount=eur(1)).opened(day.date().isoformat(), undated=undated)
    closed: str | None = None
    amount = 1
    for step, wait, number in plot:
        day += timedelta(days=wait)
        text = day.date().isoformat()
        is_closed = deal.fields["stage"] in ("won", "lost")
        if step == "enter" and not is_closed:
            deal.entered(text, ["enquiry", "scoping", "offered", "agreed"][number % 4])
        elif step == "revise":
            deal.revised(text, amount=eur(number), rep_id=f"R{number % 3}")
            amount = number
        elif step in ("win", "lose") and not is_closed:
            (deal.won if step == "win" else deal.lost)(text)
            closed = text
        elif step == "reopen" and is_closed and closed is not None:
            deal.reopened(text, "scoping", won=deal.fields["stage"] == "won", closed=closed)
    return deal, closed if deal.fields["stage"] == "won" else None, amount


@pytest.mark.slow
@given(st.lists(st.tuples(steps, st.booleans()), min_size=1, max_size=3), st.randoms(use_true_random=False))
@settings(max_examples=examples(120), deadline=None)
def test_deals_in_any_order_give_the_figures_of_a_recomputation(plots: list[Any], chance: Any) -> None:
    straight = MemoryFigures()
    deals = [lived(straight, f"D{n}", plot, undated) for n, (plot, undated) in enumerate(plots)]
    won: Counter[str] = Counter()
    signed: Counter[str] = Counter()
    for _, closed, amount in deals:
        if closed is not None:
            won[closed] += 1
            signed[closed] += amount
    assert {d: straight.n("opportunities_won", on=d) for d in won} == dict(won)
    assert straight.n("opportunities_won") == won.total()
    assert {d: straight.sum("signed_amount", on=d) for d in signed} == dict(signed)
    open_deals = [s for s, _, _ in deals if s.fields["stage"] not in ("won", "lost")]
    assert straight.n("open_pipeline") == len(open_deals)
    assert straight.sum("open_pipeline_amount") == sum(s.fields["amount"].amount_minor for s in open_deals)
    events = [e for s, _, _ in deals for e in s.events]
    chance.shuffle(events)
    shuffled = figures_of([*events, *events[:3]])  # some delivered twice
    assert shuffled.everything() == straight.everything()


@given(st.lists(st.integers(0, 24 * 366 * 4 * 60), min_size=1, max_size=20))
def test_the_local_day_of_an_instant_is_that_of_the_zone(minutes: list[int]) -> None:
    for m in minutes:
        at = START + timedelta(minutes=m)
        assert str(days.day((at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1))) == local(at)
