"""The live stream: what stands, then what changes, for whoever may see it; going on after a break without a gap."""
import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chassis.ports import TopicPartition
from chassis.support.clock import today
from services.gateway.stream import feed, live
from services.gateway.stream.listener import MOST_WAITING, LiveChannel, LiveMessage, LiveSubscription
from tests.gateway.scenes import client, code, event, looking, peopled
from tests.gateway.streams import opened
from tests.gateway.town import Town
from tests.support.environment import COMPANY_ZONE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
async def home(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with peopled(tmp_path_factory.mktemp("home"), live_streams=3) as made:
        yield made


async def cookie_of(home: Town, role: str, **place: str) -> str:
    async with looking(home, role, **place) as browser:
        return "; ".join(f"{k}={v}" for k, v in browser.cookies.items())


numbers = iter(range(1000))


async def deal(home: Town, rep: str) -> str:
    """A new deal of that rep."""
    id = f"new-{next(numbers)}"
    await home.publish(event("crm.opportunity.opening_requested.v1", f"open-{id}", opportunity_id=id,
                             business_line="hardware", rep_id=rep))
    return id


async def test_what_stands_comes_first_and_then_what_changes(home: Town):
    month = "kpis:opportunities_opened"
    async with opened(home, f"opportunities,{month},worklist:anna") as stream:
        await stream.until(lambda: len(stream.events) >= 3, "three snapshots")
        assert stream.status == 200 and stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        assert stream.text.startswith("retry: ")
        assert [(e["event"], e["channel"]) for e in stream.events[:3]] == [
            ("snapshot", "opportunities"), ("snapshot", month), ("snapshot", "worklist:anna")]
        standing = (await home.door.get("/v1/kpis/opportunities_opened?period=" + f"{today(COMPANY_ZONE):%Y-%m}")
                    ).json()["rows"][0]["value"]
        id = await deal(home, "anna")
        await stream.until(lambda: stream.of("opportunities"), "the deal is told")
        told = stream.of("opportunities")[0]
        assert (told["opportunity_id"], told["item"]["opportunity_id"], told["item"]["rep_id"]) == (id, id, "anna")
        assert told["type"].startswith("crm.")
        await stream.until(lambda: stream.of(month)[-1:] and stream.of(month)[-1]["rows"][0]["value"] == standing + 1,
                           "the figure is told")
        await stream.until(lambda: id in str(stream.of("worklist:anna")[-1:]), "the worklist is told")


async def test_only_own_changes_are_told(home: Town):
    anna = await cookie_of(home, "rep", rep_id="anna")
    async with opened(home, "opportunities,kpis:opportunities_opened,worklist", anna) as stream:
        await stream.until(lambda: len(stream.events) >= 3, "three snapshots")
        assert {d["rep_id"] for d in stream.of("opportunities", "snapshot")[0]["items"]} == {"anna"}
        foreign, own = await deal(home, "cleo"), await deal(home, "anna")
        await stream.until(lambda: stream.of("opportunities"), "the own deal is told")
        await stream.until(lambda: stream.of("kpis:opportunities_opened"), "the own figure is told")
        assert {e["opportunity_id"] for e in stream.of("opportunities")} == {own}
        assert foreign not in stream.text and "cleo" not in stream.text


async def test_a_deal_that_leaves_ones_scope_is_told_as_gone_and_what_became_of_it_is_not(home: Town):
    anna = await cookie_of(home, "rep", rep_id="anna")
    id = await deal(home, "anna")
    async with opened(home, "opportunities", anna) as stream:
        await stream.until(lambda: stream.of("opportunities", "snapshot"), "the snapshot")
        shown = await home.door.get(f"/v1/opportunities/{id}")
        moved = await home.door.patch(f"/v1/opportunities/{id}", json={"rep_id": "cleo", "region": "Secret"},
                                      headers={"if-match": shown.headers["etag"]})
        assert moved.status_code == 200, moved.text
        await stream.until(lambda: [e for e in stream.of("opportunities") if e.get("removed")], "it is told as gone")
        assert "Secret" not in stream.text


async def test_after_a_break_only_what_was_missed_is_told(home: Town):
    async with opened(home, "opportunities") as stream:
        await stream.until(lambda: stream.events, "the snapshot")
        first = await deal(home, "anna")
        await stream.until(lambda: first in stream.text and stream.of("opportunities"), "the first deal")
        last = stream.events[-1]["id"]
    missed = [await deal(home, "anna"), await deal(home, "cleo")]
    async with opened(home, "opportunities", last_event_id=last) as again:
        await again.until(lambda: len(again.of("opportunities")) >= 2, "what was missed")
        assert {e["opportunity_id"] for e in again.of("opportunities")} == set(missed)
        assert not again.of("opportunities", "snapshot")


async def test_who_may_not_see_all_that_was_missed_gets_the_whole_anew(home: Town):
    """One that is not seen now may have been seen before: only a whole list tells so, without telling its name."""
    anna = await cookie_of(home, "rep", rep_id="anna")
    async with opened(home, "opportunities", anna) as stream:
        await stream.until(lambda: stream.events, "the snapshot")
        last = stream.events[-1]["id"]
    foreign = await deal(home, "cleo")
    async with opened(home, "opportunities", anna, last_event_id=last) as again:
        await again.until(lambda: again.of("opportunities", "snapshot"), "a snapshot")
        assert foreign not in again.text


@pytest.mark.parametrize("last", ["", "x", "00000000.0.0.0.0.0.0.0.0", "{log}.1", "{log}.-1.0.0.0.0.0.0.0",
                                  "{log}.9999999.0.0.0.0.0.0.0", "{log}.a.0.0.0.0.0.0.0", "{log}" + ".9" * 200])
async def test_a_word_that_is_not_ours_gives_a_snapshot(home: Town, last: str):
    async with opened(home, "opportunities") as stream:
        await stream.until(lambda: stream.events, "the snapshot")
        log = stream.events[-1]["id"].split(".")[0]
    async with opened(home, "opportunities", last_event_id=last.replace("{log}", log)) as again:
        await again.until(lambda: again.events, "the snapshot")
        assert again.events[0]["event"] == "snapshot"


async def test_too_much_missed_gives_a_snapshot(home: Town, monkeypatch: pytest.MonkeyPatch):
    async with opened(home, "opportunities") as stream:
        await stream.until(lambda: stream.events, "the snapshot")
        last = stream.events[-1]["id"]
    monkeypatch.setattr("services.gateway.stream.positions.MOST_MISSED", 0)
    await deal(home, "anna")
    async with opened(home, "opportunities", last_event_id=last) as again:
        await again.until(lambda: again.events, "the snapshot")
        assert again.events[0]["event"] == "snapshot"


async def test_many_changes_at_once_are_told_as_a_whole(home: Town, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(feed, "MOST_AT_ONCE", 0)
    async with opened(home, "opportunities") as stream:
        await stream.until(lambda: stream.events, "the snapshot")
        id = await deal(home, "anna")
        await stream.until(lambda: len(stream.of("opportunities", "snapshot")) >= 2, "a snapshot anew")
        assert id in str(stream.of("opportunities", "snapshot")[-1])
        assert not stream.of("opportunities")


async def test_who_reads_too_slowly_gets_a_snapshot_and_takes_no_memory():
    listener = LiveSubscription(())
    for i in range(MOST_WAITING * 3):
        listener.send(LiveMessage("delta", {"n": i}))
        assert len(listener.queue) <= MOST_WAITING
    assert await listener.take(1) == ([], True)
    listener.send(LiveMessage("delta", {"n": 1}))
    assert await listener.take(1) == ([LiveMessage("delta", {"n": 1})], False)
    assert await listener.take(0.01) == ([], False)


async def test_a_quiet_stream_beats(home: Town, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live, "BEAT", 0.05)
    async with opened(home, "worklist:anna") as stream:
        await stream.until(lambda: stream.text.count(": beat\n\n") >= 2, "two beats")


async def test_a_stream_ends_when_one_signs_out(home: Town, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live, "BEAT", 0.05)
    monkeypatch.setattr(live, "LOOK_AGAIN", 0.1)
    async with looking(home, "rep", rep_id="anna") as anna:
        cookie = "; ".join(f"{k}={v}" for k, v in anna.cookies.items())
        async with opened(home, "opportunities", cookie) as stream:
            await stream.until(lambda: stream.events, "the snapshot")
            await anna.post("/v1/sign-out")
            await stream.until(stream.done.is_set, "the stream ends")
            assert "event: bye" in stream.text


async def test_streams_are_counted_per_caller_and_given_back(home: Town):
    bert, anna = await cookie_of(home, "rep", rep_id="bert"), await cookie_of(home, "rep", rep_id="anna")
    for _ in range(2):
        async with opened(home, "worklist", bert), opened(home, "worklist", bert), opened(home, "worklist", bert):
            async with opened(home, "worklist", bert) as fourth:
                assert fourth.status == 429 and fourth.headers["retry-after"]
            async with opened(home, "worklist", anna) as other:
                assert other.status == 200
    assert not home.app.state.door.feed._listeners


@pytest.mark.parametrize(("channels", "wanted"), [
    ("", (422, "invalid")), ("everything", (422, "invalid")), ("kpis", (422, "invalid")), ("kpis:", (422, "invalid")),
    ("opportunities:x", (422, "invalid")), ("kpis:visits/records", (422, "invalid")),
    ("kpis:../lag", (422, "invalid")), ("worklist:a b", (422, "invalid")),
    ("worklist", (422, "invalid")), ("kpis:no_such", (404, "unknown_measure")),
    (",".join(f"kpis:m{i}" for i in range(21)), (422, "invalid")),
])
async def test_what_is_no_channel_is_said_with_a_status(home: Town, channels: str, wanted: Any):
    assert code(await home.door.get("/v1/live", params={"channels": channels})) == wanted


async def test_a_channel_asks_for_its_own_permission(home: Town):
    async with looking(home, "operator") as operator:
        for channel in ("opportunities", "worklist:anna", "kpis:visits"):
            assert code(await operator.get(f"/v1/live?channels={channel}")) == (403, "not_permitted")
    async with looking(home, "analyst") as analyst:
        assert code(await analyst.get("/v1/live?channels=kpis:visits,opportunities")) == (403, "not_permitted")
    async with looking(home, "rep", rep_id="anna") as anna:
        assert code(await anna.get("/v1/live?channels=worklist:cleo")) == (404, "not_found")


async def test_a_service_that_is_away_for_a_moment_costs_nobody_a_change(home: Town):
    async with opened(home, "opportunities") as stream:
        await stream.until(lambda: stream.events, "the snapshot")
        port = home.app.state.door.settings.port("pipeline")
        home.streets.away.add(port)
        try:
            id = await deal(home, "anna")
            await asyncio.sleep(3 * feed.TICK)
            assert not stream.of("opportunities")
        finally:
            home.streets.away.discard(port)
        await stream.until(lambda: stream.of("opportunities"), "the deal is told after all")
        assert stream.of("opportunities")[0]["opportunity_id"] == id


async def test_an_id_lies_behind_what_was_told_never_before(home: Town):
    """What is heard while the changes before it are still being asked for must not be passed over."""
    door = home.app.state.door
    async with opened(home, "opportunities") as stream:
        await stream.until(lambda: stream.events, "the snapshot")
        asked = door.feed.deals

        async def slowly(ids: Any) -> Any:
            found = await asked(ids)
            for partition in range(8):
                door.feed.positions.passed(partition, 10_000)
            return found

        door.feed.deals = slowly
        try:
            await deal(home, "anna")
            await stream.until(lambda: stream.of("opportunities"), "the deal is told")
            offsets = [int(x) for x in stream.of("opportunities")[0]["id"].split(".")[1:]]
            ends = await home.bus.end_offsets(["crm.opportunities.v1"])
            assert all(offsets[p] <= ends[TopicPartition("crm.opportunities.v1", p)] for p in range(8))
        finally:
            door.feed.deals = asked
            door.feed.positions = None


async def test_a_drain_ends_the_streams(tmp_path: Any):
    async with peopled(tmp_path) as made, opened(made, "opportunities") as stream:
        await stream.until(lambda: stream.events, "the snapshot")
        made.app.state.door.live.stop()
        await stream.until(stream.done.is_set, "the stream ends")


def test_a_channel_knows_whose_it_is():
    from chassis.http.access import Access, Scope

    mine, other = (LiveChannel("opportunities", "opportunities", "", Access(p, Scope(reps=(p,)))) for p in ("a", "b"))
    listener = LiveSubscription((mine,))
    assert feed.LiveFeed.delta(listener, mine, "d", {"rep_id": "a"}, None) is not None
    assert feed.LiveFeed.delta(LiveSubscription((other,)), other, "d", {"rep_id": "a"}, None) is None
    assert feed.LiveFeed.delta(listener, mine, "d", {"rep_id": "b"}, None) == {
        "channel": "opportunities", "opportunity_id": "d", "type": None, "removed": True}
    assert feed.LiveFeed.delta(listener, mine, "d", {"rep_id": "b"}, None) is None


async def test_a_stream_needs_a_sign_in_where_there_is_a_provider(tmp_path: Any):
    from tests.gateway.issuer import AUDIENCE, issuing
    from tests.gateway.town import town

    with issuing() as issuer:
        async with town("memory", tmp_path, oidc_issuer=issuer.url, oidc_audience=AUDIENCE) as made, client(made) as c:
            assert code(await c.get("/v1/live?channels=opportunities")) == (401, "not_signed_in")
