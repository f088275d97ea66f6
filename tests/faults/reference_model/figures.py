"""What `/v1/kpis` has to answer: {measure: {(day, labels...): value}}, only what is not zero."""
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from statistics import median
from typing import Any, NamedTuple

from tests.faults.reference_model.history import Deal, History, day

Spot = tuple[Any, ...]
Values = dict[Spot, Any]


class Figures(NamedTuple):
    """Of one measure: the dimensions by which it is asked, in this order, and its values; `grain` day or total."""

    by: tuple[str, ...]
    values: Values
    grain: str = "day"


def expected_figures(history: History) -> dict[str, Figures]:
    return {**_of_leads(history), **_of_deals(history), **_of_stages(history), **_of_trade(history),
            **_of_activities(history), **_of_surveys(history)}


def _count(spots: Iterable[Spot]) -> Values:
    return dict(Counter(spots))


def _sum(parts: Iterable[tuple[Spot, int]]) -> Values:
    made: dict[Spot, int] = defaultdict(int)
    for spot, amount in parts:
        made[spot] += amount
    return {spot: amount for spot, amount in made.items() if amount}


def _six(above: int, below: int) -> float:
    return round(above / below, 6)


# --- leads -----------------------------------------------------------------------------------------------------------


def _of_leads(history: History) -> dict[str, Figures]:
    leads = list(history.leads.values())

    def labels(lead: Any) -> Spot:
        return lead.captured.data["source"], lead.captured.data["region"]

    captured = [(day(x.captured.time), *labels(x)) for x in leads]
    qualified = [(day(x.captured.time), *labels(x)) for x in leads if x.qualified]
    lost = [(day(x.closing.time), *labels(x)) for x in leads if x.closing and x.status == "lost"]
    converted = {x.id: (day(x.captured.time),) for x in leads if x.qualified or x.status == "converted"}
    return {
        "leads_captured": Figures(("source", "region"), _count(captured)),
        "leads_qualified": Figures(("source", "region"), _count(qualified)),
        "leads_lost": Figures(("source", "region"), _count(lost)),
        "leads_converted": Figures((), _count(converted.values())),
    }


# --- deals -----------------------------------------------------------------------------------------------------------


def _of_deals(history: History) -> dict[str, Figures]:
    deals = list(history.deals.values())
    won = [d for d in deals if d.status == "won"]
    lost = [d for d in deals if d.status == "lost"]
    cycles: dict[Spot, list[int]] = defaultdict(list)
    for deal in (*won, *lost):
        cycles[_closed(deal),].append((_closed(deal) - day(deal.opened)).days)
    signed = _sum(((_closed(d), d.about["region"], "EUR"), d.amount or 0) for d in won)
    closings = Counter((_closed(d),) for d in (*won, *lost))
    wins = Counter((_closed(d),) for d in won)
    worth = _sum(((_closed(d), "EUR"), d.amount or 0) for d in won)
    standing = [d for d in deals if d.status == "open"]
    return {
        "opportunities_opened": Figures(("pipeline", "region"), _count(
            (day(d.opened), d.pipeline, d.about["region"]) for d in deals)),
        "opportunities_won": Figures(("pipeline", "rep"), _count(
            (_closed(d), d.pipeline, d.about["rep_id"]) for d in won)),
        "opportunities_lost": Figures(("loss_reason",), _count((_closed(d), d.reason) for d in lost)),
        "signed_amount": Figures(("region",), signed),
        "revenue": Figures(("region",), signed),
        "signed_customers": Figures((), _count(
            {(_closed(d), d.customer): (_closed(d),) for d in won if d.customer}.values())),
        "win_rate": Figures((), {spot: _six(wins[spot], n) for spot, n in closings.items() if wins[spot]}),
        "average_deal": Figures((), {s: _six(v, wins[s[:1]]) for s, v in worth.items()}),
        "cycle_days": Figures((), {s: m for s, values in cycles.items() if (m := median(values))}),
        "open_pipeline": Figures(("pipeline", "stage"), _count((None, d.pipeline, d.stage) for d in standing), "total"),
        "open_pipeline_amount": Figures(("pipeline", "stage"), _sum(
            ((None, d.pipeline, d.stage, "EUR"), d.amount) for d in standing if d.amount is not None), "total"),
    }


