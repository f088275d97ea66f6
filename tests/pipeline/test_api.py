"""HTTP API of the pipeline on a running service: in memory, and on the embedded store and log."""
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from chassis.adapters.memory import MemoryBus, MemoryStore
from chassis.adapters.sqlite import Database, SqliteBus, SqliteStore
from chassis.domain.decider import replace
from chassis.ports import Bus, Store
from chassis.runtime.application import Application
from chassis.support.clock import utc_now
from chassis.support.settings import Settings
from contracts.crm import (
    ActivityLogged,
    ActivityVoided,
    OpportunityOpeningRequested,
    OpportunityRevisionRequested,
    OpportunityStageReported,
    OpportunityTransitionRequested,
)
from contracts.kinds import Money, Subject
from contracts.lead_scoring import LeadQualified
from services.pipeline.service import SERVICE
from tests.pipeline.builders import shipped

NOW = utc_now()
EUR = {"amount_minor": 900_000, "currency": "EUR"}


@asynccontextmanager
async def adapters(kind: str, directory: Path) -> AsyncIterator[tuple[Store, Bus]]:
    if kind == "memory":
        yield MemoryStore(), MemoryBus()
        return
    database = Database(directory / "triptych.db")
    store, bus = SqliteStore(database), SqliteBus(database)
    await store.start()
    await bus.start()
    yield store, bus
    await bus.stop()
    await store.stop()


@pytest.fixture(params=["memory", pytest.param("sqlite", marks=pytest.mark.slow)])
async def app(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Application]:
    async with adapters(request.param, tmp_path) as (store, bus):
        created = Application(SERVICE, Settings(), store, bus, shipped())
        await created.start()
        task = asyncio.create_task(created.run())
        yield created
        await created.stop()
        await task


@pytest.fixture
async def http(app: Application) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app.api()), base_url="http://pipeline/v1") as client:
        yield client


async def publish(app: Application, *events: Any, days_ago: float = 1, backfill: bool = False) -> None:
    for n, event in enumerate(events):
        at = NOW - timedelta(days=days_ago - n / 1000)
        await app.publish(event, time=at, source="/erp", id=f"{type(event).__name__}-{days_ago}-{n}",
                      extensions={"backfill": "true"} if backfill else None)
    async def processed() -> bool:
        return not any((await app.freshness())["lag"].values())

    await until(processed)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(1_000):
        if await condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the condition was not met in time")


def lead_qualified(id: str = "l1", line: str = "software") -> LeadQualified:
    return LeadQualified(lead_id=id, business_line=line, captured_at=NOW, score=80, model="software@1", rep_id="ann")


def demo(lead: str = "l1", id: str = "a1") -> ActivityLogged:
    return ActivityLogged(activity_id=id, kind="demo", subject=Subject(kind="lead", id=lead))


def hardware(id: str, **more: Any) -> OpportunityOpeningRequested:
    return OpportunityOpeningRequested(opportunity_id=id, business_line="hardware", region="West", **more)


def stage(id: str, name: str, **more: Any) -> OpportunityStageReported:
    return OpportunityStageReported(opportunity_id=id, stage=name, **more)


async def test_a_qualified_lead_opens_a_deal_that_is_refused_completed_and_won(
    app: Application, http: httpx.AsyncClient,
) -> None:
    await publish(app, lead_qualified())
    deal = (await http.get("/opportunities/lead.l1")).json()
    assert (deal["stage"], deal["lead_id"], deal["rep_id"], deal["blueprint"]) == (
        "qualified", "l1", "ann", "software@1")

    offered = (await http.get("/opportunities/lead.l1/transitions")).json()["items"]
    assert [(t["name"], t["allowed"]) for t in offered] == [("demonstrate", False), ("lose", False)]
    assert offered[0]["actions"] == [{"kind": "demo", "count": 1, "done": 0}]

    path = "/opportunities/lead.l1/transitions"
    refused = await http.post(path, json={"transition": "demonstrate"})
    assert refused.status_code == 409 and refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["errors"][0]["code"] == "action_missing"
    assert refused.json()["allowed_transitions"] == ["demonstrate", "lose"]

    await publish(app, demo(), days_ago=0.5)
    assert (await http.post(path, json={"transition": "demonstrate"})).json()["stage"] == "demonstrated"
    fields = {"amount": EUR, "expected_close_on": "2026-12-31"}
    moved = await http.post(path, json={"transition": "propose", "fields": fields})
    assert moved.status_code == 200 and moved.json()["amount"] == EUR
    signed = {"transition": "win", "checklist": ["contract_signed"]}
    assert (await http.post(path, json=signed, headers={"If-Match": '"1"'})).status_code == 412
    won = await http.post(path, json=signed, headers={"If-Match": moved.headers["etag"]})
    assert won.json()["status"] == "won"

    types = [row["type"] for row in (await http.get("/opportunities/lead.l1/history")).json()["items"]]
    assert types[0] == "crm.opportunity.opened.v1" and types[-1] == "crm.opportunity.won.v1"
    assert "crm.transition.refused.v1" in types


