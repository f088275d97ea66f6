"""Live stream: snapshots, then deltas within the scope of the caller; reconnects without gaps."""
import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chassis.ports import TopicPartition
from chassis.service.addresses import api_port
from chassis.support.clock import today
from services.gateway.stream import feed, server_sent_events
from services.gateway.stream.subscription import MAX_QUEUED, LiveChannel, LiveMessage, LiveSubscription
from tests.gateway.harness import GatewayHarness, gateway_harness
from tests.gateway.live_stream import open_stream
from tests.gateway.scenarios import company_harness, event, new_client, signed_in_as, status_and_code
from tests.support.environment import COMPANY_ZONE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
async def harness(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayHarness]:
    async with company_harness(tmp_path_factory.mktemp("harness"), live_streams=3) as running:
        yield running


async def cookie_of(harness: GatewayHarness, role: str, **labels: str) -> str:
    async with signed_in_as(harness, role, **labels) as browser:
        return "; ".join(f"{k}={v}" for k, v in browser.cookies.items())


numbers = iter(range(1000))


async def deal(harness: GatewayHarness, rep: str) -> str:
    """A new deal of that rep."""
    id = f"new-{next(numbers)}"
    await harness.publish(event("crm.opportunity.opening_requested.v1", f"open-{id}", opportunity_id=id,
                             business_line="hardware", rep_id=rep))
    return id


async def test_a_snapshot_comes_first_and_then_deltas(harness: GatewayHarness):
    month = "kpis:opportunities_opened"
    async with open_stream(harness, f"opportunities,{month},worklist:anna") as stream:
        await stream.until(lambda: len(stream.events) >= 3, "three snapshots")
        assert stream.status == 200 and stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        assert stream.text.startswith("retry: ")
        assert [(e["event"], e["channel"]) for e in stream.events[:3]] == [
            ("snapshot", "opportunities"), ("snapshot", month), ("snapshot", "worklist:anna")]
        figure = await harness.client.get("/v1/kpis/opportunities_opened?period=" + f"{today(COMPANY_ZONE):%Y-%m}")
        before = figure.json()["rows"][0]["value"]
        id = await deal(harness, "anna")
        await stream.until(lambda: stream.of("opportunities"), "the deal is received")
        delta = stream.of("opportunities")[0]
        assert (delta["opportunity_id"], delta["item"]["opportunity_id"], delta["item"]["rep_id"]) == (id, id, "anna")
        assert delta["type"].startswith("crm.")
        await stream.until(lambda: stream.of(month)[-1:] and stream.of(month)[-1]["rows"][0]["value"] == before + 1,
                           "the figure is received")
        await stream.until(lambda: id in str(stream.of("worklist:anna")[-1:]), "the worklist is received")


async def test_deltas_outside_the_scope_are_not_sent(harness: GatewayHarness):
    anna = await cookie_of(harness, "rep", rep_id="anna")
    async with open_stream(harness, "opportunities,kpis:opportunities_opened,worklist", anna) as stream:
        await stream.until(lambda: len(stream.events) >= 3, "three snapshots")
        assert {d["rep_id"] for d in stream.of("opportunities", "snapshot")[0]["items"]} == {"anna"}
        foreign, own = await deal(harness, "cleo"), await deal(harness, "anna")
        await stream.until(lambda: stream.of("opportunities"), "the own deal is received")
        await stream.until(lambda: stream.of("kpis:opportunities_opened"), "the own figure is received")
        assert {e["opportunity_id"] for e in stream.of("opportunities")} == {own}
        assert foreign not in stream.text and "cleo" not in stream.text


async def test_a_deal_that_leaves_the_scope_is_sent_as_removed(harness: GatewayHarness):
    anna = await cookie_of(harness, "rep", rep_id="anna")
    id = await deal(harness, "anna")
    async with open_stream(harness, "opportunities", anna) as stream:
        await stream.until(lambda: stream.of("opportunities", "snapshot"), "the snapshot")
        response = await harness.client.get(f"/v1/opportunities/{id}")
        moved = await harness.client.patch(f"/v1/opportunities/{id}", json={"rep_id": "cleo", "region": "Secret"},
                                      headers={"if-match": response.headers["etag"]})
        assert moved.status_code == 200, moved.text
        await stream.until(lambda: [e for e in stream.of("opportunities") if e.get("removed")], "the removal is sent")
        assert "Secret" not in stream.text


async def test_reconnecting_sends_the_missed_deltas_only(harness: GatewayHarness):
    async with open_stream(harness, "opportunities") as stream:
        await stream.until(lambda: stream.events, "the snapshot")
        first = await deal(harness, "anna")
        await stream.until(lambda: first in stream.text and stream.of("opportunities"), "the first deal")
        last = stream.events[-1]["id"]
    missed = [await deal(harness, "anna"), await deal(harness, "cleo")]
    async with open_stream(harness, "opportunities", last_event_id=last) as again:
        await again.until(lambda: len(again.of("opportunities")) >= 2, "the missed deltas")
        assert {e["opportunity_id"] for e in again.of("opportunities")} == set(missed)
        assert not again.of("opportunities", "snapshot")


