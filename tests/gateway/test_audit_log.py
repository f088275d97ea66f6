"""Audit log: every write and refusal with caller, time and result; without names, bodies and secrets."""
import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis.adapters.memory import MemoryStore
from chassis.ports import StoreUnavailable
from chassis.support.clock import now_ns, utc_now
from services.gateway.middleware import audit_log
from services.gateway.middleware.audit_log import LOG, AuditLog, AuditRecord
from tests.gateway.harness import GatewayHarness, gateway_harness
from tests.gateway.scenarios import company_harness, new_client, signed_in_as, status_and_code

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
async def harness(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayHarness]:
    async with company_harness(tmp_path_factory.mktemp("harness")) as running:
        yield running


async def entries(harness: GatewayHarness, **query: Any) -> list[dict[str, Any]]:
    response = await harness.client.get("/v1/audit", params={"limit": 500, **query})
    assert response.status_code == 200, response.text
    return list(response.json()["items"])


async def last(harness: GatewayHarness) -> dict[str, Any]:
    return (await entries(harness))[0]


async def test_a_write_is_audited_with_caller_request_time_and_result(harness: GatewayHarness):
    before = utc_now()
    async with signed_in_as(harness, "rep", rep_id="anna") as anna:
        created = await anna.post("/v1/opportunities", json={"business_line": "hardware", "region": "Secretland"})
        assert created.status_code == 201
    entry = await last(harness)
    assert (entry["principal"], entry["mode"], entry["roles"], entry["method"], entry["path"]) == (
        "anna", "developer", ["rep"], "POST", "/v1/opportunities")
    assert (entry["permission"], entry["status"], entry["outcome"]) == ("deals:write", 201, "done")
    assert before <= datetime.fromisoformat(entry["at"]) <= utc_now()


async def test_a_failed_write_is_audited(harness: GatewayHarness):
    async with signed_in_as(harness, "rep", rep_id="anna") as anna:
        move = await anna.post("/v1/opportunities/deal-anna/transitions", json={"transition": "no_such"})
    entry = await last(harness)
    assert (entry["path"], entry["status"], entry["outcome"]) == (
        "/v1/opportunities/deal-anna/transitions", move.status_code, "failed")
    assert move.status_code in (409, 422)


@pytest.mark.parametrize(("method", "path", "headers", "status"), [
    ("GET", "/v1/lag", {}, 403), ("PUT", "/v1/targets/2026", {}, 403),
    ("POST", "/v1/opportunities", {"origin": "https://evil.test"}, 403),
    ("GET", "/v1/me", {"authorization": "Bearer tk_no"}, 401), ("GET", "/v1/me", {"host": "evil.test"}, 421),
])
async def test_a_refused_read_is_audited(
    harness: GatewayHarness, method: str, path: str, headers: Any, status: int,
):
    async with signed_in_as(harness, "analyst") as browser:
        response = await browser.request(method, path, headers=headers, json=None if method == "GET" else {})
    entry = await last(harness)
    assert response.status_code == status
    assert (entry["method"], entry["path"], entry["status"], entry["code"], entry["outcome"]) == (
        method, path, status, response.json()["code"], "refused")


async def test_successful_reads_are_not_audited(harness: GatewayHarness):
    count = len(await entries(harness))
    async with signed_in_as(harness, "director") as director:
        signed_in = 1
        for path in ("/v1/opportunities", "/v1/opportunities/no", "/v1/boards", "/v1/audit"):
            await director.get(path)
        await director.post("/v1/kpis/query", json=[{"measure": "visits"}])
    assert len(await entries(harness)) == count + signed_in


async def test_the_audit_log_has_no_personal_data_and_no_secrets(harness: GatewayHarness):
    key, _ = await harness.gateway.keys.create("spy", ["leads:write"])
    async with new_client(harness, address="203.0.113.7", authorization=f"Bearer {key}") as program:
        await program.post("/v1/leads?note=Querytext", json={
            "business_line": "hardware", "contact": {"name": "Jo Secret", "email": "jo@secret.test"}})
    await harness.client.post("/s/eyJ0.secret-token", content=b"nps=9",
                         headers={"content-type": "application/x-www-form-urlencoded"})
    store = harness.gateway.store
    audit = (await store.find(LOG.name, {}, limit=500)).documents
    stored = b"".join(d.body for d in audit) + json.dumps([dict(d.index) for d in audit]).encode()
    for text in (b"Secret", b"secret", b"Querytext", b"203.0.113.7", key.encode(), b"Secretland", b"Anna"):
        assert text not in stored
    assert "/s/…" in {e["path"] for e in await entries(harness)}


