"""Half a year in the life of a small company, with corrections of every kind, and what it comes to.

`story(name)` makes the events; `figures(events)` reads them in the order of the business, in plain Python and with
nothing of the project. Stories of the same seed differ in nothing but their name, which is their region.
"""
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

BEGIN = datetime(2024, 1, 8, 8, tzinfo=UTC)
CURRENCY = "EUR"
ZONE = ZoneInfo("Europe/Berlin")  # of definitions/calendar.yaml

Event = dict[str, Any]
ByMonth = dict[str, int | float]


class Company:
    """What happens, each with the key it has on its topic."""

    def __init__(self, name: str, seed: int) -> None:
        self.name, self.random = name, Random(seed)
        self.events: list[tuple[str, Event]] = []

    def live(self, size: float) -> None:
        makers: tuple[tuple[Callable[[str], None], int], ...] = (
            (self.order, 50), (self.payment, 40), (self.visit, 40), (self.deal, 40), (self.lead, 25), (self.answer, 25))
        for make, times in makers:
            for number in range(round(times * size)):
                make(f"{self.name}-{make.__name__}-{number}")
        self.events.sort(key=lambda pair: str(pair[1]["time"]))

    def order(self, id: str) -> None:
        at, customer, fate = self.day(), self.customer(), self.random.random()
        self.say("order.placed", at, customer, order_id=id, customer_id=customer, amount=self.money())
        for _ in range(self.random.randrange(3) if fate < 0.5 else 0):
            at = self.after(at)
            self.say("order.revised", at, customer, order_id=id, customer_id=customer, amount=self.money(200_000))
        for part in range(self.random.randrange(1, 3) if 0.3 < fate < 0.7 else 0):
            at = self.after(at)
            self.say("order.refunded", at, customer, refund_id=f"{id}-{part}", order_id=id, customer_id=customer,
                     amount=self.money(1))
        if fate > 0.85:
            self.say("order.cancelled", self.after(at), customer, order_id=id, customer_id=customer)

    def payment(self, id: str) -> None:
        at, customer, amount = self.day(), self.customer(), self.money()
        self.say("payment.received", at, customer, payment_id=id, customer_id=customer, amount=amount)
        if self.random.random() < 0.3:
            self.say("payment.reversed", self.after(at), customer, payment_id=id, customer_id=customer,
                     reversal_id=f"{id}-back", amount=amount, reason="charged back")

    def visit(self, id: str) -> None:
        at, subject = self.day(), {"kind": "customer", "id": self.customer()}
        key = f"customer:{subject['id']}"
        self.say("activity.logged", at, key, activity_id=id, kind="visit", subject=subject, customer_id=subject["id"],
                 duration_seconds=1200, outcome="reached")
        if self.random.random() < 0.3:
            self.say("activity.voided", self.after(at), key, activity_id=id, subject=subject, reason="wrong customer")

    def deal(self, id: str) -> None:
        """Opened; most are won, some of them again after they were reopened, some restated; a few are lost."""
        at, fate = self.day(90), self.random.random()
        self.say("opportunity.opening_requested", at, id, opportunity_id=id, pipeline="hardware", stage="engaging",
                 customer_id=self.customer())
        if fate < 0.15:
            return
        at = self.after(at)
        if fate < 0.35:
            self.say("opportunity.stage_reported", at, id, opportunity_id=id, stage="lost", loss_reason="price")
        else:
            self.say("opportunity.stage_reported", at, id, opportunity_id=id, stage="won", amount=self.money())
        if fate > 0.6:
            at = self.after(at)
            self.say("opportunity.stage_reported", at, id, opportunity_id=id, stage="engaging")
        if fate > 0.7:
            at = self.after(at)
            self.say("opportunity.stage_reported", at, id, opportunity_id=id, stage="won", amount=self.money())
        if 0.5 < fate < 0.6 or fate > 0.85:
            self.say("opportunity.revision_requested", self.after(at), id, opportunity_id=id, amount=self.money())

    def lead(self, id: str) -> None:
        """Of a line whose qualified leads do not become deals by themselves."""
        at, fate = self.day(), self.random.random()
        self.say("lead.captured", at, id, lead_id=id, source="referral",
                 attributes={"employees": 50 * self.random.randrange(20), "quantity": self.random.randrange(60)})
        subject = {"kind": "lead", "id": id}
        for n in range(self.random.randrange(4)):
            at = self.after(at, 3)
            self.say("activity.logged", at, f"lead:{id}", activity_id=f"{id}-{n}", subject=subject, lead_id=id,
                     kind=self.random.choice(("call", "meeting", "quote")))
        if fate < 0.4:
            self.say("lead.converted", self.after(at), id, lead_id=id, customer_id=self.customer())
        elif fate < 0.6:
            self.say("lead.lost", self.after(at), id, lead_id=id, reason="no budget")

    def answer(self, id: str) -> None:
        respondent = self.customer()
        self.say("survey.responded", self.day(), respondent, response_id=id, survey="after_win",
                 respondent_kind="customer", respondent_id=respondent, answers={"nps": self.random.randrange(11)},
                 complete=True)

    # --- how it is said ----------------------------------------------------------------------------------------------

    def say(self, type: str, at: datetime, key: str, **data: Any) -> None:
        self.events.append((f"{type.split('.', 1)[0]}|{key}", {
            "specversion": "1.0", "type": f"crm.{type}.v1", "source": f"story/{self.name}",
            "id": str(len(self.events)), "time": at.isoformat(),
            "data": {"region": self.name, "business_line": "hardware", **data}}))

    def day(self, days: int = 170) -> datetime:
        """Some late in the evening, when it is the next day in Berlin already."""
        return BEGIN + timedelta(days=self.random.randrange(days), minutes=self.random.randrange(16 * 60 - 1))

    def after(self, at: datetime, days: int = 30) -> datetime:
        return at + timedelta(days=self.random.randrange(days), minutes=1 + self.random.randrange(600))

    def customer(self) -> str:
        return f"{self.name}-c{self.random.randrange(9)}"

    def money(self, least: int = 100_000) -> dict[str, Any]:
        return {"amount_minor": least + self.random.randrange(50_000), "currency": CURRENCY}


