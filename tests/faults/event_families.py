"""What one family of facts says: a lead, a customer with orders, payments and visits, deals. Everything by chance, by
seed; every figure that comes of it can be told without knowing in which order topics are heard.

What is kept apart by order is kept on one key of one topic. What several topics say of one lead lies within one local
day, so that the day on which it was qualified does not hang on what was heard first.
"""
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Berlin")
REGIONS = ("North", "South", "West")
CATEGORIES = ("Chairs", "Desks", "Lamps")
HOUR = timedelta(hours=1)

TOPICS = {
    "crm.lead": "crm.leads.v1", "crm.activity": "crm.activities.v1", "crm.engagement": "crm.engagements.v1",
    "crm.campaign": "crm.campaigns.v1", "crm.customer": "crm.customers.v1", "crm.order": "crm.orders.v1",
    "crm.invoice": "crm.invoices.v1", "crm.payment": "crm.payments.v1", "crm.survey": "crm.surveys.responses.v1",
    "crm.opportunity": "crm.opportunities.commands.v1",
}


class SourceEvent(NamedTuple):
    """One event as an enterprise says it. `id` and `source` name it for ever."""

    type: str
    key: str
    id: str
    source: str
    time: datetime
    data: dict[str, Any]

    @property
    def topic(self) -> str:
        return TOPICS[self.type.rsplit(".", 2)[0]]


