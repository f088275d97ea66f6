"""A company as a discrete-event simulation: one queue of steps in time order, one random source.

Season and weekday drive the leads; deals move faster towards the end of a quarter; some transition requests violate the
blueprint and are refused; one region is inactive for two weeks, an anomaly for the measures to show.
"""
import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import cos, pi
from random import Random
from typing import Any, NamedTuple

from services.pipeline.definitions import Book, TransitionDefinition
from tools.simulation.world import LINE_OF_SECTOR, PRODUCTS, SECTORS, Product, SimulatedRep, firm, person, reps

SOURCE = "simulation/crm"
LEADS_A_DAY = 7.0
BREAKS = 0.08  # share of requested transitions that are incomplete
QUIET_REGION = "East"
QUIET_BEFORE_END = timedelta(days=75)
QUIET_FOR = timedelta(days=14)
CURRENCY = "EUR"
PRAISE = ("Quick, honest, and the price was as agreed.", "Your people know what they are talking about.",
          "从咨询到交付都很顺利。", "The demonstration answered every question we had.")
MIXED = ("Good product, the contract took its time.", "Fine in all, the offer had to be corrected once.",
         "总体不错，报价稍慢。")
COMPLAINTS = ("We waited two weeks for an answer.", "The offer changed after we had agreed.", "交付比承诺的晚了很多。",
              "Nobody could tell us who is responsible.")


class SimulatedEvent(NamedTuple):
    """One event to be published: business time, CloudEvents type, id, data."""

    time: datetime
    type: str
    id: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SimulatedLead:
    lead_id: str
    line: str
    firm: str
    sector: str
    rep: SimulatedRep
    campaign_id: str | None
    captured_at: datetime


@dataclass(frozen=True, slots=True)
class SimulatedDeal:
    opportunity_id: str
    lead: SimulatedLead
    customer_id: str
    product: Product
    amount_minor: int


Step = Callable[[datetime], None]