def _closed(deal: Deal) -> Any:
    assert deal.closed is not None
    return day(deal.closed)


def _of_stages(history: History) -> dict[str, Figures]:
    def entries(first: bool) -> Iterator[Spot]:
        for deal in history.deals.values():
            seen: set[str] = set()
            for stage, at in deal.visits:
                if not (first and stage in seen):
                    yield day(at), deal.pipeline, stage
                seen.add(stage)

    exits = ((day(at), before, after) for deal in history.deals.values()
             for (before, _), (after, at) in zip(deal.visits, deal.visits[1:], strict=False))
    return {
        "stage_entries": Figures(("pipeline", "stage"), _count(entries(True))),
        "stage_visits": Figures(("pipeline", "stage"), _count(entries(False))),
        "stage_exits": Figures(("stage", "to"), _count(exits)),
    }


# --- trade, activities -----------------------------------------------------------------------------------------------


def _of_trade(history: History) -> dict[str, Figures]:
    orders = list(history.orders.values())

    def parts() -> Iterator[tuple[Spot, int]]:
        for order in orders:
            if order.cancelled:
                continue
            at = day(order.placed.time)
            for line in order.lines:
                yield (at, line["category"], order.currency), line["amount"]["amount_minor"]
            if not order.lines:
                yield (at, None, order.currency), order.amount
            yield (at, None, order.currency), -order.back

    back = [r for order in orders for r in order.refunds]
    return {
        "orders": Figures(("region",), _count(
            (day(o.placed.time), o.placed.data["region"]) for o in orders if not o.cancelled)),
        "order_amount": Figures(("category",), _sum(parts())),
        "refunds": Figures((), _sum(
            ((day(r.time), r.data["amount"]["currency"]), r.data["amount"]["amount_minor"]) for r in back)),
        "invoiced_amount": Figures(("region",), _sum(
            ((day(e.time), e.data["region"], "EUR"), e.data["amount"]["amount_minor"]) for e in history.invoices)),
        "payments_received": Figures(("region",), _sum(
            ((day(e.time), e.data["region"], "EUR"), net) for e, net in history.payments)),
    }


def _of_activities(history: History) -> dict[str, Figures]:
    def effective(data: dict[str, Any]) -> bool:
        if "effective" in data:
            return bool(data["effective"])
        return (data["kind"] == "visit" and data.get("duration_seconds", 0) >= 900
                and data.get("outcome") not in (None, "no_show"))

    def follows(data: dict[str, Any]) -> bool:
        return data["kind"] == "follow_up" or (
            data["kind"] in ("call", "email") and data.get("direction") == "outbound")

    done = history.activities
    return {
        "activities": Figures(("kind", "region"), _count(
            (day(e.time), e.data["kind"], e.data["region"]) for e in done)),
        "visits": Figures(("rep",), _count(
            (day(e.time), e.data["rep_id"]) for e in done if e.data["kind"] == "visit")),
        "effective_visits": Figures(("rep",), _count(
            (day(e.time), e.data["rep_id"]) for e in done if effective(e.data))),
        "follow_ups": Figures(("rep",), _count((day(e.time), e.data["rep_id"]) for e in done if follows(e.data))),
    }


# --- surveys ---------------------------------------------------------------------------------------------------------


def _of_surveys(history: History) -> dict[str, Figures]:
    asked = {d.customer: day(d.first_won_at) for d in history.deals.values() if d.first_won_at and d.customer}
    answered = {e.key for e in history.answers if "invitation_id" in e.data}
    marks: dict[Spot, list[int]] = defaultdict(list)
    for event in history.answers:
        marks[day(event.time),].append(event.data["answers"]["nps"])
    invited, replied = _count((at,) for at in asked.values()), _count((asked[c],) for c in answered)
    return {
        "surveys_invited": Figures((), invited),
        "surveys_answered": Figures((), replied),
        "response_rate": Figures((), {spot: _six(n, invited[spot]) for spot, n in replied.items()}),
        "nps": Figures((), {spot: value for spot, values in marks.items() if (value := nps(values))}),
    }


def nps(values: list[int]) -> float:
    balance = sum(v >= 9 for v in values) - sum(v <= 6 for v in values)
    return _six(100 * balance, len(values))