def story(name: str, seed: int = 7, size: float = 1.0) -> list[tuple[str, Event]]:
    """[(key, event)] in the order of the business; some four hundred, or a part of them."""
    company = Company(name, seed)
    company.live(size)
    return company.events


def shuffled(events: Iterable[tuple[str, Event]], seed: int) -> list[Event]:
    """Any order that keeps what is of one key in its own: most of it comes late."""
    by_key: dict[str, list[Event]] = defaultdict(list)
    for key, event in events:
        by_key[key].append(event)
    turns = [key for key, told in by_key.items() for _ in told]
    Random(seed).shuffle(turns)
    queues = {key: iter(told) for key, told in by_key.items()}
    return [next(queues[key]) for key in turns]


def from_the_end(events: Iterable[tuple[str, Event]]) -> list[Event]:
    """The key that was spoken of last comes first: payments before deals, the end of the year before its beginning."""
    by_key: dict[str, list[Event]] = defaultdict(list)
    for key, event in events:
        by_key[key].append(event)
    return [event for told in reversed(by_key.values()) for event in told]


# --- what it comes to -------------------------------------------------------------------------------------------------


@dataclass
class Deal:
    opened: date
    customer: str
    status: str = "open"
    closed: date | None = None
    minor: int = 0


def figures(told: Iterable[Event]) -> dict[str, ByMonth]:
    """{measure: {month: value}} of all that happened, corrections taken in; a month without anything is left out."""
    events = sorted(told, key=lambda e: datetime.fromisoformat(e["time"]))
    found = {**_orders(events), **_payments(events), **_deals(events), **_others(events)}
    return {name: {month: value for month, value in by_month.items() if value} for name, by_month in found.items()}


def purchases(told: Iterable[Event]) -> dict[str, tuple[int, int]]:
    """{customer: (purchases, what was spent)}: orders that stand, net, and deals that stand won."""
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    events = sorted(told, key=lambda e: datetime.fromisoformat(e["time"]))
    for _, customer, net, stands in _order_book(events):
        if stands:
            found[customer][0] += 1
            found[customer][1] += net
    for deal in _deal_book(events):
        if deal.status == "won":
            found[deal.customer][0] += 1
            found[deal.customer][1] += deal.minor
    return {customer: (n, minor) for customer, (n, minor) in found.items()}


def _day(event: Event) -> date:
    return datetime.fromisoformat(event["time"]).astimezone(ZONE).date()


def _month(day: date) -> str:
    return f"{day:%Y-%m}"


