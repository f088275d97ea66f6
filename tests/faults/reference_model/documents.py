"""What documents have to say in the end: segments of customers, the funnel, the results of the survey."""
from bisect import bisect_right
from collections import Counter, defaultdict
from datetime import date
from typing import Any, NamedTuple

from tests.faults.reference_model.figures import nps
from tests.faults.reference_model.history import Deal, History, day

FIFTHS = (1, 2, 3, 4)
UNITS = (1, 1, 100)
SEGMENTS = (  # name, recency, frequency, money: the first that fits
    ("champions", (5, 5), (5, 5), (5, 5)), ("potential_loyalist", (3, 5), (3, 5), (2, 5)),
    ("loyal_customers", (2, 4), (2, 4), (2, 4)), ("promising", (3, 4), (1, 3), (3, 5)),
    ("new_customers", (4, 5), (1, 3), (1, 5)), ("cant_lose_them", (1, 2), (3, 4), (4, 5)),
    ("at_risk", (1, 2), (2, 5), (4, 5)), ("need_attention", (1, 3), (3, 5), (3, 5)),
    ("about_to_sleep", (2, 3), (1, 3), (1, 4)), ("lost", (1, 1), (1, 5), (1, 5)), ("others", (1, 5), (1, 5), (1, 5)),
)
ABSOLUTE = ([30, 90, 180, 365], [2, 3, 5, 9], [100_000, 500_000, 2_000_000, 10_000_000])


class Bought(NamedTuple):
    day: date
    currency: str
    amount: int


def segments(history: History, as_of: date) -> dict[str, str]:
    """{customer: segment} of everybody who has bought by that day; a customer without orders by the deals it won."""
    orders: dict[str, list[Bought]] = defaultdict(list)
    for order in history.orders.values():
        if not order.cancelled:
            orders[order.customer].append(
                Bought(day(order.placed.time), order.currency, order.amount - order.back))
    wins: dict[str, list[Bought]] = defaultdict(list)
    for deal in history.deals.values():
        if deal.status == "won" and deal.customer and deal.closed:
            wins[deal.customer].append(Bought(day(deal.closed), "EUR", deal.amount or 0))
    values = {customer: _values(bought, as_of) for customer, bought in {**wins, **orders}.items()}
    cutoffs = _cutoffs(list(values.values()))
    return {customer: _segment(found, cutoffs) for customer, found in values.items()}


def _values(bought: list[Bought], as_of: date) -> tuple[int, int, int]:
    last = max((b.day, b.currency) for b in bought)
    return (as_of - last[0]).days, len(bought), sum(b.amount for b in bought if b.currency == last[1])


def _cutoffs(values: list[tuple[int, int, int]]) -> tuple[list[int], ...]:
    if len(values) < 20:
        return ABSOLUTE
    return tuple(_quantiles(sorted(v[axis] for v in values), UNITS[axis]) for axis in range(3))


def _quantiles(ordered: list[int], unit: int) -> list[int]:
    """Type 7 (Hyndman and Fan), a unit above, rounded up."""
    made = []
    for k in FIFTHS:
        place, rest = divmod((len(ordered) - 1) * k, 5)
        step = ordered[min(place + 1, len(ordered) - 1)] - ordered[place]
        made.append(ordered[place] + -(-rest * step // 5) + unit)
    return made


def _segment(values: tuple[int, int, int], cutoffs: tuple[list[int], ...]) -> str:
    scores = (5 - bisect_right(cutoffs[0], values[0]), 1 + bisect_right(cutoffs[1], values[1]),
              1 + bisect_right(cutoffs[2], values[2]))
    return next(name for name, *ranges in SEGMENTS
                if all(low <= score <= high for score, (low, high) in zip(scores, ranges, strict=True)))


# --- the funnel of hardware ------------------------------------------------------------------------------------------

RANK = {"prospecting": 0, "engaging": 1, "won": 2}


def funnel(history: History) -> dict[str, dict[str, Any]]:
    deals = [d for d in history.deals.values() if d.pipeline == "hardware"]
    made = {}
    for stage, rank in RANK.items():
        reached = [d for d in deals if _furthest(d) >= rank]
        lost = [d for d in reached if d.status == "lost" and _furthest(d) == rank]
        made[stage] = {"reached": len(reached), "converted": sum(_furthest(d) > rank for d in reached),
                       "lost": len(lost), "loss_reasons": dict(Counter(d.reason for d in lost))}
    return made


def _furthest(deal: Deal) -> int:
    return max(RANK.get(stage, -1) for stage, _ in deal.visits)


# --- the survey ------------------------------------------------------------------------------------------------------


def survey(history: History) -> dict[str, Any]:
    marks = [e.data["answers"] for e in history.answers]
    invited = sum(d.first_won_at is not None and d.customer is not None for d in history.deals.values())
    answered = sum("invitation_id" in e.data for e in history.answers)
    satisfied = sum(m["csat"] >= 4 for m in marks)
    return {
        "n": len(marks), "invited": invited, "answered": answered,
        "nps": nps([m["nps"] for m in marks]) if marks else None,
        "csat": round(100 * satisfied / len(marks), 6) if marks else None,
    }