async def test_equal_refusals_are_stored_once_a_minute_with_their_number(
    harness: GatewayHarness, monkeypatch: pytest.MonkeyPatch,
):
    async with signed_in_as(harness, "analyst") as browser:
        count = len(await entries(harness))
        for _ in range(20):
            assert (await browser.get("/v1/definitions")).status_code == 403
        assert len(await entries(harness)) == count + 1
        monkeypatch.setattr(audit_log, "REPEAT_SECONDS", 0.0)
        await browser.get("/v1/definitions")
        entry = await last(harness)
        assert (entry["path"], entry["repeated"]) == ("/v1/definitions", 19)


async def test_the_audit_log_is_filtered_and_paged(harness: GatewayHarness):
    async with signed_in_as(harness, "rep", rep_id="bert") as bert:
        for _ in range(3):
            await bert.post("/v1/opportunities", json={"business_line": "hardware"})
    mine = await entries(harness, principal="bert", outcome="done")
    assert len(mine) == 3 and {e["principal"] for e in mine} == {"bert"}
    assert [e["at"] for e in mine] == sorted((e["at"] for e in mine), reverse=True)
    future = (utc_now() + timedelta(hours=1)).isoformat()
    assert await entries(harness, since=future) == []
    assert len(await entries(harness, principal="bert", until=future, since="2020-01-01T00:00:00Z")) == 3
    seen, path = [], "/v1/audit?principal=bert&limit=1"
    while path:
        page = await harness.client.get(path)
        seen += [e["id"] for e in page.json()["items"]]
        path = page.links.get("next", {}).get("url")
    assert seen == [e["id"] for e in mine]


async def test_the_audit_log_survives_a_restart(tmp_path: Path):
    async with gateway_harness("sqlite", tmp_path) as first, signed_in_as(first, "admin", rep_id="root") as browser:
        assert (await browser.post("/v1/segments/recompute?as_of=2026-01-01")).status_code == 202
    async with gateway_harness("sqlite", tmp_path) as second:
        assert "/v1/segments/recompute" in {e["path"] for e in await entries(second, principal="root")}


async def test_concurrent_entries_are_all_stored(harness: GatewayHarness):
    async with signed_in_as(harness, "rep", rep_id="max") as browser:
        await asyncio.gather(*(browser.post("/v1/opportunities", json={"business_line": "hardware"})
                               for _ in range(25)))
    assert len(await entries(harness, principal="max", outcome="done")) == 25


async def test_a_write_succeeds_when_the_audit_log_is_unavailable(harness: GatewayHarness):
    """The write cannot be undone; the record is written to the log of the process instead."""
    class UnavailableStore:
        async def ensure(self, _collections: Any) -> None:
            raise StoreUnavailable("unavailable")

    audit = AuditLog(UnavailableStore())  # type: ignore[arg-type]
    entry = AuditRecord(principal="x", mode="key", method="POST", path="/v1/leads", permission="leads:write",
                        status=202,
                  code=None, milliseconds=1)
    await audit.record(entry, "127.0.0.1")


async def test_entries_are_pruned_after_the_retention(monkeypatch: pytest.MonkeyPatch):
    store = MemoryStore()
    audit = AuditLog(store, days=10)
    now = now_ns()
    entry = AuditRecord(principal="x", mode="key", method="POST", path="/v1/leads", permission="leads:write",
                        status=202,
                  code=None, milliseconds=1)
    for days in (12, 11, 9, 0):
        monkeypatch.setattr(audit_log, "now_ns", lambda days=days: now - days * 86_400_000_000_000)
        await audit.record(entry, "127.0.0.1")
    assert len((await audit.page({}, None, 100))[0]) == 4
    monkeypatch.setattr(audit_log, "PRUNE_SECONDS", -1.0)
    await audit.record(entry, "127.0.0.1")
    assert len((await audit.page({}, None, 100))[0]) == 3


async def test_reading_the_audit_log_requires_the_permission(harness: GatewayHarness):
    for role, expected in (("rep", 403), ("marketer", 403), ("operator", 200), ("director", 200), ("admin", 200)):
        async with signed_in_as(harness, role, rep_id="anna") as browser:
            assert (await browser.get("/v1/audit")).status_code == expected
    for query in ("outcome=all", "since=yesterday", "limit=501", "cursor=x"):
        assert status_and_code(await harness.client.get(f"/v1/audit?{query}"))[0] in (400, 422)
