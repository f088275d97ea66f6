"""The event feed: each event once, in order per key, from any position; only for callers with access to all records."""
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from chassis.http.access import Scope
from chassis.ports import Outgoing
from tests.gateway.harness import GatewayHarness, gateway_harness
from tests.gateway.scenarios import event, new_client, signed_in_as, status_and_code

pytestmark = pytest.mark.slow
PATH = "/v1/events"
CAPTURED = "crm.lead.captured.v1"


def lead(id: str, **more: Any) -> dict[str, Any]:
    return event(CAPTURED, f"e-{id}", lead_id=id, business_line="hardware", **more)


async def read_all(client: httpx.AsyncClient, query: str = "", after: str | None = None) -> tuple[list[Any], str]:
    """(the events after a cursor, page by page; the cursor after them)."""
    found: list[Any] = []
    cursor = after
    while True:
        response = await client.get(f"{PATH}?limit=3{query}{f'&after={cursor}' if cursor else ''}")
        assert response.status_code == 200, response.text
        cursor = response.json()["next"]
        assert f"after={cursor}" in response.headers["link"]
        if not response.json()["items"]:
            return found, cursor
        found += response.json()["items"]


async def latest(harness: GatewayHarness) -> str:
    cursor: str = (await harness.client.get(f"{PATH}?after=latest")).json()["next"]
    return cursor


@asynccontextmanager
async def harness_of(kind: str, directory: Path, shared: GatewayHarness) -> AsyncIterator[GatewayHarness]:
    if kind == "memory":
        yield shared
        return
    async with gateway_harness(kind, directory) as found:
        yield found


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_each_event_is_returned_once_and_the_cursor_resumes(
    kind: str, tmp_path: Path, harness: GatewayHarness,
):
    async with harness_of(kind, tmp_path, harness) as found:
        await check_each_event_once(found)


async def check_each_event_once(harness: GatewayHarness) -> None:
    captured = [lead(f"l{n}", source="web") for n in range(10)]
    revised = [event("crm.lead.revised.v1", f"r{n}", lead_id="l0", source=f"s{n}") for n in range(5)]
    start = await latest(harness)
    assert (await harness.publish(*captured, *revised)).status_code == 202
    found, end = await read_all(harness.client, f"&types={CAPTURED},crm.lead.revised.v1", start)
    assert sorted(e["id"] for e in found) == sorted(e["id"] for e in (*captured, *revised))
    assert [e["id"] for e in found if e["partitionkey"] == "l0"] == ["e-l0", *(e["id"] for e in revised)]
    first = next(e for e in found if e["id"] == "e-l0")
    assert (first["type"], first["source"], first["data"]["source"]) == (CAPTURED, "/hr", "web")
    assert (await read_all(harness.client, f"&types={CAPTURED}", end))[0] == []
    assert (await harness.publish(lead("later"))).status_code == 202
    assert [e["id"] for e in (await read_all(harness.client, f"&types={CAPTURED}", end))[0]] == ["e-later"]
    from_beginning = [e["id"] for e in (await read_all(harness.client, f"&types={CAPTURED}"))[0]]
    assert {*(e["id"] for e in captured), "e-later"} <= set(from_beginning)
    assert len(from_beginning) == len(set(from_beginning))


async def test_events_of_services_are_included_and_internal_ones_are_not(harness: GatewayHarness):
    assert (await harness.publish(lead("l", attributes={"employees": 500}), event(
        "crm.opportunity.opening_requested.v1", "o", opportunity_id="o", business_line="hardware"))).status_code == 202
    types = {e["type"] for e in (await read_all(harness.client))[0]}
    assert types >= {CAPTURED, "crm.opportunity.opening_requested.v1", "crm.opportunity.opened.v1",
                     "crm.stage.entered.v1"}
    assert not [t for t in types if "segmentation" in t or "internal" in t]
    opened, _ = await read_all(harness.client, "&types=crm.opportunity.opened.v1")
    assert [e["data"]["opportunity_id"] for e in opened] == ["o"] and opened[0]["causationid"] == "o"


async def test_after_latest_returns_future_events_only(harness: GatewayHarness):
    assert (await harness.publish(lead("before"))).status_code == 202
    cursor = await latest(harness)
    assert (await harness.publish(lead("after", source="fair"))).status_code == 202
    assert [e["id"] for e in (await read_all(harness.client, f"&types={CAPTURED}", cursor))[0]] == ["e-after"]


async def test_records_without_a_valid_event_are_skipped(harness: GatewayHarness):
    start = await latest(harness)
    assert (await harness.publish(lead("a"))).status_code == 202
    await harness.bus.publish([Outgoing("crm.leads.v1", b"a", b"no json", (("ce_type", CAPTURED.encode()),))])
    assert (await harness.publish(lead("b"))).status_code == 202
    assert {e["id"] for e in (await read_all(harness.client, f"&types={CAPTURED}", start))[0]} == {"e-a", "e-b"}


async def test_an_invalid_cursor_or_type_is_rejected(harness: GatewayHarness, tmp_path: Path):
    async with gateway_harness("memory", tmp_path / "other") as other:
        of_another_log = (await other.client.get(PATH)).json()["next"]
    for after in ("x", "!!", "eJyLjgUAARUAuQ", "A" * 3000, of_another_log):
        assert status_and_code(await harness.client.get(f"{PATH}?after={after}")) == (400, "bad_cursor"), after
    assert status_and_code(await harness.client.get(f"{PATH}?types=crm.moon.v1")) == (422, "invalid")


async def test_the_feed_requires_access_to_all_records(harness: GatewayHarness):
    create = harness.gateway.keys.create
    limited, full = [(await create(n, ["events:read"], scope=scope))[0] for n, scope in (
        ("west", Scope(regions=("West",))), ("all", Scope(all=True)))]
    async with new_client(harness, authorization=f"Bearer {limited}") as program:
        assert status_and_code(await program.get(PATH)) == (403, "outside_scope")
    async with new_client(harness, authorization=f"Bearer {full}") as program:
        assert (await program.get(PATH)).status_code == 200
    for role in ("rep", "manager", "analyst", "operator"):
        async with signed_in_as(harness, role, rep_id="anna") as browser:
            assert status_and_code(await browser.get(PATH)) == (403, "not_permitted"), role