class Company:
    """`events()` never ends: those before `until` are the history, the later ones are published live."""

    def __init__(self, seed: int, start: datetime, until: datetime, book: Book) -> None:
        self.random = Random(seed)
        self.start, self.until, self.book = start, until, book
        self.quiet = (until - QUIET_BEFORE_END, until - QUIET_BEFORE_END + QUIET_FOR)
        self.reps = reps(self.random)
        self._queue: list[tuple[datetime, int, Step]] = []
        self._out: list[SimulatedEvent] = []
        self._count = 0
        self._ids: dict[str, int] = {}
        self._campaign: str | None = None
        self._customers: list[tuple[str, str, SimulatedLead]] = []  # customers to sell to again

    # --- the queue ---------------------------------------------------------------------------------------------------

    def events(self) -> Iterator[SimulatedEvent]:
        self._at(self.start, self._start_company)
        while self._queue:
            time, _, step = heapq.heappop(self._queue)
            step(time)
            yield from self._out
            self._out.clear()

    def _at(self, time: datetime, step: Step) -> None:
        self._count += 1
        heapq.heappush(self._queue, (time, self._count, step))

    def _emit(self, time: datetime, type: str, id: str, **data: Any) -> None:
        fields = {k: v for k, v in data.items() if v is not None}
        self._out.append(SimulatedEvent(time, f"crm.{type}.v1", id, fields))

    def _id(self, kind: str) -> str:
        self._ids[kind] = self._ids.get(kind, 0) + 1
        return f"{kind}-{self._ids[kind]:06d}"

    # --- people, products, campaigns, days ---------------------------------------------------------------------------

    def _start_company(self, now: datetime) -> None:
        for rep in self.reps:
            self._emit(now, "employee.assigned", f"assign-{rep.rep_id}", employee_id=rep.rep_id, name=rep.name,
                      department="Sales", team=rep.team, region=rep.region, roles=["rep"],
                      effective_on=now.date().isoformat())
        for products in PRODUCTS.values():
            for p in products:
                self._emit(now, "product.released", f"release-{p.product_id}", product_id=p.product_id, name=p.name,
                          category=p.category, list_price=_money(p.price_minor))
        self._at(now, self._launch)
        self._at(now, self._day)

    def _launch(self, now: datetime) -> None:
        campaign = self._id("campaign")
        channel = self.random.choice(("email", "fair", "web", "partner"))
        if self._campaign:
            self._emit(now, "campaign.ended", f"end-{self._campaign}", campaign_id=self._campaign)
        self._campaign = campaign
        self._emit(now, "campaign.launched", campaign, campaign_id=campaign, name=f"{channel} {now:%Y-%m}",
                  channel=channel, budget=_money(5_000_000))
        for week in range(4):
            at = now + timedelta(days=7 * week, hours=9)
            self._at(at, self._spender(campaign))
        self._at(now + timedelta(days=28), self._launch)

    def _spender(self, campaign: str) -> Step:
        def spend(now: datetime) -> None:
            id = self._id("spend")
            self._emit(now, "campaign.spent", id, campaign_id=campaign, spend_id=id,
                      amount=_money(self.random.randrange(200_000, 900_000, 1_000)))
        return spend

    def _day(self, now: datetime) -> None:
        """Plans the leads of one day, and the next day."""
        rate = LEADS_A_DAY * _season(now) * (0.15 if now.weekday() >= 5 else 1.0)
        for _ in range(_poisson(self.random, rate)):
            self._at(now + timedelta(seconds=self.random.randrange(8 * 3600, 18 * 3600)), self._capture)
        if self._customers and self.random.random() < 0.5:
            self._at(now + timedelta(hours=self.random.randrange(9, 17)), self._sell_again)
        self._at(now + timedelta(days=1), self._day)

    def _is_quiet(self, now: datetime, rep: SimulatedRep) -> bool:
        return rep.region == QUIET_REGION and self.quiet[0] <= now < self.quiet[1] and self.random.random() < 0.8

    # --- leads -------------------------------------------------------------------------------------------------------

    def _capture(self, now: datetime) -> None:
        sector = self.random.choice(SECTORS)
        line = self.random.choices(tuple(PRODUCTS), LINE_OF_SECTOR[sector])[0]
        rep = self.random.choice(self.reps)
        if self._is_quiet(now, rep):
            return
        campaign = self._campaign if self.random.random() < 0.4 else None
        lead = SimulatedLead(self._id("lead"), line, firm(self.random), sector, rep, campaign, now)
        self._emit(now, "lead.captured", f"captured-{lead.lead_id}", lead_id=lead.lead_id, business_line=line,
                  source=self.random.choice(("web", "fair", "referral", "cold_call", "partner")),
                  contact={"name": person(self.random), "email": f"{lead.lead_id}@customer.example",
                           "company": lead.firm},
                  attributes=self._attributes(line), region=rep.region, team=rep.team, rep_id=rep.rep_id,
                  campaign_id=campaign, dimensions={"sector": sector})
        later = now
        for kind in ("web_visit", "download", "call", "demo" if line == "software" else "meeting"):
            if self.random.random() < 0.7:
                later += timedelta(hours=self.random.uniform(2, 60))
                self._at(_office_hours(later), self._touch(lead, kind))
        end = later + timedelta(days=self.random.uniform(1, 6))
        self._at(_office_hours(end), self._convert(lead) if self.random.random() < 0.45 else self._lose_lead(lead))

    def _attributes(self, line: str) -> dict[str, Any]:
        r = self.random
        attributes: dict[str, Any] = {
            "employees": int(r.lognormvariate(4.5, 1.1)), "budget": r.randrange(0, 200_000, 5_000),
            "country": r.choice(("DE", "AT", "CH", "FR", "CN"))}
        if line == "hardware":
            attributes |= {"quantity": r.randrange(1, 60), "site": r.random() < 0.5}
        if line == "services":
            attributes |= {"project": "rollout" if r.random() < 0.6 else None, "starts_in_days": r.randrange(10, 200)}
        return {k: v for k, v in attributes.items() if v is not None}

    def _touch(self, lead: SimulatedLead, kind: str) -> Step:
        def touch(now: datetime) -> None:
            if kind in ("web_visit", "download"):
                id = self._id("signal")
                self._emit(now, "engagement.recorded", id, engagement_id=id, kind=kind,
                          subject={"kind": "lead", "id": lead.lead_id}, business_line=lead.line)
            else:
                self._activity(now, kind, "lead", lead.lead_id, lead)
        return touch

    def _activity(
        self, now: datetime, kind: str, about: str, id: str, lead: SimulatedLead, customer: str | None = None,
    ) -> None:
        if kind in ("visit", "call") and self._is_quiet(now, lead.rep):
            return
        activity = self._id("activity")
        lasting = {"visit": 3600, "demo": 2700, "meeting": 3000, "call": 420}.get(kind, 300)
        self._emit(now, "activity.logged", activity, activity_id=activity, kind=kind,
                  subject={"kind": about, "id": id}, lead_id=lead.lead_id,
                  opportunity_id=id if about == "opportunity" else None, customer_id=customer,
                  direction="outbound" if self.random.random() < 0.8 else "inbound",
                  duration_seconds=int(lasting * self.random.uniform(0.2, 1.6)),
                  outcome=self.random.choice(("reached", "reached", "agreed", "no_answer")),
                  business_line=lead.line, region=lead.rep.region, team=lead.rep.team, rep_id=lead.rep.rep_id)
        if self.random.random() < 0.01:
            self._at(now + timedelta(hours=2), self._void(activity, about, id))

    def _void(self, activity: str, about: str, id: str) -> Step:
        def void(now: datetime) -> None:
            self._emit(now, "activity.voided", f"void-{activity}", activity_id=activity,
                      subject={"kind": about, "id": id}, reason="entered twice")
        return void

    def _lose_lead(self, lead: SimulatedLead) -> Step:
        def lose(now: datetime) -> None:
            self._emit(now, "lead.lost", f"lost-{lead.lead_id}", lead_id=lead.lead_id, business_line=lead.line,
                      reason=self.random.choice(("no_interest", "no_budget", "unreachable")), rep_id=lead.rep.rep_id)
        return lose

    def _convert(self, lead: SimulatedLead) -> Step:
        def convert(now: datetime) -> None:
            customer = f"customer-{lead.lead_id.rpartition('-')[2]}"
            self._emit(now, "customer.registered", f"registered-{customer}", customer_id=customer, name=lead.firm,
                      business_line=lead.line, region=lead.rep.region, team=lead.rep.team, rep_id=lead.rep.rep_id,
                      dimensions={"sector": lead.sector})
            deal = self._deal(f"lead.{lead.lead_id}", lead, customer)
            self._emit(now, "lead.converted", f"converted-{lead.lead_id}", lead_id=lead.lead_id, customer_id=customer,
                      opportunity_id=deal.opportunity_id, business_line=lead.line, rep_id=lead.rep.rep_id,
                      campaign_id=lead.campaign_id)
            self._open(now, deal, "new")
        return convert

    # --- deals -------------------------------------------------------------------------------------------------------

    def _deal(self, id: str, lead: SimulatedLead, customer: str) -> SimulatedDeal:
        product = self.random.choice(PRODUCTS[lead.line])
        amount = round(product.price_minor * self.random.lognormvariate(0.4, 0.6) / 10_000) * 10_000
        return SimulatedDeal(id, lead, customer, product, max(amount, 50_000))

    def _sell_again(self, now: datetime) -> None:
        customer, _, lead = self.random.choice(self._customers)
        deal = self._deal(self._id("deal"), lead, customer)
        self._open(now, deal, self.random.choice(("upsell", "cross_sell", "renewal")))

    def _open(self, now: datetime, deal: SimulatedDeal, kind: str) -> None:
        lead = deal.lead
        close = (now + timedelta(days=self.random.randrange(20, 90))).date()
        facts = {"business_line": lead.line, "amount_minor": deal.amount_minor, "currency": CURRENCY}
        line = self.book.lines[lead.line]
        if kind == "new" and line.opens_on_qualified:  # the lead may have opened the deal already, without an amount
            facts = {"business_line": lead.line}
        blueprint = self.book.lines[lead.line].blueprint_for(facts)
        if blueprint is None:
            return
        self._emit(now, "opportunity.opening_requested", f"open-{deal.opportunity_id}",
                  opportunity_id=deal.opportunity_id, pipeline=blueprint.name, business_line=lead.line,
                  lead_id=lead.lead_id if kind == "new" else None,
                  amount=_money(deal.amount_minor), expected_close_on=close.isoformat(), deal_kind=kind,
                  customer_id=deal.customer_id, product_id=deal.product.product_id, region=lead.rep.region,
                  team=lead.rep.team, rep_id=lead.rep.rep_id, campaign_id=lead.campaign_id,
                  dimensions={"sector": lead.sector})
        self._plan(now, deal, blueprint.name, blueprint.initial)

    def _plan(self, now: datetime, deal: SimulatedDeal, pipeline: str, stage: str) -> None:
        """Plans the next transition: usually a stage ahead, sometimes a loss; faster towards the end of a quarter."""
        blueprint = self.book.pipelines[pipeline]
        ahead = [t for t in blueprint.leaving(stage) if blueprint.rank(t.to) > blueprint.rank(stage)]
        lost = next((t for t in blueprint.leaving(stage) if blueprint.stages[t.to].type == "lost"), None)
        days = self.random.gammavariate(2.0, 4.0) * (0.6 if _quarter_end(now) else 1.0)
        at = _office_hours(now + timedelta(days=days))
        if ahead and self.random.random() < min(0.95, 0.83 * deal.lead.rep.skill):
            self._at(at, self._prepare(deal, pipeline, stage, ahead[0]))
        elif lost is not None:
            self._at(at, self._request(deal, pipeline, stage, lost, complete=True))

    def _prepare(self, deal: SimulatedDeal, pipeline: str, stage: str, transition: TransitionDefinition) -> Step:
        """The actions that the transition requires, and some further ones; sometimes one is missing."""
        def prepare(now: datetime) -> None:
            complete = self.random.random() >= BREAKS
            at = now
            required = [a.kind for a in transition.actions for _ in range(getattr(a, "times", 1) or 1)]
            for kind in (required if complete else required[1:]) + self._extra_actions():
                at += timedelta(minutes=self.random.randrange(30, 600))
                self._at(_office_hours(at), self._perform(deal, str(kind)))
            at = _office_hours(at + timedelta(hours=5))
            self._at(max(at, now + timedelta(days=2)), self._request(deal, pipeline, stage, transition, complete))
            if not complete:
                again = max(at, now + timedelta(days=2)) + timedelta(days=3)
                for kind in required:
                    self._at(_office_hours(again - timedelta(days=2)), self._perform(deal, str(kind)))
                self._at(_office_hours(again), self._request(deal, pipeline, stage, transition, complete=True))
        return prepare

    def _extra_actions(self) -> list[str]:
        return [k for k, chance in (("visit", 0.35), ("call", 0.6), ("email", 0.5), ("follow_up", 0.3))
                if self.random.random() < chance]

    def _perform(self, deal: SimulatedDeal, kind: str) -> Step:
        def act(now: datetime) -> None:
            # required actions happen even in the quiet weeks; only optional ones do not
            self._activity(now, kind, "opportunity", deal.opportunity_id, deal.lead, deal.customer_id)
        return act

    def _request(
        self, deal: SimulatedDeal, pipeline: str, stage: str, transition: TransitionDefinition, complete: bool,
    ) -> Step:
        def request(now: datetime) -> None:
            blueprint = self.book.pipelines[pipeline]
            fields = {r.field: self._field(blueprint.fields.get(r.field), r.field, deal, now)
                      for r in transition.requires}
            target = blueprint.stages[transition.to]
            if target.type == "lost":
                reason = self.random.choice(blueprint.loss_reasons).name if blueprint.loss_reasons else "other"
                fields["loss_reason"] = reason
            if not complete and fields:
                fields.pop(next(iter(fields)))
            checklist = [i.name for i in transition.checklist] if complete else []
            self._emit(now, "opportunity.transition_requested", self._id("request"), opportunity_id=deal.opportunity_id,
                      transition=transition.name, fields=fields, checklist=checklist, actor_id=deal.lead.rep.rep_id)
            broken = not complete and (transition.requires or transition.actions or transition.checklist)
            if broken:
                return
            if target.type == "open":
                self._plan(now, deal, pipeline, transition.to)
            elif target.type == "won":
                self._won(now, deal)
        return request

    def _field(self, form: Any, name: str, deal: SimulatedDeal, now: datetime) -> Any:
        known = {"amount": _money(deal.amount_minor), "discount": self.random.randrange(0, 20),
                 "expected_close_on": (now + timedelta(days=30)).date().isoformat(),
                 "decision_maker": person(self.random)}
        if name in known:
            return known[name]
        kind = getattr(form, "type", "text")
        values: dict[str, Any] = {
            "integer": self.random.randrange(5, 90), "number": self.random.randrange(1, 50), "boolean": True,
            "date": (now + timedelta(days=20)).date().isoformat(), "text": "as agreed",
            "choice": form.options[0].name if getattr(form, "options", None) else "other",
        }
        return values.get(kind, "as agreed")

    # --- after the win -----------------------------------------------------------------------------------------------

    def _won(self, now: datetime, deal: SimulatedDeal) -> None:
        self._customers.append((deal.customer_id, deal.lead.line, deal.lead))
        order = self._id("order")
        where = {"business_line": deal.lead.line, "region": deal.lead.rep.region, "team": deal.lead.rep.team,
                 "rep_id": deal.lead.rep.rep_id}
        self._at(now + timedelta(hours=3), lambda t: self._order(t, order, deal, where))
        self._at(now + timedelta(days=2), lambda t: self._bill(t, order, deal, where))
        if self.random.random() < 0.35:
            self._at(now + timedelta(days=self.random.uniform(1, 12)), lambda t: self._answer(t, deal, where))

    def _order(self, now: datetime, order: str, deal: SimulatedDeal, where: Mapping[str, Any]) -> None:
        self._emit(now, "order.placed", f"placed-{order}", order_id=order, customer_id=deal.customer_id,
                  amount=_money(deal.amount_minor), opportunity_id=deal.opportunity_id,
                  lines=[{"product_id": deal.product.product_id, "category": deal.product.category, "quantity": "1",
                          "amount": _money(deal.amount_minor)}], **where)
        fate = self.random.random()
        if fate < 0.02:
            self._at(now + timedelta(days=5), lambda t: self._emit(
                t, "order.cancelled", f"cancelled-{order}", order_id=order, customer_id=deal.customer_id,
                reason="changed plans", **where))
        elif fate < 0.05:
            refund = self._id("refund")
            part = deal.amount_minor // 10
            self._at(now + timedelta(days=20), lambda t: self._emit(
                t, "order.refunded", refund, refund_id=refund, order_id=order, customer_id=deal.customer_id,
                amount=_money(part), **where))

    def _bill(self, now: datetime, order: str, deal: SimulatedDeal, where: Mapping[str, Any]) -> None:
        invoice = self._id("invoice")
        self._emit(now, "invoice.issued", f"issued-{invoice}", invoice_id=invoice, customer_id=deal.customer_id,
                  amount=_money(deal.amount_minor), order_id=order, opportunity_id=deal.opportunity_id,
                  due_on=(now + timedelta(days=30)).date().isoformat(), **where)
        rest = deal.amount_minor
        for share in ((0.4, 0.6) if self.random.random() < 0.3 else (1.0,)):
            part = rest if share in (0.6, 1.0) else int(deal.amount_minor * share)
            rest -= part
            self._at(now + timedelta(days=self.random.uniform(10, 45)), self._payer(part, invoice, order, deal, where))

    def _payer(self, part: int, invoice: str, order: str, deal: SimulatedDeal, where: Mapping[str, Any]) -> Step:
        def pay(now: datetime) -> None:
            payment = self._id("payment")
            self._emit(now, "payment.received", payment, payment_id=payment, customer_id=deal.customer_id,
                      amount=_money(part), opportunity_id=deal.opportunity_id, order_id=order, invoice_id=invoice,
                      **where)
            if self.random.random() < 0.01:
                self._at(now + timedelta(days=3), lambda t: self._emit(
                    t, "payment.reversed", f"reversal-{payment}", payment_id=payment, customer_id=deal.customer_id,
                    reversal_id=f"reversal-{payment}", amount=_money(part), reason="charged back", **where))
        return pay

    def _answer(self, now: datetime, deal: SimulatedDeal, where: Mapping[str, Any]) -> None:
        score = min(10, max(0, round(self.random.gauss(8.1, 2.0))))
        response = self._id("response")
        self._emit(now, "survey.responded", response, response_id=response, survey="after_win",
                  respondent_kind="customer", respondent_id=deal.customer_id, opportunity_id=deal.opportunity_id,
                  answers={"nps": score, **_further_answers(response, score)}, complete=True, channel="email", **where)


