"""The ledger, told as stories: one for each lead, deal, order and so on, whatever order its events were heard in."""
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from tests.faults.event_families import ZONE, SourceEvent

BREACHES_AFTER = timedelta(hours=48)  # of the first stage of services
QUALIFIES_AT = 50


def day(at: datetime) -> date:
    return at.astimezone(ZONE).date()


@dataclass
class Lead:
    id: str
    captured: SourceEvent
    fit: int = 0
    engagement: int = 0
    closing: SourceEvent | None = None

    @property
    def score(self) -> int:
        return min(100, max(0, self.fit + self.engagement))

    @property
    def grade(self) -> str:
        return next(g for g, least in (("A", 75), ("B", 50), ("C", 25), ("D", 0)) if self.score >= least)

    @property
    def qualified(self) -> bool:
        return self.score >= QUALIFIES_AT

    @property
    def status(self) -> str:
        if self.closing is not None:
            return "converted" if "converted" in self.closing.type else "lost"
        return "qualified" if self.qualified else "open"


@dataclass
class Deal:
    """`visits`: stages with the moments of entering them. `first_won_at` is when the customer is asked."""

    id: str
    pipeline: str
    opened: datetime
    about: dict[str, Any]
    visits: list[tuple[str, datetime]]
    amount: int | None = None
    customer: str | None = None
    lead: str | None = None
    status: str = "open"
    closed: datetime | None = None
    reason: str | None = None
    first_won_at: datetime | None = None
    refused: int = 0

    @property
    def stage(self) -> str:
        return self.visits[-1][0]

    def breach(self, by: datetime) -> datetime | None:
        """When it breached its first stage, if that has come by then."""
        if self.pipeline != "services":
            return None
        due = self.opened + BREACHES_AFTER
        left = self.visits[1][1] if len(self.visits) > 1 else None
        return due if due <= by and (left is None or left > due) else None


@dataclass
class Order:
    customer: str
    placed: SourceEvent
    amount: int
    currency: str
    lines: list[dict[str, Any]]
    cancelled: bool = False
    refunds: list[SourceEvent] = field(default_factory=list)

    @property
    def back(self) -> int:
        return sum(r.data["amount"]["amount_minor"] for r in self.refunds)


@dataclass
class History:
    leads: dict[str, Lead] = field(default_factory=dict)
    deals: dict[str, Deal] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    invoices: list[SourceEvent] = field(default_factory=list)
    payments: list[tuple[SourceEvent, int]] = field(default_factory=list)  # net
    activities: list[SourceEvent] = field(default_factory=list)
    answers: list[SourceEvent] = field(default_factory=list)  # those that count


def read(said: Iterable[SourceEvent]) -> History:
    by_type: dict[str, list[SourceEvent]] = defaultdict(list)
    for event in said:
        by_type[event.type.removeprefix("crm.").removesuffix(".v1")].append(event)
    for events in by_type.values():
        events.sort(key=lambda e: e.time)
    made = History()
    voided = {(_subject(e), e.data["activity_id"]) for e in by_type["activity.voided"]}
    made.activities = [e for e in by_type["activity.logged"] if (_subject(e), e.data["activity_id"]) not in voided]
    _leads(made, by_type)
    _deals(made, by_type)
    _trade(made, by_type)
    made.answers = _answers(by_type["survey.responded"])
    return made


def _subject(event: SourceEvent) -> str:
    return f"{event.data['subject']['kind']}:{event.data['subject']['id']}"


# --- leads -----------------------------------------------------------------------------------------------------------

POINTS = {"talked": (8, 3), "wrote": (10, 1), "quote": (20, 1), "demo": (25, 1), "web_visit": (2, 5), "form": (10, 1),
          "download": (5, 1), "event_attended": (10, 1), "campaign": (10, 1)}
WEB = ("web_visit", "form", "download")


def _leads(made: History, by_type: dict[str, list[SourceEvent]]) -> None:
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for event in made.activities:
        kind = event.data["kind"]
        rule = {"call": "talked", "meeting": "talked", "visit": "talked", "quote": "quote", "demo": "demo"}.get(kind)
        if kind == "email" and event.data.get("direction") == "inbound":
            rule = "wrote"
        if event.data["subject"]["kind"] == "lead" and rule:
            counts[event.data["subject"]["id"]][rule] += 1
    for event in by_type["engagement.recorded"]:
        counts[event.data["subject"]["id"]][event.data["kind"]] += 1
    for event in by_type["campaign.responded"]:
        if event.data["response"] in ("clicked", "replied"):
            counts[event.data["lead_id"]]["campaign"] += 1
    revised = {e.data["lead_id"] for e in by_type["lead.revised"]}
    closings = {e.data["lead_id"]: e for e in (*by_type["lead.converted"], *by_type["lead.lost"])}
    for event in by_type["lead.captured"]:
        id = event.data["lead_id"]
        made.leads[id] = Lead(id, event, _fit(event.data, id in revised), _engagement(counts[id]), closings.get(id))


