"""Deals: openings, closings, the state at each day's end, entries into and exits from stages.

The image is the log of pipeline's events, each with its stamp: `log: [[stamp, what, micros or None, argument, deal]]`,
where `deal` is the index in `deals` of the deal's state at that event. Pipeline publishes late what it learns late,
with the old time: stages are therefore ordered by business time, and the deal at any time is the state of the latest
event of that time or before.
"""
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from itertools import pairwise
from typing import Any

from chassis.domain.handlers import Meta
from chassis.domain.projection import Image, Touch
from contracts.kinds import Money
from contracts.pipeline import (
    Opportunity,
    OpportunityLost,
    OpportunityOpened,
    OpportunityReopened,
    OpportunityRevised,
    OpportunityWon,
    StageEntered,
)
from services.kpi.definitions.rows import FactRow, LineAmount, row
from services.kpi.projections.images import lines, micros, money, own_stamp
from services.kpi.projections.registry import EventHandler
from services.kpi.projections.rows import FactContext, LocalDays, cell_labels, split_by_line

KIND = "deal"
OPENED, REVISED, ENTERED, WON, LOST, REOPENED = "o", "r", "e", "w", "l", "x"
STATUS = {OPENED: "open", REOPENED: "open", WON: "won", LOST: "lost"}
LABELS = "pipeline deal_kind campaign"


def handlers(context: FactContext) -> Mapping[type, EventHandler]:
    def touch(event: Any, meta: Meta) -> Touch:
        what, at, argument = _occurrence(event, meta)
        entry = [own_stamp(meta), what, at, argument, _state(event.opportunity)]
        return Touch(KIND, event.opportunity_id, lambda image: _fold(image, entry, context.days))

    return dict.fromkeys(
        (OpportunityOpened, OpportunityRevised, StageEntered, OpportunityWon, OpportunityLost, OpportunityReopened),
        touch)


def _occurrence(event: Any, meta: Meta) -> tuple[str, int | None, str | None]:
    """The log's code of the event, its business time (None: that of the opening), and its stage or reason."""
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


def _state(deal: Opportunity) -> dict[str, Any]:
    """What figures need of a deal; absent fields are left out."""
    opened: datetime | None = deal.opened_at
    expected: date | None = deal.expected_close_on
    values = {
        "pipeline": deal.pipeline, "business_line": deal.business_line, "stage": deal.stage,
        "deal_kind": deal.deal_kind, "forecast_category": deal.forecast_category, "campaign": deal.campaign_id,
        "rep": deal.rep_id, "region": deal.region, "team": deal.team, "customer_id": deal.customer_id,
        "lead_id": deal.lead_id, "product_id": deal.product_id, "lines": lines(deal.lines),
        "amount": money(deal.amount), "opened": None if opened is None else micros(opened),
        "expected": None if expected is None else expected.isoformat()[:7],
        **{f"d.{name}": label for name, label in (deal.dimensions or {}).items()},
    }
    return {name: value for name, value in values.items() if value is not None}


def _fold(image: Image, entry: list[Any], days: LocalDays) -> Image:
    """The same events give the same log in any order of arrival. Of the revisions of one day only the last stays."""
    known = image or {"log": [], "deals": []}
    full = [[*e[:4], known["deals"][e[4]]] for e in known["log"] if e[0] != entry[0] or e[1] != entry[1]]
    ordered = sorted([*full, entry], key=lambda e: (tuple(e[0]), e[1]))
    last = {days.day(e[2]): e for e in ordered if e[1] == REVISED}
    remaining = [e for e in ordered if e[1] != REVISED or last[days.day(e[2])] is e]
    deals: list[dict[str, Any]] = []
    log: list[list[Any]] = []
    for stamp, what, at, argument, deal in remaining:
        if deal not in deals:
            deals.append(deal)
        log.append([stamp, what, at, argument, deals.index(deal)])
    return {"log": log, "deals": deals}


class DealHistory:
    """A deal's image, read once for all its rows. `current`: the deal's latest state; `log`: in order of stamps."""

    def __init__(self, id: str, image: Image, context: FactContext) -> None:
        self.id, self.stages = id, context.related.stages
        self._days = context.days
        self.log: list[list[Any]] = image["log"]
        self._deals: list[dict[str, Any]] = image["deals"]
        self.current = self.deal(self.log[-1])
        self.opened: date | None = self._days.day(self.current["opened"]) if "opened" in self.current else None
        states = [e for e in self.log if e[1] in STATUS]
        self.status = STATUS[states[-1][1]] if states else "open"
        self.closing = states[-1] if states and self.status != "open" else None
        self._ordered: list[list[Any]] | None = None
        self._common: dict[int, Any] = {}  # by the identity of a deal in `_deals`, which lives as long as this object

    def deal(self, entry: Sequence[Any]) -> dict[str, Any]:
        state: dict[str, Any] = self._deals[entry[4]]
        return state

    def at(self, entry: Sequence[Any]) -> int | None:
        found: int | None = entry[2] if entry[2] is not None else self.current.get("opened")
        return found

    def day(self, entry: Sequence[Any]) -> date | None:
        at = self.at(entry)
        return None if at is None else self._days.day(at)

    @property
    def closed(self) -> date | None:
        return None if self.closing is None else self.day(self.closing)

    def by_time(self) -> list[list[Any]]:
        """The log in order of business time; undated events come first."""
        if self._ordered is None:
            self._ordered = sorted(self.log, key=lambda e: ((at := self.at(e)) is not None, at or 0, tuple(e[0])))
        return self._ordered

    def row(self, day: date | None, deal: Mapping[str, Any], owner: Mapping[str, Any] | None,
            labels: Mapping[str, str | None], fields: Mapping[str, Any]) -> FactRow:
        common = self._common.get(id(deal))
        if common is None:
            common = self._common[id(deal)] = self._shared(deal)
        base, about, currency, splits = common
        own = {} if owner is None else {"region": owner.get("region"), "team": owner.get("team"),
                                        "rep": owner.get("rep")}
        return FactRow(self.id, day, {**base, **own, **labels}, {**about, **fields}, currency, splits)

    def _shared(
        self, deal: Mapping[str, Any],
    ) -> tuple[Mapping[str, Any], Mapping[str, Any], str | None, list[LineAmount]]:
        """Labels, fields, currency and amounts that all rows of one state of the deal share."""
        amount, currency = deal.get("amount") or (None, None)
        return (
            cell_labels(deal, pipeline=deal.get("pipeline"), deal_kind=deal.get("deal_kind")),
            {"opportunity_id": self.id, "customer_id": deal.get("customer_id"), "lead_id": deal.get("lead_id"),
             "amount": amount},
            currency, split_by_line(amount or 0, deal.get("lines"), deal.get("product_id")),
        )