async def test_a_deal_is_opened_and_revised_under_its_etag(http: httpx.AsyncClient) -> None:
    body = {"business_line": "services", "amount": EUR, "fields": {"days": 4}}
    created = await http.post("/opportunities", json=body, headers={"Idempotency-Key": "k1"})
    assert created.status_code == 201 and created.json()["fields"] == {"days": 4}
    again = await http.post("/opportunities", json=body, headers={"Idempotency-Key": "k1"})
    assert again.json()["opportunity_id"] == created.json()["opportunity_id"]
    path = created.headers["location"].removeprefix("/v1")
    assert (await http.patch(path, json={"region": "East"})).status_code == 428
    tag = {"If-Match": created.headers["etag"], "Content-Type": "application/merge-patch+json"}
    patched = await http.patch(path, json={"region": "East", "fields": {"days": None}}, headers=tag)
    assert patched.json()["region"] == "East" and patched.json()["fields"] == {}
    assert (await http.patch(path, json={"region": None}, headers=tag)).status_code == 412
    fresh = {"If-Match": patched.headers["etag"]}
    assert (await http.patch(path, json={"stage": "won"}, headers=fresh)).status_code == 422
    wrong = await http.patch(path, json={"fields": {"days": "many", "colour": 1}}, headers=fresh)
    assert {(e["code"], e["pointer"]) for e in wrong.json()["errors"]} == {
        ("field_invalid", "/fields/days"), ("field_unknown", "/fields/colour")}


async def test_the_same_deal_is_not_opened_twice(http: httpx.AsyncClient) -> None:
    body = {"opportunity_id": "d1", "business_line": "hardware"}
    assert (await http.post("/opportunities", json=body)).status_code == 201
    twice = await http.post("/opportunities", json={**body, "region": "East"})
    assert (twice.status_code, twice.json()["code"]) == (409, "already_known")
    unknown = await http.post("/opportunities", json={"business_line": "shipping"})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_business_line")


async def test_lists_are_filtered_sorted_and_paged(app: Application, http: httpx.AsyncClient) -> None:
    await publish(app, *(hardware(f"d{n}", amount=Money(amount_minor=n * 100, currency="EUR")) for n in range(5)),
                lead_qualified())
    first = await http.get("/opportunities?business_line=hardware&sort=-amount&limit=3")
    assert [d["opportunity_id"] for d in first.json()["items"]] == ["d4", "d3", "d2"]
    assert 'rel="next"' in first.headers["link"]
    rest = await http.get("/opportunities", params={
        "business_line": "hardware", "sort": "-amount", "cursor": first.json()["next"]})
    assert [d["opportunity_id"] for d in rest.json()["items"]] == ["d1", "d0"]
    assert len((await http.get("/opportunities?region=West&status=open")).json()["items"]) == 5
    named = (await http.get("/opportunities?id=d4&id=d1&id=unknown&id=d4")).json()["items"]
    assert sorted(d["opportunity_id"] for d in named) == ["d1", "d4"]
    assert (await http.get("/opportunities?sort=colour")).status_code == 400
    assert (await http.get("/opportunities?cursor=nonsense")).status_code == 400


async def test_the_board_counts_and_sums_by_stage(app: Application, http: httpx.AsyncClient) -> None:
    await publish(app, hardware("d1"), hardware("d2"), stage("d2", "won", amount=Money(**EUR)))
    columns = (await http.get("/opportunities/board?business_line=hardware")).json()["columns"]
    assert [(c["stage"], c["count"], c["sums"]) for c in columns] == [
        ("prospecting", 1, []), ("engaging", 0, []), ("won", 1, [EUR]), ("lost", 0, [])]


async def test_a_batch_of_transitions_returns_one_result_each(app: Application, http: httpx.AsyncClient) -> None:
    await publish(app, hardware("d1"), hardware("d2"))
    response = await http.post("/opportunities/transitions", json=[
        {"opportunity_id": "d1", "transition": "engage"}, {"opportunity_id": "d2", "transition": "win"},
        {"opportunity_id": "d3", "transition": "win"}])
    assert response.status_code == 207
    assert [(v["index"], v["status"]) for v in response.json()] == [(0, 200), (1, 409), (2, 404)]


