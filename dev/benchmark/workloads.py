"""Workload of each service with its expected results, computed independently of the services."""
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chassis.messages.envelope import encode
from chassis.ports import Outgoing
from chassis.projections import CellReader
from chassis.runtime.application import Application
from chassis.support.clock import utc_now
from chassis.support.errors import ActionableError
from contracts.crm import (
    ActivityKind,
    ActivityLogged,
    LeadCaptured,
    OpportunityOpeningRequested,
    OpportunityTransitionRequested,
    OrderPlaced,
    PaymentReceived,
    SurveyResponded,
)
from contracts.kinds import Money, Subject

SOURCE = "/bench"
Check = Callable[[Application], Awaitable[None]]


class InexactResult(ActionableError):
    """A result is not exact, so no speed is reported."""


@dataclass(frozen=True, slots=True)
class Workload:
    """`processed`: number of records that the service consumes, with those that it publishes to itself."""

    title: str
    service: str
    messages: Sequence[Outgoing]
    processed: int
    check: Check

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(message.topic for message in self.messages))


class Clock:
    """Business times a second apart that end now, so that all of it is live."""

    def __init__(self, events: int) -> None:
        self._start = utc_now().replace(microsecond=0) - timedelta(hours=2)
        self._step = timedelta(hours=2) / max(1, events)
        self._n = 0

    def __call__(self) -> datetime:
        self._n += 1
        return self._start + self._n * self._step


def encode_all(events: Sequence[Any]) -> list[Outgoing]:
    clock = Clock(len(events))
    return [encode(e, id=f"b{n}", source=SOURCE, time=clock()) for n, e in enumerate(events)]


def eur(minor: int) -> Money:
    return Money(amount_minor=minor, currency="EUR")


def require_equal(what: str, found: Any, expected: Any) -> None:
    """Raises InexactResult."""
    if found != expected:
        raise InexactResult(f"{what}: {found!r} instead of {expected!r}")


# --- pipeline: deals are opened, engaged, won, reopened, won, ... ----------------------------------------------------

_NEXT = {"": ("", "prospecting"), "prospecting": ("engage", "engaging"), "engaging": ("win", "won"),
         "won": ("reopen", "engaging")}
_EVENTS_PUBLISHED = {"": 2, "engage": 1, "win": 2, "reopen": 2}  # by transition; each enters a stage


def pipeline(events: int, deals: int) -> Workload:
    stages = [""] * deals
    messages: list[Any] = []
    published = 0
    for n in range(events):
        deal = n % deals
        transition, to = _NEXT[stages[deal]]
        messages.append(_opening(deal) if not transition else OpportunityTransitionRequested(
            opportunity_id=f"deal-{deal}", transition=transition))
        stages[deal] = to
        published += _EVENTS_PUBLISHED[transition]
    expected = Counter(stage for stage in stages if stage)

    async def check(application: Application) -> None:
        groups = await application.count("opportunity", {}, by=("stage",))
        require_equal("deals by stage", {g.by["stage"]: g.n for g in groups}, dict(expected))
        require_equal("events published", await _distinct(application, "crm.opportunities.v1"), published)

    return Workload(f"pipeline, {deals:,} deals", "pipeline", encode_all(messages), events, check)


def _opening(deal: int) -> OpportunityOpeningRequested:
    return OpportunityOpeningRequested(
        opportunity_id=f"deal-{deal}", business_line="hardware", rep_id=f"rep-{deal % 40}", region=f"R{deal % 8}",
        customer_id=f"customer-{deal}", amount=eur(100_000 + deal))


async def _distinct(application: Application, topic: str) -> int:
    """Number of distinct events on a topic: an event may be there more than once, and consumers drop repeats by id.

    Raises InexactResult when two events have the same sequence number, or a sequence has a gap.
    """
    ids: set[bytes] = set()
    sequences: dict[bytes | None, set[int]] = {}
    for partition, end in (await application.bus.end_offsets([topic])).items():
        at = 0
        while at < end:
            records = await application.bus.read(partition, at, 2_000)
            for record in records:
                headers = dict(record.headers)
                ids.add(headers["ce_id"])
                sequences.setdefault(record.key, set()).add(int(headers["ce_sequence"]))
            at = records[-1].offset + 1
    require_equal("sequences without a gap", [k for k, some in sequences.items() if max(some) != len(some)], [])
    require_equal("sequence numbers", sum(map(len, sequences.values())), len(ids))
    return len(ids)


