"""Deals: openings, closings, how they stood on each day, and the stages they went through.

The image keeps what pipeline said, each with its stamp: `log: [[stamp, what, micros or None, argument, deal]]`, `deal`
being the place in `deals` of the deal as it then stood. What pipeline heard late it says late, with the old time: so
stages are put in order of business time, and the deal at any time is the latest word said of that time or before.
"""
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from chassis.domain.handlers import Meta
from chassis.domain.projection import Image, Touch
from contracts.pipeline import (
    Opportunity,
    OpportunityLost,
    OpportunityOpened,
    OpportunityReopened,
    OpportunityRevised,
    OpportunityWon,
    StageEntered,
)
from services.kpi.projections.images import lines, micros, money, own_stamp
from services.kpi.projections.rows import Clock, Row, Split, labels_of, split

KIND = "deal"
OPENED, REVISED, ENTERED, WON, LOST, REOPENED = "o", "r", "e", "w", "l", "x"
STATUS = {OPENED: "open", REOPENED: "open", WON: "won", LOST: "lost"}
Stages = Mapping[str, Mapping[str, int]]


def touches(clock: Clock) -> Mapping[type, Callable[[Any, Meta], Touch]]:
    def touch(event: Any, meta: Meta) -> Touch:
        what, at, argument = _said(event, meta)
        entry = [own_stamp(meta), what, at, argument, essentials(event.opportunity)]
        return Touch(KIND, event.opportunity_id, lambda image: _fold(image, entry, clock))

    return dict.fromkeys(
        (OpportunityOpened, OpportunityRevised, StageEntered, OpportunityWon, OpportunityLost, OpportunityReopened),
        touch)


def _said(event: Any, meta: Meta) -> tuple[str, int | None, str | None]:
    """What it is, when it was so in the business (None: on the day of opening), and its stage or reason."""
    match event:
        case OpportunityOpened():
            return OPENED, None, None
        case StageEntered():
            undated = event.from_ is None and event.opportunity.opened_at is None
            return ENTERED, None if undated else micros(meta.time), event.to
        case OpportunityWon():
            return WON, micros(event.closed_at), None
        case OpportunityLost():
            return LOST, micros(event.closed_at), event.loss_reason
        case OpportunityReopened():
            return REOPENED, micros(meta.time), None
        case _:
            return REVISED, micros(meta.time), None


def essentials(deal: Opportunity) -> dict[str, Any]:
    """What figures need of a deal; no field that is not said."""
    opened: datetime | None = deal.opened_at
    expected: date | None = deal.expected_close_on
    made = {
        "pipeline": deal.pipeline, "business_line": deal.business_line, "stage": deal.stage,
        "deal_kind": deal.deal_kind, "forecast_category": deal.forecast_category, "campaign": deal.campaign_id,
        "rep": deal.rep_id, "region": deal.region, "team": deal.team, "customer_id": deal.customer_id,
        "lead_id": deal.lead_id, "product_id": deal.product_id, "lines": lines(deal.lines),
        "amount": money(deal.amount), "opened": None if opened is None else micros(opened),
        "expected": None if expected is None else expected.isoformat()[:7],
        **{f"d.{name}": label for name, label in (deal.dimensions or {}).items()},
    }
    return {name: value for name, value in made.items() if value is not None}


def _fold(image: Image, entry: list[Any], clock: Clock) -> Image:
    """The same events give the same log, whatever their order. Of the revisions of one day only the last stays."""
    known = image or {"log": [], "deals": []}
    full = [[*e[:4], known["deals"][e[4]]] for e in known["log"] if e[0] != entry[0] or e[1] != entry[1]]
    ordered = sorted([*full, entry], key=lambda e: (tuple(e[0]), e[1]))
    last = {clock.day(e[2]): e for e in ordered if e[1] == REVISED}
    kept = [e for e in ordered if e[1] != REVISED or last[clock.day(e[2])] is e]
    deals: list[dict[str, Any]] = []
    log: list[list[Any]] = []
    for stamp, what, at, argument, deal in kept:
        if deal not in deals:
            deals.append(deal)
        log.append([stamp, what, at, argument, deals.index(deal)])
    return {"log": log, "deals": deals}