async def test_missed_changes_outside_the_scope_lead_to_a_snapshot(harness: GatewayHarness):
    """A deal outside the scope may have been inside before: only a snapshot removes it without naming it."""
    anna = await cookie_of(harness, "rep", rep_id="anna")
    async with open_stream(harness, "opportunities", anna) as stream:
        await stream.until(lambda: stream.events, "the snapshot")
        last = stream.events[-1]["id"]
    foreign = await deal(harness, "cleo")
    async with open_stream(harness, "opportunities", anna, last_event_id=last) as again:
        await again.until(lambda: again.of("opportunities", "snapshot"), "a snapshot")
        assert foreign not in again.text


@pytest.mark.parametrize("last", ["", "x", "00000000.0.0.0.0.0.0.0.0", "{log}.1", "{log}.-1.0.0.0.0.0.0.0",
                                  "{log}.9999999.0.0.0.0.0.0.0", "{log}.a.0.0.0.0.0.0.0", "{log}" + ".9" * 200])
async def test_an_invalid_last_event_id_leads_to_a_snapshot(harness: GatewayHarness, last: str):
    async with open_stream(harness, "opportunities") as stream:
        await stream.until(lambda: stream.events, "the snapshot")
        log = stream.events[-1]["id"].split(".")[0]
    async with open_stream(harness, "opportunities", last_event_id=last.replace("{log}", log)) as again:
        await again.until(lambda: again.events, "the snapshot")
        assert again.events[0]["event"] == "snapshot"


async def test_too_many_missed_changes_lead_to_a_snapshot(harness: GatewayHarness, monkeypatch: pytest.MonkeyPatch):
    async with open_stream(harness, "opportunities") as stream:
        await stream.until(lambda: stream.events, "the snapshot")
        last = stream.events[-1]["id"]
    monkeypatch.setattr("services.gateway.stream.positions.MAX_MISSED", 0)
    await deal(harness, "anna")
    async with open_stream(harness, "opportunities", last_event_id=last) as again:
        await again.until(lambda: again.events, "the snapshot")
        assert again.events[0]["event"] == "snapshot"