# --- lead_scoring: a lead and three activities -----------------------------------------------------------------------


def lead_scoring(events: int) -> Workload:
    leads = events // 4
    messages: list[Any] = [LeadCaptured(
        lead_id=f"lead-{n}", business_line="software", source="referral", region=f"R{n % 8}",
        attributes={"employees": 800, "budget": 60_000}) for n in range(leads)]
    kinds: tuple[ActivityKind, ...] = ("call", "meeting", "quote")
    for kind in kinds:
        messages += [ActivityLogged(activity_id=f"{kind}-{n}", kind=kind, subject=Subject(kind="lead", id=f"lead-{n}"))
                 for n in range(leads)]

    async def check(application: Application) -> None:
        groups = await application.count("lead", {}, by=("score",))
        # 25 (of 15 for its size, 10 recommended, 10 for a budget: 35), twice 8 talked, 20 for the quote
        require_equal("leads by score", {g.by["score"]: g.n for g in groups}, {15 + 10 + 10 + 2 * 8 + 20: leads})

    return Workload("lead_scoring", "lead_scoring", encode_all(messages), len(messages), check)


# --- segmentation: orders; each changes a purchase, which changes a customer -----------------------------------------


def segmentation(events: int) -> Workload:
    customers = max(1, events // 10)
    orders = [OrderPlaced(order_id=f"order-{n}", customer_id=f"customer-{n % customers}", amount=eur(1_000 + n),
                        business_line="hardware")
            for n in range(events)]
    total = sum(order.amount.amount_minor for order in orders)

    async def check(application: Application) -> None:
        (totals,) = await application.count("customer", {}, sums=("purchases", "spent_minor"))
        counted = (totals.n, totals.sums["purchases"], totals.sums["spent_minor"])
        require_equal("customers", counted, (customers, events, total))

    return Workload("segmentation", "segmentation", encode_all(orders), 2 * events, check)


# --- surveys: answers without invitation; each is accepted and recorded ---------------------------------------------


def surveys(events: int) -> Workload:
    responses = [SurveyResponded(
        response_id=f"response-{n}", survey="after_win", respondent_kind="customer", respondent_id=f"customer-{n}",
        answers={"nps": 9, "csat": 5}, complete=True) for n in range(events)]

    async def check(application: Application) -> None:
        groups = await application.count("feedback", {}, by=("survey",))
        require_equal("answers by survey", {g.by["survey"]: g.n for g in groups}, {"after_win": events})

    return Workload("surveys", "surveys", encode_all(responses), 2 * events, check)


# --- kpi: payments, each a fact ---------------------------------------------------------------------------------------


def kpi(events: int) -> Workload:
    payments = [PaymentReceived(payment_id=f"payment-{n}", customer_id=f"customer-{n % 1000}", amount=eur(1_000 + n),
                            region=f"R{n % 8}", rep_id=f"rep-{n % 40}") for n in range(events)]
    total = sum(payment.amount.amount_minor for payment in payments)

    async def check(application: Application) -> None:
        cells = await CellReader(application.store, "kpi", application.components.generation).read(
            "payments_received", None, None)
        require_equal("payments received", sum(cell.sum for cell in cells), total)
        assert application.projector is not None
        require_equal("figures that differ from the journal", await application.projector.audit(), [])

    return Workload("kpi, payments", "kpi", encode_all(payments), events, check)


def each_service(events: int) -> list[Callable[[], Workload]]:
    """Factories, so that only one workload is in memory at a time."""
    return [lambda: pipeline(events, 1_000), lambda: pipeline(events, max(1, events // 2)),
            lambda: lead_scoring(events), lambda: segmentation(events), lambda: surveys(events), lambda: kpi(events)]
