"""Simulated company: reproducible by seed, with seasons, working weeks and one region without new leads."""
import asyncio
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from chassis.messages.envelope import Message, decode_structured
from chassis.support.settings import Settings
from contracts.topics import TOPICS
from services.pipeline.service import SERVICE
from tests.support.running_service import DEFINITIONS, running_service
from tools.simulation.command import company, history, instant, live, run_simulation
from tools.simulation.company import BREAKS, QUIET_BEFORE_END, QUIET_FOR, QUIET_REGION, SimulatedEvent

UNTIL = datetime(2026, 3, 31, 18, tzinfo=UTC)
SETTINGS = Settings(definitions=DEFINITIONS)


def generate(seed: int = 1, days: int = 400, until: datetime = UNTIL) -> list[SimulatedEvent]:
    return list(history(company(SETTINGS, seed=seed, until=until, history_days=days)))


@pytest.fixture(scope="module")
def year() -> list[SimulatedEvent]:
    return generate()


@pytest.fixture(scope="module")
def weeks() -> list[SimulatedEvent]:
    return generate(days=60)


def of(happenings: list[SimulatedEvent], type: str) -> list[SimulatedEvent]:
    return [h for h in happenings if h.type == f"crm.{type}.v1"]


def test_equal_seed_and_end_give_equal_events_and_another_seed_gives_others() -> None:
    first = generate(days=30)
    assert generate(days=30) == first and len(first) > 300
    assert [h.data for h in generate(seed=2, days=30)] != [h.data for h in first]


def test_the_end_is_the_same_on_every_machine() -> None:
    assert instant("2026-03-31T18:00:00") == instant("2026-03-31T18:00:00Z") == UNTIL
    assert instant("2026-04-01T02:00:00+08:00") == UNTIL


def test_times_never_decrease_and_ids_are_unique(weeks: list[SimulatedEvent]) -> None:
    assert all(a.time <= b.time for a, b in pairwise(weeks))
    assert len({h.id for h in weeks}) == len(weeks)


def test_the_gateway_accepts_every_generated_event_type(weeks: list[SimulatedEvent]) -> None:
    first = {h.type: h for h in reversed(weeks)}
    assert len(first) >= 15
    for h in first.values():
        body = {"specversion": "1.0", "type": h.type, "source": "simulation/crm", "id": h.id,
                "time": h.time.isoformat(), "data": dict(h.data)}
        assert isinstance(decode_structured(body, now=UNTIL), Message), h


@pytest.mark.slow
def test_the_number_of_leads_depends_on_season_and_weekday(year: list[SimulatedEvent]) -> None:
    leads = of(year, "lead.captured")
    months = Counter(h.time.strftime("%Y-%m") for h in leads)
    strong, weak = months["2025-04"] + months["2025-10"], months["2025-07"] + months["2026-01"]
    assert strong > 1.2 * weak, months
    weekend = sum(h.time.weekday() >= 5 for h in leads)
    assert weekend / 2 < 0.3 * (len(leads) - weekend) / 5, "few leads arrive at a weekend"
    assert all(8 <= h.time.hour < 18 for h in leads)


@pytest.mark.slow
def test_exactly_one_region_has_few_leads_for_two_weeks(year: list[SimulatedEvent]) -> None:
    begin = UNTIL - QUIET_BEFORE_END
    regions = {h.data["region"] for h in of(year, "lead.captured")}
    assert QUIET_REGION in regions and len(regions) == 3

    def leads_per_day(region: str, since: datetime, until: datetime) -> float:
        n = sum(h.data["region"] == region and since <= h.time < until for h in of(year, "lead.captured"))
        return n / (until - since).days

    for region in regions:
        before = leads_per_day(region, begin - timedelta(days=56), begin)
        within = leads_per_day(region, begin, begin + QUIET_FOR)
        assert (within < 0.5 * before) == (region == QUIET_REGION), (region, before, within)


@pytest.mark.slow
def test_orders_follow_won_deals_and_payments_do_not_exceed_invoices(year: list[SimulatedEvent]) -> None:
    orders = {h.data["order_id"]: h for h in of(year, "order.placed")}
    assert len(orders) > 50
    requested = {h.data["opportunity_id"] for h in of(year, "opportunity.transition_requested")}
    assert {h.data["opportunity_id"] for h in orders.values()} <= requested
    invoiced = {h.data["invoice_id"]: h.data["amount"]["amount_minor"] for h in of(year, "invoice.issued")}
    paid: Counter[str] = Counter()
    for h in of(year, "payment.received"):
        paid[h.data["invoice_id"]] += h.data["amount"]["amount_minor"]
    assert paid and all(paid[i] <= invoiced[i] for i in paid)


@pytest.mark.slow
async def test_the_deals_follow_the_blueprint_except_for_planned_refusals(tmp_path: Path) -> None:
    happenings = generate(days=120)
    async with running_service(SERVICE, "memory", tmp_path) as running:
        await running.app.bus.ensure_topics({t.name: t.partitions for t in TOPICS.values()})
        simulated = company(SETTINGS, seed=1, until=UNTIL, history_days=120)
        assert await live(running.app.bus, simulated, 0.0, asyncio.Event()) == len(happenings)
        await running.settle()
        kinds: Counter[str] = Counter()
        deals = {h.data["opportunity_id"] for h in of(happenings, "opportunity.opening_requested")}
        for id in deals:
            kinds.update(row.type for row in await running.app.history("opportunity", id, limit=500))
        dead_letters = (await running.client.get("/v1/dead-letters")).json()["items"]
    entered, refused = kinds["crm.stage.entered.v1"], kinds["crm.transition.refused.v1"]
    assert dead_letters == []
    assert kinds["crm.opportunity.won.v1"] > 20 and kinds["crm.opportunity.lost.v1"] > 5
    assert 0 < refused < 1.5 * BREAKS * (entered + refused), (entered, refused)


def test_the_simulation_can_be_written_to_a_file(tmp_path: Path) -> None:
    out = tmp_path / "events.jsonl"
    status = run_simulation(SETTINGS, seed=1, until="2026-03-31T18:00:00Z", history_days=20, speed=0, out_file=out,
                            console=Console(quiet=True))
    lines: list[Any] = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert status == 0 and len(lines) == len(generate(days=20))
    assert all(isinstance(decode_structured(body, now=UNTIL), Message) for body in lines)