def _order_book(events: list[Event]) -> list[tuple[date, str, int, bool]]:
    """(day, customer, net amount, stands)."""
    book: dict[str, list[Any]] = {}
    for event in events:
        data = event["data"]
        match event["type"]:
            case "crm.order.placed.v1":
                book[data["order_id"]] = [_day(event), data["customer_id"], data["amount"]["amount_minor"], True, 0]
            case "crm.order.revised.v1":
                book[data["order_id"]][2] = data["amount"]["amount_minor"]
            case "crm.order.refunded.v1":
                book[data["order_id"]][4] += data["amount"]["amount_minor"]
            case "crm.order.cancelled.v1":
                book[data["order_id"]][3] = False
    return [(day, customer, minor - back, stands) for day, customer, minor, stands, back in book.values()]


def _orders(events: list[Event]) -> dict[str, Counter[str]]:
    orders, amounts, refunds = Counter[str](), Counter[str](), Counter[str]()
    for day, _, net, stands in _order_book(events):
        if stands:
            orders[_month(day)] += 1
            amounts[_month(day)] += net
    for event in events:
        if event["type"] == "crm.order.refunded.v1":
            refunds[_month(_day(event))] += event["data"]["amount"]["amount_minor"]
    return {"orders": orders, "order_amount": amounts, "refunds": refunds}


def _payments(events: list[Event]) -> dict[str, Counter[str]]:
    reversed_ = {e["data"]["payment_id"] for e in events if e["type"] == "crm.payment.reversed.v1"}
    received = Counter[str]()
    for event in events:
        if event["type"] == "crm.payment.received.v1" and event["data"]["payment_id"] not in reversed_:
            received[_month(_day(event))] += event["data"]["amount"]["amount_minor"]
    return {"payments_received": received}


def _deal_book(events: list[Event]) -> list[Deal]:
    book: dict[str, Deal] = {}
    for event in events:
        data = event["data"]
        if event["type"] == "crm.opportunity.opening_requested.v1":
            book[data["opportunity_id"]] = Deal(_day(event), data["customer_id"])
        elif event["type"].startswith("crm.opportunity."):
            deal = book[data["opportunity_id"]]
            deal.minor = data.get("amount", {"amount_minor": deal.minor})["amount_minor"]
            if "stage" in data:
                deal.status = data["stage"] if data["stage"] in ("won", "lost") else "open"
                deal.closed = _day(event) if deal.status != "open" else None
    return list(book.values())


def _deals(events: list[Event]) -> dict[str, Any]:
    book = _deal_book(events)
    closed = [d for d in book if d.closed is not None]
    won = [d for d in closed if d.status == "won"]
    cycles: dict[str, list[int]] = defaultdict(list)
    customers: dict[str, set[str]] = defaultdict(set)
    signed = Counter[str]()
    for d in closed:
        assert d.closed is not None
        cycles[_month(d.closed)].append((d.closed - d.opened).days)
        if d.status == "won":
            signed[_month(d.closed)] += d.minor
            customers[_month(d.closed)].add(d.customer)
    return {
        "opportunities_opened": Counter(_month(d.opened) for d in book),
        "opportunities_won": Counter(_month(d.closed) for d in won if d.closed),
        "opportunities_lost": Counter(_month(d.closed) for d in closed if d.closed and d.status == "lost"),
        "signed_amount": signed,
        "signed_customers": {month: len(found) for month, found in customers.items()},
        "cycle_days": {month: median(found) for month, found in cycles.items()},
    }


def _others(events: list[Event]) -> dict[str, Any]:
    voided = {e["data"]["activity_id"] for e in events if e["type"] == "crm.activity.voided.v1"}
    logged = [e for e in events if e["type"] == "crm.activity.logged.v1" and e["data"]["activity_id"] not in voided]
    scores: dict[str, list[int]] = defaultdict(list)
    for e in events:
        if e["type"] == "crm.survey.responded.v1":
            scores[_month(_day(e))].append(e["data"]["answers"]["nps"])

    def months(type: str) -> Counter[str]:
        return Counter(_month(_day(e)) for e in events if e["type"] == type)

    return {
        "activities": Counter(_month(_day(e)) for e in logged),
        "visits": Counter(_month(_day(e)) for e in logged if e["data"]["kind"] == "visit"),
        "leads_captured": months("crm.lead.captured.v1"),
        "leads_converted": months("crm.lead.converted.v1"),
        "leads_lost": months("crm.lead.lost.v1"),
        "nps": {month: round(100 * (sum(s >= 9 for s in found) - sum(s <= 6 for s in found)) / len(found), 6)
                for month, found in scores.items()},
    }