# --- chance and calendar ---------------------------------------------------------------------------------------------


def _further_answers(response: str, score: int) -> dict[str, Any]:
    """Further answers, drawn from a random source of the response: the company's own source does not advance."""
    own = Random(response)
    answers: dict[str, Any] = {"csat": min(5, max(1, round(score / 2 + own.gauss(0, 0.6))))}
    if own.random() < 0.4:
        answers["reason"] = own.choice(PRAISE if score >= 9 else MIXED if score >= 7 else COMPLAINTS)
    return answers


def _money(minor: int) -> dict[str, Any]:
    return {"amount_minor": minor, "currency": CURRENCY}


def _season(now: datetime) -> float:
    """Strong in spring and autumn, weak in August and at the turn of the year; slowly growing."""
    year = now.timetuple().tm_yday / 365.0
    growth = 1.0 + 0.08 * ((now - datetime(2024, 1, 1, tzinfo=UTC)).days / 365.0)
    return max(0.2, (1.0 + 0.25 * cos(4 * pi * (year - 0.25)))) * max(0.5, growth)


def _quarter_end(now: datetime) -> bool:
    ends = date(now.year + (now.month > 9), (now.month - 1) // 3 * 3 + 4 if now.month <= 9 else 1, 1)
    return 0 <= (ends - now.date()).days <= 14


def _office_hours(at: datetime) -> datetime:
    """The next office hour: weekends move to Monday, nights to the morning."""
    if at.weekday() >= 5:
        at += timedelta(days=7 - at.weekday())
    if at.hour >= 18:
        at += timedelta(hours=14)
        return _office_hours(at) if at.weekday() >= 5 else at
    return at + timedelta(hours=8 - at.hour) if at.hour < 8 else at


def _poisson(random: Random, rate: float) -> int:
    """Knuth's method; fine for small rates."""
    limit, product, n = 2.718281828459045 ** -rate, random.random(), 0
    while product > limit:
        product *= random.random()
        n += 1
    return n