async def test_many_changes_at_once_lead_to_a_snapshot(harness: GatewayHarness, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(feed, "MAX_CHANGED_DEALS", 0)
    async with open_stream(harness, "opportunities") as stream:
        await stream.until(lambda: stream.events, "the snapshot")
        id = await deal(harness, "anna")
        await stream.until(lambda: len(stream.of("opportunities", "snapshot")) >= 2, "another snapshot")
        assert id in str(stream.of("opportunities", "snapshot")[-1])
        assert not stream.of("opportunities")


async def test_a_slow_client_gets_a_snapshot_and_its_queue_is_bounded():
    subscription = LiveSubscription(())
    for i in range(MAX_QUEUED * 3):
        subscription.send(LiveMessage("delta", {"n": i}))
        assert len(subscription.queue) <= MAX_QUEUED
    assert await subscription.receive(1) == ([], True)
    subscription.send(LiveMessage("delta", {"n": 1}))
    assert await subscription.receive(1) == ([LiveMessage("delta", {"n": 1})], False)
    assert await subscription.receive(0.01) == ([], False)


async def test_an_idle_stream_sends_heartbeats(harness: GatewayHarness, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(server_sent_events, "HEARTBEAT_SECONDS", 0.05)
    async with open_stream(harness, "worklist:anna") as stream:
        await stream.until(lambda: stream.text.count(": beat\n\n") >= 2, "two heartbeats")


async def test_a_stream_ends_after_sign_out(harness: GatewayHarness, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(server_sent_events, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(server_sent_events, "REAUTHENTICATE_SECONDS", 0.1)
    async with signed_in_as(harness, "rep", rep_id="anna") as anna:
        cookie = "; ".join(f"{k}={v}" for k, v in anna.cookies.items())
        async with open_stream(harness, "opportunities", cookie) as stream:
            await stream.until(lambda: stream.events, "the snapshot")
            await anna.post("/v1/sign-out")
            await stream.until(stream.done.is_set, "the stream ends")
            assert "event: bye" in stream.text


async def test_streams_are_limited_per_caller_and_released(harness: GatewayHarness):
    bert, anna = await cookie_of(harness, "rep", rep_id="bert"), await cookie_of(harness, "rep", rep_id="anna")
    for _ in range(2):
        async with (open_stream(harness, "worklist", bert),
                    open_stream(harness, "worklist", bert),
                    open_stream(harness, "worklist", bert)):
            async with open_stream(harness, "worklist", bert) as fourth:
                assert fourth.status == 429 and fourth.headers["retry-after"]
            async with open_stream(harness, "worklist", anna) as other:
                assert other.status == 200
    assert not harness.gateway.live_feed._subscriptions


@pytest.mark.parametrize(("channels", "expected"), [
    ("", (422, "invalid")), ("everything", (422, "invalid")), ("kpis", (422, "invalid")), ("kpis:", (422, "invalid")),
    ("opportunities:x", (422, "invalid")), ("kpis:visits/records", (422, "invalid")),
    ("kpis:../lag", (422, "invalid")), ("worklist:a b", (422, "invalid")),
    ("worklist", (422, "invalid")), ("kpis:no_such", (404, "unknown_measure")),
    (",".join(f"kpis:m{i}" for i in range(21)), (422, "invalid")),
])
async def test_invalid_channels_are_rejected_with_a_status(harness: GatewayHarness, channels: str, expected: Any):
    assert status_and_code(await harness.client.get("/v1/live", params={"channels": channels})) == expected


async def test_each_channel_requires_its_permission(harness: GatewayHarness):
    async with signed_in_as(harness, "operator") as operator:
        for channel in ("opportunities", "worklist:anna", "kpis:visits"):
            assert status_and_code(await operator.get(f"/v1/live?channels={channel}")) == (403, "not_permitted")
    async with signed_in_as(harness, "analyst") as analyst:
        assert status_and_code(await analyst.get("/v1/live?channels=kpis:visits,opportunities")) == (403,
                                                                                                     "not_permitted")
    async with signed_in_as(harness, "rep", rep_id="anna") as anna:
        assert status_and_code(await anna.get("/v1/live?channels=worklist:cleo")) == (404, "not_found")


async def test_changes_are_sent_after_a_service_is_back(harness: GatewayHarness):
    async with open_stream(harness, "opportunities") as stream:
        await stream.until(lambda: stream.events, "the snapshot")
        port = api_port(harness.gateway.settings, "pipeline")
        harness.network.unavailable.add(port)
        try:
            id = await deal(harness, "anna")
            await asyncio.sleep(3 * feed.TICK_SECONDS)
            assert not stream.of("opportunities")
        finally:
            harness.network.unavailable.discard(port)
        await stream.until(lambda: stream.of("opportunities"), "the deal is received after the outage")
        assert stream.of("opportunities")[0]["opportunity_id"] == id


async def test_a_delta_id_never_skips_unsent_changes(harness: GatewayHarness):
    """Events that arrive while earlier changes are being loaded must not be skipped after a reconnect."""
    gateway = harness.gateway
    async with open_stream(harness, "opportunities") as stream:
        await stream.until(lambda: stream.events, "the snapshot")
        load_deals = gateway.live_feed.deals

        async def load_slowly(ids: Any) -> Any:
            found = await load_deals(ids)
            for partition in range(8):
                gateway.live_feed.positions.advance(partition, 10_000)
            return found

        gateway.live_feed.deals = load_slowly
        try:
            await deal(harness, "anna")
            await stream.until(lambda: stream.of("opportunities"), "the deal is received")
            offsets = [int(x) for x in stream.of("opportunities")[0]["id"].split(".")[1:]]
            ends = await harness.bus.end_offsets(["crm.opportunities.v1"])
            assert all(offsets[p] <= ends[TopicPartition("crm.opportunities.v1", p)] for p in range(8))
        finally:
            gateway.live_feed.deals = load_deals
            gateway.live_feed.positions = None


async def test_shutdown_ends_the_streams(tmp_path: Any):
    async with company_harness(tmp_path) as running, open_stream(running, "opportunities") as stream:
        await stream.until(lambda: stream.events, "the snapshot")
        running.gateway.live_streams.stop()
        await stream.until(stream.done.is_set, "the stream ends")


def test_deltas_respect_the_scope_of_each_subscription():
    from chassis.http.access import Access, Scope

    own, other = (LiveChannel("opportunities", "opportunities", "", Access(p, Scope(reps=(p,)))) for p in ("a", "b"))
    subscription = LiveSubscription((own,))
    assert feed.LiveFeed.delta(subscription, own, "d", {"rep_id": "a"}, None) is not None
    assert feed.LiveFeed.delta(LiveSubscription((other,)), other, "d", {"rep_id": "a"}, None) is None
    assert feed.LiveFeed.delta(subscription, own, "d", {"rep_id": "b"}, None) == {
        "channel": "opportunities", "opportunity_id": "d", "type": None, "removed": True}
    assert feed.LiveFeed.delta(subscription, own, "d", {"rep_id": "b"}, None) is None


async def test_a_stream_requires_sign_in_with_a_provider(tmp_path: Any):
    from tests.gateway.issuer import AUDIENCE, running_issuer

    with running_issuer() as issuer:
        async with (gateway_harness("memory", tmp_path, oidc_issuer=issuer.url, oidc_audience=AUDIENCE) as running,
                    new_client(running) as client):
            assert status_and_code(await client.get("/v1/live?channels=opportunities")) == (401, "not_signed_in")