class EventFamily:
    """`queues`: lists of events whose order counts; between two of them there is none."""

    def __init__(self, seed: int, number: int, start: datetime) -> None:
        self.n, self.start = number, start
        self.chance = random.Random(f"{seed}/{number}")
        self.source = self.chance.choice(("erp", "web", "field-app"))
        self.region, self.rep = self.chance.choice(REGIONS), f"rep-{self.chance.randrange(12)}"
        self.customer = f"c{number}"
        self._said = 0
        self.queues: list[list[SourceEvent]] = [
            list(queue) for queue in (
                self._lead(), self._signals(), self._campaign(), self._customer(), self._orders(), self._invoices(),
                self._payments(), self._visits(), self._deal(), self._watched_deal(), self._opinion())]
        self.queues = [queue for queue in self.queues if queue]

    def event(self, type: str, key: str, time: datetime, /, **data: Any) -> SourceEvent:
        self._said += 1
        kept = {name: value for name, value in data.items() if value is not None}
        return SourceEvent(type, key, f"{self.n}-{self._said}", self.source, time, kept)

    def about(self) -> dict[str, str]:
        return {"region": self.region, "rep_id": self.rep}

    # --- leads -------------------------------------------------------------------------------------------------------

    def _lead_day(self) -> Iterator[datetime]:
        """Rising moments within one working day, one to four days ago."""
        chance = random.Random(f"day of {self.chance.random()}")
        local = self.start.astimezone(ZONE) - timedelta(days=chance.randint(1, 4))
        at = local.replace(hour=8, minute=0, second=0, microsecond=0).astimezone(UTC)
        while True:
            at += timedelta(seconds=chance.randint(30, 900))
            yield at

    def _lead(self) -> Iterator[SourceEvent]:
        chance, id = self.chance, f"l{self.n}"
        self.lead, self.day = id, self._lead_day()
        self.captured = next(self.day)
        attributes = {"industry": chance.choice(("finance", "retail", "farming", "technology")),
                      "employees": chance.choice((3, 8, 40, 250, 900))}
        role = {"role": chance.choice(("ceo", "head", "clerk"))} if chance.random() < 0.6 else None
        origin = chance.choice(("referral", "partner", "web", "fair"))
        yield self.event("crm.lead.captured.v1", id, self.captured, lead_id=id, business_line="software", source=origin,
                       contact=role, attributes=attributes, campaign_id=chance.choice(("spring", None)), **self.about())
        if chance.random() < 0.3:
            yield self.event("crm.lead.revised.v1", id, next(self.day), lead_id=id, attributes={"budget": 5000})
        self.signals = [next(self.day) for _ in range(chance.randint(0, 9))]
        end, at = chance.random(), next(self.day) + HOUR
        if end < 0.3:
            yield self.event("crm.lead.converted.v1", id, at, lead_id=id, customer_id=self.customer)
        elif end < 0.45:
            yield self.event("crm.lead.lost.v1", id, at, lead_id=id, reason=chance.choice(("price", "silence")))

    def _signals(self) -> Iterator[SourceEvent]:
        subject = {"kind": "lead", "id": self.lead}
        for number, at in enumerate(self.signals):
            if self.chance.random() < 0.55:
                kind = self.chance.choice(("call", "meeting", "email", "quote", "demo", "visit", "task"))
                yield self._activity(subject, f"al{self.n}.{number}", kind, at)
            else:
                kind = self.chance.choice(("web_visit", "web_visit", "form", "download", "event_attended", "open"))
                yield self.event("crm.engagement.recorded.v1", f"lead:{self.lead}", at, subject=subject, kind=kind,
                               engagement_id=f"e{self.n}.{number}")

    def _activity(self, subject: dict[str, str], id: str, kind: str, at: datetime) -> SourceEvent:
        chance = self.chance
        direction = chance.choice(("inbound", "outbound")) if kind in ("call", "email") else None
        visit = kind == "visit"
        return self.event(
            "crm.activity.logged.v1", f"{subject['kind']}:{subject['id']}", at, activity_id=id, kind=kind,
            subject=subject, direction=direction, duration_seconds=chance.choice((300, 900, 3600)) if visit else None,
            outcome=chance.choice(("interested", "no_show")) if visit else None,
            effective=True if visit and chance.random() < 0.1 else None, **self.about())

    def _campaign(self) -> Iterator[SourceEvent]:
        if self.chance.random() < 0.3:
            response = self.chance.choice(("opened", "clicked", "replied"))
            yield self.event("crm.campaign.responded.v1", "spring", next(self.day), campaign_id="spring",
                           response_id=f"r{self.n}", response=response, lead_id=self.lead)

    # --- customers and trade -----------------------------------------------------------------------------------------

    def _past(self, days: int = 30) -> datetime:
        """Some moment of the last days; now and then next to midnight of the night in which the clocks change."""
        if self.chance.random() < 0.02:
            return clock_change(self.start) + timedelta(minutes=self.chance.choice((-121, -61, -1, 1, 59, 61, 121)))
        return self.start - timedelta(seconds=self.chance.randint(7200, days * 86_400))

    def _later(self, at: datetime) -> datetime:
        return min(at + timedelta(minutes=self.chance.randint(1, 2000)), self.start)

    def _customer(self) -> Iterator[SourceEvent]:
        yield self.event("crm.customer.registered.v1", self.customer, self._past(), customer_id=self.customer,
                       name=f"Customer {self.n}", **self.about())

    def _orders(self) -> Iterator[SourceEvent]:
        self.placed: list[tuple[str, datetime]] = []
        for number in range(self.chance.choice((0, 1, 1, 2, 3, 5))):
            id, at = f"o{self.n}.{number}", self._past()
            self.placed.append((id, at))
            yield from self._order(id, at)

    def _order(self, id: str, at: datetime) -> Iterator[SourceEvent]:
        chance, common = self.chance, {"order_id": id, "customer_id": self.customer}
        currency = "USD" if chance.random() < 0.1 else "EUR"
        parts = [chance.randint(100, 90_000) for _ in range(chance.choice((0, 0, 1, 2, 3)))]
        lines = [{"product_id": f"p{chance.randrange(9)}", "category": chance.choice(CATEGORIES),
                  "amount": {"amount_minor": part, "currency": currency}} for part in parts] or None
        amount = sum(parts) or chance.randint(100, 200_000)
        yield self.event("crm.order.placed.v1", self.customer, at, **common, lines=lines,
                       amount={"amount_minor": amount, "currency": currency}, **self.about())
        what = chance.random()
        if what < 0.2 and lines is None:
            amount = chance.randint(100, 200_000)
            yield self.event("crm.order.revised.v1", self.customer, self._later(at), **common,
                           amount={"amount_minor": amount, "currency": currency})
        elif what < 0.3:
            yield self.event("crm.order.cancelled.v1", self.customer, self._later(at), **common)
        elif what < 0.45:
            back = {"amount_minor": chance.randint(1, amount), "currency": currency}
            yield self.event("crm.order.refunded.v1", self.customer, self._later(at), **common, refund_id=f"f-{id}",
                           amount=back)

    def _invoices(self) -> Iterator[SourceEvent]:
        for id, at in self.placed[::2]:
            common = {"invoice_id": f"i-{id}", "customer_id": self.customer}
            issued = self._later(at)
            yield self.event("crm.invoice.issued.v1", self.customer, issued, **common, **self.about(),
                           amount={"amount_minor": self.chance.randint(100, 200_000), "currency": "EUR"})
            if self.chance.random() < 0.2:
                yield self.event("crm.invoice.cancelled.v1", self.customer, self._later(issued), **common)

    def _payments(self) -> Iterator[SourceEvent]:
        for id, at in self.placed:
            common = {"payment_id": f"p-{id}", "customer_id": self.customer}
            amount, paid = self.chance.randint(100, 200_000), self._later(at)
            yield self.event("crm.payment.received.v1", self.customer, paid, **common, **self.about(),
                           amount={"amount_minor": amount, "currency": "EUR"})
            if self.chance.random() < 0.15:
                yield self.event("crm.payment.reversed.v1", self.customer, self._later(paid), **common,
                               reversal_id=f"v-{id}",
                               amount={"amount_minor": self.chance.randint(1, amount), "currency": "EUR"})

    def _visits(self) -> Iterator[SourceEvent]:
        subject = {"kind": "customer", "id": self.customer}
        for number in range(self.chance.choice((0, 1, 2, 4))):
            id, at = f"ac{self.n}.{number}", self._past()
            yield self._activity(subject, id, self.chance.choice(("visit", "visit", "call", "email", "follow_up")), at)
            if self.chance.random() < 0.15:
                yield self.event("crm.activity.voided.v1", f"customer:{self.customer}", self._later(at), activity_id=id,
                               subject=subject)

    # --- deals -------------------------------------------------------------------------------------------------------

    def _deal(self) -> Iterator[SourceEvent]:
        """A hardware deal: asked for, moved on, refused what it may not do, closed, opened again."""
        if self.chance.random() < 0.4:
            return
        id, chance = f"d{self.n}", self.chance
        at = self.start - timedelta(minutes=chance.randint(3 * 1440, 6500))
        yield self.event("crm.opportunity.opening_requested.v1", id, at, opportunity_id=id, business_line="hardware",
                       customer_id=self.customer, amount=self._euros(), **self.about())
        for _ in range(chance.randint(0, 7)):
            at += timedelta(minutes=chance.randint(1, 480))
            wanted = chance.choice(("engage", "engage", "win", "win", "lose", "reopen", "revise"))
            if wanted == "revise":
                yield self.event("crm.opportunity.revision_requested.v1", id, at, opportunity_id=id,
                               amount=self._euros())
            else:
                fields = {"loss_reason": chance.choice(("price", "no_budget"))} if wanted == "lose" else None
                yield self.event("crm.opportunity.transition_requested.v1", id, at, opportunity_id=id,
                               transition=wanted, fields=fields)

    def _euros(self) -> dict[str, Any]:
        return {"amount_minor": self.chance.randint(1000, 5_000_000), "currency": "EUR"}

    def _watched_deal(self) -> Iterator[SourceEvent]:
        """A services deal, whose first stage breaches after 48 h unless it was left by then."""
        if self.chance.random() < 0.7:
            return
        id, chance = f"s{self.n}", self.chance
        due_in = chance.choice((-20 * HOUR, -5 * HOUR, timedelta(seconds=chance.randint(1, 8)), 30 * HOUR))
        at = self.start + due_in - 48 * HOUR
        yield self.event("crm.opportunity.opening_requested.v1", id, at, opportunity_id=id, business_line="services",
                       amount=self._euros(), **self.about())
        left = chance.choice((None, 10 * HOUR, 47 * HOUR, 49 * HOUR))
        if left is not None and at + left < self.start:
            yield self.event("crm.opportunity.stage_reported.v1", id, at + left, opportunity_id=id, stage="scoping")

    # --- opinions of those whom nobody asked -------------------------------------------------------------------------

    def _opinion(self) -> Iterator[SourceEvent]:
        if self.chance.random() < 0.3:
            who = f"w{self.n}"
            yield self.event("crm.survey.responded.v1", who, self._past(20), response_id=f"u{self.n}",
                           survey="after_win", respondent_kind="customer", respondent_id=who, complete=True,
                           answers={"nps": self.chance.randint(0, 10), "csat": self.chance.randint(1, 5)})


def clock_change(before: datetime) -> datetime:
    """Local midnight, in UTC, of the last day before it on which the offset of the zone changed."""
    day = before.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    while True:
        day -= timedelta(days=1)
        midnight, next_one = day.replace(tzinfo=ZONE), (day + timedelta(days=1)).replace(tzinfo=ZONE)
        if midnight.utcoffset() != next_one.utcoffset():
            return midnight.astimezone(UTC)