def _fit(data: dict[str, Any], budget: bool) -> int:
    known = data["attributes"]
    company = 15 * (known["industry"] in ("finance", "manufacturing", "retail", "technology"))
    company += 15 * (known["employees"] >= 200) - 10 * (known["employees"] < 10)
    points = min(company, 25) + 10 * (data.get("source") in ("referral", "partner")) + 10 * budget
    points += 15 * (data.get("contact", {}).get("role") in ("ceo", "cto", "cio", "owner", "head", "director"))
    return min(points, 50)


def _engagement(counts: dict[str, int]) -> int:
    each = {rule: points * min(counts.get(rule, 0), most) for rule, (points, most) in POINTS.items()}
    web = min(sum(each[rule] for rule in WEB), 20)
    return min(web + sum(points for rule, points in each.items() if rule not in WEB), 60)


# --- deals -----------------------------------------------------------------------------------------------------------

HARDWARE = {("prospecting", "engage"): "engaging", ("engaging", "win"): "won", ("prospecting", "lose"): "lost",
            ("engaging", "lose"): "lost", ("won", "reopen"): "engaging", ("lost", "reopen"): "engaging"}


def _deals(made: History, by_type: dict[str, list[SourceEvent]]) -> None:
    for lead in made.leads.values():
        if lead.qualified:
            about = {k: lead.captured.data.get(k) for k in ("region", "rep_id", "campaign_id")}
            at = lead.captured.time  # the day is the same, whenever in it the points had come together
            customer = lead.closing.data.get("customer_id") if lead.closing else None
            made.deals[f"lead.{lead.id}"] = Deal(
                f"lead.{lead.id}", "software", at, about, [("qualified", at)], lead=lead.id, customer=customer)
    for event in by_type["opportunity.opening_requested"]:
        data, services = event.data, event.data["business_line"] == "services"
        about = {k: data.get(k) for k in ("region", "rep_id")}
        stage = "enquiry" if services else "prospecting"
        made.deals[event.key] = Deal(
            event.key, data["business_line"], event.time, about, [(stage, event.time)],
            data["amount"]["amount_minor"], data.get("customer_id"))
    moves = [*by_type["opportunity.transition_requested"], *by_type["opportunity.revision_requested"],
             *by_type["opportunity.stage_reported"]]
    for event in sorted(moves, key=lambda e: e.time):
        _move(made.deals[event.key], event)


def _move(deal: Deal, event: SourceEvent) -> None:
    if "revision" in event.type:
        deal.amount = event.data["amount"]["amount_minor"]
        return
    if "reported" in event.type:
        deal.visits.append((event.data["stage"], event.time))
        return
    to = HARDWARE.get((deal.stage, event.data["transition"]))
    if to is None:
        deal.refused += 1
        return
    deal.visits.append((to, event.time))
    closes = to in ("won", "lost")
    deal.status, deal.closed = (to, event.time) if closes else ("open", None)
    deal.reason = event.data["fields"]["loss_reason"] if to == "lost" else None
    if to == "won" and deal.first_won_at is None:
        deal.first_won_at = event.time


# --- trade, answers --------------------------------------------------------------------------------------------------


def _trade(made: History, by_type: dict[str, list[SourceEvent]]) -> None:
    for e in by_type["order.placed"]:
        money = e.data["amount"]
        made.orders[e.data["order_id"]] = Order(
            e.key, e, money["amount_minor"], money["currency"], e.data.get("lines", []))
    for e in by_type["order.revised"]:
        made.orders[e.data["order_id"]].amount = e.data["amount"]["amount_minor"]
    for e in by_type["order.cancelled"]:
        made.orders[e.data["order_id"]].cancelled = True
    for e in by_type["order.refunded"]:
        made.orders[e.data["order_id"]].refunds.append(e)
    gone = {e.data["invoice_id"] for e in by_type["invoice.cancelled"]}
    made.invoices = [e for e in by_type["invoice.issued"] if e.data["invoice_id"] not in gone]
    back = {e.data["payment_id"]: e.data["amount"]["amount_minor"] for e in by_type["payment.reversed"]}
    made.payments = [
        (e, e.data["amount"]["amount_minor"] - back.get(e.data["payment_id"], 0)) for e in by_type["payment.received"]]


def _answers(said: list[SourceEvent]) -> list[SourceEvent]:
    """Of each invitation the last one; every answer that nobody asked for."""
    counting: dict[str, SourceEvent] = {}
    for event in said:
        counting[event.data.get("invitation_id", f"own {event.data['response_id']}")] = event
    return list(counting.values())