class Deal:
    """An image, read: `current` is the deal as it stands, `log` what was said, in the order of its being said."""

    def __init__(self, id: str, image: Image, clock: Clock) -> None:
        self.id, self._clock = id, clock
        self.log: list[list[Any]] = image["log"]
        self._deals: list[dict[str, Any]] = image["deals"]
        self.current = self.deal(self.log[-1])
        self.opened: date | None = clock.day(self.current["opened"]) if "opened" in self.current else None
        states = [e for e in self.log if e[1] in STATUS]
        self.status = STATUS[states[-1][1]] if states else "open"
        self.closing = states[-1] if states and self.status != "open" else None
        self._ordered: list[list[Any]] | None = None
        self._common: dict[int, Any] = {}  # by the identity of a deal in `_deals`, which lives as long as we do

    def deal(self, entry: Sequence[Any]) -> dict[str, Any]:
        found: dict[str, Any] = self._deals[entry[4]]
        return found

    def at(self, entry: Sequence[Any]) -> int | None:
        found: int | None = entry[2] if entry[2] is not None else self.current.get("opened")
        return found

    def day(self, entry: Sequence[Any]) -> date | None:
        at = self.at(entry)
        return None if at is None else self._clock.day(at)

    @property
    def closed(self) -> date | None:
        return None if self.closing is None else self.day(self.closing)

    def by_time(self) -> list[list[Any]]:
        """In order of business time; what is not dated comes first."""
        if self._ordered is None:
            self._ordered = sorted(self.log, key=lambda e: ((at := self.at(e)) is not None, at or 0, tuple(e[0])))
        return self._ordered

    def row(self, day: date | None, deal: Mapping[str, Any], owner: Mapping[str, Any] | None,
            labels: Mapping[str, str | None], fields: Mapping[str, Any]) -> Row:
        common = self._common.get(id(deal))
        if common is None:
            common = self._common[id(deal)] = self._shared(deal)
        base, about, currency, splits = common
        own = {} if owner is None else {"region": owner.get("region"), "team": owner.get("team"),
                                        "rep": owner.get("rep")}
        return Row(self.id, day, {**base, **own, **labels}, {**about, **fields}, currency, splits)

    def _shared(self, deal: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any], str | None, list[Split]]:
        """Labels, fields, currency and amounts that all rows of the deal as it then stood have in common."""
        amount, currency = deal.get("amount") or (None, None)
        return (
            labels_of(deal, pipeline=deal.get("pipeline"), deal_kind=deal.get("deal_kind")),
            {"opportunity_id": self.id, "customer_id": deal.get("customer_id"), "lead_id": deal.get("lead_id"),
             "amount": amount},
            currency, split(amount or 0, deal.get("lines"), deal.get("product_id")),
        )


class Reader:
    """Reads an image once for all rows that are made of it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._image: Image = None
        self._deal: Deal | None = None

    def __call__(self, id: str, image: Image) -> Deal:
        if self._deal is None or self._image is not image or self._deal.id != id:
            self._image, self._deal = image, Deal(id, image, self._clock)
        return self._deal


def opening(deal: Deal) -> Iterator[Row]:
    """Rep, team and region as at the opening; everything else as the deal stands."""
    first = next((e for e in deal.log if e[1] == OPENED), None)
    if first is not None:
        yield deal.row(deal.opened, deal.current, deal.deal(first), {}, {})


def closing(deal: Deal) -> Iterator[Row]:
    """Only while it stands closed; as the deal now is, so that a later revision restates."""
    if deal.closing is None or deal.closed is None:
        return
    days = None if deal.opened is None else max((deal.closed - deal.opened).days, 0)
    reason = deal.closing[3]
    yield deal.row(deal.closed, deal.current, None, {"loss_reason": reason},
                   {"status": deal.status, "days": days, "loss_reason": reason})


def standing(deal: Deal) -> Iterator[Row]:
    """The stretches of days at whose ends the deal was open in the same way."""
    ends: dict[date | None, tuple[str, dict[str, Any]] | None] = {}
    latest = state = None
    stage: str | None = None
    for entry in deal.by_time():
        if latest is None or tuple(entry[0]) >= tuple(latest[0]):
            latest = entry
        if entry[1] in STATUS and (state is None or tuple(entry[0]) >= tuple(state[0])):
            state = entry
        if entry[1] == ENTERED:
            stage = entry[3]
        now = deal.deal(latest)
        is_open = state is None or STATUS[state[1]] == "open"
        ends[deal.day(entry)] = (stage or now["stage"], now) if is_open else None
    changes = list(ends.items())
    changes = [c for i, c in enumerate(changes) if i == 0 or c[1] != changes[i - 1][1]]
    for i, (day, how) in enumerate(changes):
        if how is not None:
            row = deal.row(day, how[1], None, {
                "stage": how[0], "forecast_category": how[1].get("forecast_category"),
                "expected_close_period": how[1].get("expected"),
            }, {"stage": how[0], "forecast_category": how[1].get("forecast_category")})
            row.until = changes[i + 1][0] if i + 1 < len(changes) else None
            yield row


def stage_entries(deal: Deal, stages: Stages) -> Iterator[Row]:
    """Every entry, `first` of its stage or not, and whether the deal went further since."""
    order = stages.get(deal.current.get("pipeline", ""), {})
    visits = [e for e in deal.by_time() if e[1] == ENTERED]
    seen: set[str] = set()
    for place, entry in enumerate(visits):
        stage = entry[3]
        own = order.get(stage)
        higher = own is not None and any(order.get(later[3], -1) > own for later in visits[place + 1 :])
        yield deal.row(deal.day(entry), deal.current, deal.deal(entry), {"stage": stage}, {
            "stage": stage, "first": stage not in seen, "converted": higher or deal.status == "won",
            "open": deal.status == "open", "outside_blueprint": False})
        seen.add(stage)


def stage_exits(deal: Deal) -> Iterator[Row]:
    """Where each stay ended: in the next stage, on the day of entering that."""
    visits = [e for e in deal.by_time() if e[1] == ENTERED]
    for left, entered in pairwise(visits):
        came, went = deal.day(left), deal.day(entered)
        days = None if came is None or went is None else max((went - came).days, 0)
        yield deal.row(went, deal.current, deal.deal(entered), {"stage": left[3], "to": entered[3]},
                       {"stage": left[3], "to": entered[3], "days": days})