async def test_the_funnel_counts_lost_deals(app: Application, http: httpx.AsyncClient) -> None:
    await publish(app, hardware("d1"), hardware("d2"), hardware("d3"), days_ago=6)
    await publish(app, stage("d1", "engaging"), stage("d2", "engaging"), days_ago=4)
    await publish(app, stage("d1", "won"), stage("d2", "lost", loss_reason="price"), stage("d3", "lost"), days_ago=2)
    stages = (await http.get("/funnels/hardware")).json()["stages"]
    assert [(s["stage"], s["reached"], s["converted"], s["lost"], s["loss_reasons"]) for s in stages] == [
        ("prospecting", 3, 2, 1, {"not_recorded": 1}), ("engaging", 2, 1, 1, {"price": 1}), ("won", 1, 0, 0, {})]
    assert stages[0]["median_days"] == 2 and stages[0]["conversion"] == 0.666667
    since = (NOW - timedelta(days=4.9)).date()
    empty = (await http.get(f"/funnels/hardware?from={since}&to={NOW.date()}")).json()["stages"]
    assert [s["reached"] for s in empty] == [0, 0, 0]
    flow = (await http.get(f"/funnels/hardware?from={since}&mode=throughput")).json()["stages"]
    assert [s["reached"] for s in flow] == [0, 2, 1]
    assert (await http.get("/funnels/nothing")).status_code == 404


@pytest.mark.slow
async def test_a_breach_is_listed_in_the_worklist_and_imported_deals_do_not_breach(
    app: Application, http: httpx.AsyncClient,
) -> None:
    await publish(app, lead_qualified(), days_ago=6)
    await publish(app, lead_qualified("l2"), days_ago=5.9, backfill=True)
    await publish(app, lead_qualified("l3"), days_ago=2)

    async def breached() -> bool:
        return bool((await http.get("/opportunities/lead.l1")).json()["breaches"])

    await until(breached)
    found = (await http.get("/worklist?rep_id=ann")).json()
    assert [d["opportunity_id"] for d in found["overdue"]] == ["lead.l1"]
    assert sorted(d["opportunity_id"] for d in found["next"]) == ["lead.l2", "lead.l3"]
    assert (await http.get("/opportunities/lead.l2")).json()["breaches"] == []


async def test_commands_on_the_bus_have_the_same_effect_as_over_http(app: Application, http: httpx.AsyncClient) -> None:
    revision = OpportunityRevisionRequested(opportunity_id="d1", region=None, rep_id="bob", given=("region", "rep_id"))
    await publish(app, OpportunityOpeningRequested(opportunity_id="d1", business_line="software", region="West"),
                revision, OpportunityTransitionRequested(opportunity_id="d1", transition="demonstrate"))
    deal = (await http.get("/opportunities/d1")).json()
    assert (deal["region"], deal["rep_id"], deal["stage"]) == (None, "bob", "qualified")
    last = (await http.get("/opportunities/d1/history")).json()["items"][-1]
    assert last["type"] == "crm.transition.refused.v1" and last["data"]["reasons"][0]["code"] == "action_missing"
    logged = ActivityLogged(activity_id="a7", kind="demo", subject=Subject(kind="opportunity", id="d1"))
    transition = OpportunityTransitionRequested(opportunity_id="d1", transition="demonstrate")
    await publish(app, logged, days_ago=0.9)
    await publish(app, ActivityVoided(activity_id="a7", subject=logged.subject), days_ago=0.8)
    await publish(app, transition, days_ago=0.7)
    assert (await http.get("/opportunities/d1")).json()["stage"] == "qualified"
    await publish(app, replace(logged, activity_id="a8"), days_ago=0.6)
    await publish(app, transition, days_ago=0.5)
    assert (await http.get("/opportunities/d1")).json()["stage"] == "demonstrated"


async def test_contradicting_events_become_dead_letters_and_valid_ones_are_applied(
    app: Application, http: httpx.AsyncClient,
) -> None:
    await publish(app, OpportunityOpeningRequested(opportunity_id="d1", business_line="shipping"), hardware("d2"),
                hardware("d2", rep_id="ann"), stage("d3", "won"), stage("d2", "paid"))
    dead_letters = (await http.get("/dead-letters")).json()["items"]
    assert sorted(record["code"] for record in dead_letters) == [
        "already_known", "no_such_opportunity", "unknown_business_line", "unknown_stage"]
    assert [d["opportunity_id"] for d in (await http.get("/opportunities")).json()["items"]] == ["d2"]


async def test_lines_layouts_blueprints_and_diagrams_are_returned(http: httpx.AsyncClient) -> None:
    lines = (await http.get("/business-lines")).json()["items"]
    assert [line["name"] for line in lines] == ["hardware", "services", "software"]
    fields = (await http.get("/business-lines/software/layout")).json()["fields"]
    assert {"amount", "seats"} <= {f["name"] for f in fields}
    assert len((await http.get("/blueprints")).json()["items"]) == 4
    blueprint = (await http.get("/blueprints/software?version=1")).json()
    assert blueprint["stages"][0]["sla"] == [{"after_seconds": 432_000, "level": "overdue"}]
    assert (await http.get("/blueprints/software?version=9")).status_code == 404
    diagram = await http.get("/blueprints/software/diagram")
    assert diagram.headers["content-type"].startswith("text/vnd.mermaid") and "stateDiagram-v2" in diagram.text
    svg = await http.get("/blueprints/software/diagram", headers={"Accept": "image/svg+xml"})
    assert svg.status_code == 501
    assert (await http.post("/actions/x/complete")).status_code == 501