_deal_row = partial(row, read=DealHistory)


@_deal_row("deal.opening", fields="opportunity_id customer_id lead_id amount", labels=LABELS, lines=True)
def opening(deal: DealHistory) -> Iterator[FactRow]:
    """Rep, team and region as at the opening; everything else as in the latest state."""
    first = next((e for e in deal.log if e[1] == OPENED), None)
    if first is not None:
        yield deal.row(deal.opened, deal.current, deal.deal(first), {}, {})


@_deal_row("deal.closing", fields="opportunity_id customer_id status amount days loss_reason",
           labels=f"{LABELS} loss_reason", lines=True)
def closing(deal: DealHistory) -> Iterator[FactRow]:
    """Of a deal that is closed at present, in its latest state: a later revision restates it. `status`: won or lost.
    `days`: whole local days from the opening to the closing, None when the opening is unknown."""
    if deal.closing is None or deal.closed is None:
        return
    days = None if deal.opened is None else max((deal.closed - deal.opened).days, 0)
    reason = deal.closing[3]
    yield deal.row(deal.closed, deal.current, None, {"loss_reason": reason},
                   {"status": deal.status, "days": days, "loss_reason": reason})


@_deal_row("deal.standing", fields="opportunity_id stage forecast_category amount",
           labels=f"{LABELS} stage forecast_category expected_close_period", lines=True, lasting=True)
def standing(deal: DealHistory) -> Iterator[FactRow]:
    """One row for each run of days at whose ends the deal was open in the same state."""
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
    for i, (day, open_state) in enumerate(changes):
        if open_state is not None:
            standing_row = deal.row(day, open_state[1], None, {
                "stage": open_state[0], "forecast_category": open_state[1].get("forecast_category"),
                "expected_close_period": open_state[1].get("expected"),
            }, {"stage": open_state[0], "forecast_category": open_state[1].get("forecast_category")})
            standing_row.until = changes[i + 1][0] if i + 1 < len(changes) else None
            yield standing_row


@_deal_row("deal.stage_entry", fields="opportunity_id stage first converted open outside_blueprint",
           labels=f"{LABELS} stage")
def stage_entries(deal: DealHistory) -> Iterator[FactRow]:
    """Every entry. `first`: of its stage; `converted`: the deal later entered a stage of higher order or was won."""
    order = deal.stages.get(deal.current.get("pipeline", ""), {})
    visits = [e for e in deal.by_time() if e[1] == ENTERED]
    seen: set[str] = set()
    for position, entry in enumerate(visits):
        stage = entry[3]
        own = order.get(stage)
        higher = own is not None and any(order.get(later[3], -1) > own for later in visits[position + 1 :])
        yield deal.row(deal.day(entry), deal.current, deal.deal(entry), {"stage": stage}, {
            "stage": stage, "first": stage not in seen, "converted": higher or deal.status == "won",
            "open": deal.status == "open", "outside_blueprint": False})
        seen.add(stage)


@_deal_row("deal.stage_exit", fields="opportunity_id stage to days", labels=f"{LABELS} stage to")
def stage_exits(deal: DealHistory) -> Iterator[FactRow]:
    """Every entry into a next stage, on its day, as the exit from the stage before; `days`: whole local days in it."""
    visits = [e for e in deal.by_time() if e[1] == ENTERED]
    for left, entered in pairwise(visits):
        since, until = deal.day(left), deal.day(entered)
        days = None if since is None or until is None else max((until - since).days, 0)
        yield deal.row(until, deal.current, deal.deal(entered), {"stage": left[3], "to": entered[3]},
                       {"stage": left[3], "to": entered[3], "days": days})


def example() -> Iterator[Any]:
    deal = Opportunity(
        pipeline="services", business_line="services", stage="enquiry", deal_kind="new", forecast_category="pipeline",
        opened_at=datetime(2026, 1, 5, tzinfo=UTC), amount=Money(amount_minor=100, currency="EUR"))
    yield OpportunityOpened(opportunity_id="D1", opportunity=deal)
    for before, stage in ((None, "enquiry"), ("enquiry", "scoping")):
        yield StageEntered(opportunity_id="D1", opportunity=deal, from_=before, to=stage, transition=None,
                           actor_id=None, from_entered_at=None)
    yield OpportunityWon(opportunity_id="D1", opportunity=deal, closed_at=datetime(2026, 2, 1, tzinfo=UTC),
                         stage_before="scoping")
