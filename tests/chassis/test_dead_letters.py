"""What could not be taken waits with its reason, and can be given back, to one service alone."""
import asyncio
from dataclasses import replace

import pytest

from chassis.aggregates import FailedRecord
from chassis.dead_letters import MOST_REPLAYS, DeadLetterRepository, FailureStorm, StormGuard, is_addressed_to
from chassis.domain.decider import changed
from chassis.http.problems import ProblemError
from chassis.messages.envelope import REPLAY_FOR
from chassis.ports import BusUnavailable, Outgoing, Record
from contracts.topics import dead_letter_topic
from tests.chassis.harness import COUNTER, LEADS, Harness, captured


@pytest.fixture
async def harness() -> Harness:
    return await Harness().start()


async def only(harness: Harness):
    (letter,) = await harness.letters.list()
    return letter


async def test_a_letter_says_where_the_record_lay_and_why_it_could_not_be_taken(harness):
    await harness.put(captured(n=13), ids=["bad"])
    await harness.run()
    letter = await only(harness)
    assert (letter.code, letter.topic, letter.offset, letter.service) == ("handler_failed", LEADS, 0, "lead_scoring")
    assert letter.error == "RuntimeError: unlucky" and letter.status == "open" and letter.replays == 0
    (record,) = await harness.records(dead_letter_topic(LEADS, "lead_scoring"))
    names = {n for n, _ in record.headers if n[:4] == "dlq."}
    assert names == {f"dlq.{n}" for n in (
        "id", "topic", "partition", "offset", "timestamp", "group", "service", "version", "definition", "code", "error",
        "attempts", "first_failed_at", "replays")}


async def test_the_same_record_buried_twice_is_one_letter(harness):
    await harness.put(captured(n=13))
    await harness.run()
    await harness.runner.run(await harness.batch())
    await (await harness.restarted()).run()
    assert len(await harness.letters.list()) == 1


async def test_a_letter_comes_before_its_fence(harness):
    """A crash between the two leaves a letter too many, never one too few."""
    await harness.put(captured(n=13))

    async def away(_messages):
        raise BusUnavailable("away")

    harness.bus.before_publish = away
    with pytest.raises(BusUnavailable):
        await harness.run()
    harness.bus.before_publish = None
    await (await harness.restarted()).run()
    assert [x.code for x in await harness.letters.list()] == ["handler_failed"]


async def test_after_the_mend_a_replayed_record_counts_once(harness):
    await harness.put(captured(n=13, also="b"), captured(n=1))
    await harness.run()
    mended = COUNTER.decider.decide
    room = harness.runner.aggregates["counter"]
    letter = await only(harness)
    await harness.letters.replay(letter.id)
    again = await harness.letters.replay(letter.id)
    assert again.status == "replayed" and len(await harness.records(LEADS)) == 3

    def decide(command, state):
        return mended(changed(command, n=14) if command.n == 13 else command, state)

    room.aggregate = replace(COUNTER, decider=replace(COUNTER.decider, decide=decide))
    await harness.run()
    await harness.run()
    assert (await harness.state("a")).total == 15 and (await harness.state("b")).total == 14


async def test_a_replay_that_fails_again_is_a_new_letter_up_to_three_times(harness):
    await harness.put(captured(n=13))
    await harness.run()
    for n in range(MOST_REPLAYS):
        (letter,) = [x for x in await harness.letters.list() if x.status == "open"]
        assert letter.replays == n
        await harness.letters.replay(letter.id)
        await harness.run()
    (letter,) = [x for x in await harness.letters.list() if x.status == "open"]
    with pytest.raises(ProblemError) as refused:
        await harness.letters.replay(letter.id)
    assert (refused.value.status, refused.value.code) == (409, "too_many_replays")


async def test_a_replay_that_was_cut_off_is_finished_by_asking_again(harness):
    await harness.put(captured(n=13))
    await harness.run()
    letter = await only(harness)

    async def away(_messages):
        raise BusUnavailable("away")

    harness.bus.before_publish = away
    with pytest.raises(BusUnavailable):
        await harness.letters.replay(letter.id)
    harness.bus.before_publish = None
    assert (await harness.letters.replay(letter.id)).status == "replayed"
    assert len(await harness.records(LEADS)) == 2


async def test_a_replay_is_for_one_service_alone(harness):
    await harness.put(captured(n=13))
    await harness.run()
    await harness.letters.replay((await only(harness)).id)
    original, again = await harness.records(LEADS)
    assert is_addressed_to(original, "kpi")
    assert is_addressed_to(again, "lead_scoring") and not is_addressed_to(again, "kpi")
    assert not is_addressed_to(again, "lead")


async def test_mended_content_is_a_new_event_caused_by_the_old(harness):
    await harness.put(captured(n=13), ids=["bad"])
    await harness.run()
    letter = await only(harness)
    with pytest.raises(ProblemError):
        await harness.letters.replay(letter.id, {"lead_id": "a"})
    await harness.letters.replay(letter.id, {"lead_id": "a", "business_line": "toys", "attributes": {"n": 2}})
    await harness.run()
    assert (await harness.state("a")).total == 2
    record = (await harness.records(LEADS))[-1]
    headers = dict(record.headers)
    assert headers["ce_id"] != b"bad" and headers["ce_causationid"] == b"bad" and REPLAY_FOR in headers


async def test_a_discarded_letter_is_closed_with_its_reason(harness):
    await harness.put(captured(n=13))
    await harness.run()
    letter = await only(harness)
    done = await harness.letters.discard(letter.id, "a test")
    assert (done.status, done.note) == ("discarded", "a test")
    with pytest.raises(ProblemError) as refused:
        await harness.letters.replay(letter.id)
    assert refused.value.code == "discarded"
    assert (await harness.letters.stats())["status"] == {"discarded": 1}


async def test_letters_are_listed_by_what_is_asked_for(harness):
    await harness.put(captured(n=13), captured(n=0), captured("other", n=666))
    await harness.run()
    assert [x.code for x in await harness.letters.list(where={"code": "nothing_to_add"})] == ["nothing_to_add"]
    assert len(await harness.letters.list(2)) == 2
    first, second, third = await harness.letters.list()
    after = await harness.letters.list(after=(second.first_failed_at, second.id))
    assert after == [third] and first.id != third.id
    stats = await harness.letters.stats()
    assert stats["code"] == {"handler_failed": 2, "nothing_to_add": 1} and stats["topic"] == {LEADS: 3}


async def several(harness: Harness) -> None:
    await harness.put(captured("a", n=13), captured("b", n=0), captured("c", n=13), captured("d", n=13))
    await harness.run()


async def test_many_are_given_back_by_a_condition_in_the_order_in_which_they_lay(harness):
    await several(harness)
    dry = await harness.letters.replay_many({"code": "handler_failed"}, 2, dry_run=True)
    assert (dry.matched, len(dry.replayed)) == (3, 2) and len(await harness.records(LEADS)) == 4
    done = await harness.letters.replay_many({"code": "handler_failed"}, 2)
    assert [x.id for x in done.replayed] == [x.id for x in dry.replayed]
    assert [x.status for x in done.replayed] == ["replayed", "replayed"]
    rest = await harness.letters.replay_many({"code": "handler_failed"}, 100)
    assert (rest.matched, len(rest.replayed)) == (1, 1)
    assert (await harness.letters.replay_many({"code": "handler_failed"}, 100)).matched == 0
    assert len(await harness.records(LEADS)) == 7
    assert [x.code for x in await harness.letters.list(where={"status": "open"})] == ["nothing_to_add"]


async def test_the_original_is_given_back_as_it_came(harness):
    await harness.put(captured(n=13), ids=["bad"])
    await harness.run()
    await harness.letters.replay_many({"service": "lead_scoring"}, 10)
    original, again = await harness.records(LEADS)
    assert (again.key, again.value) == (original.key, original.value)
    added = dict(again.headers).keys() - dict(original.headers).keys()
    assert added == {REPLAY_FOR, "dlq.replays"} and dict(original.headers).items() <= dict(again.headers).items()


async def test_many_that_were_cut_off_are_finished_by_asking_again(harness):
    await several(harness)

    async def away(_messages):
        raise BusUnavailable("away")

    harness.bus.before_publish = away
    with pytest.raises(BusUnavailable):
        await harness.letters.replay_many({"code": "handler_failed"}, 100)
    harness.bus.before_publish = None
    assert len((await harness.letters.replay_many({"code": "handler_failed"}, 100)).replayed) == 3
    assert len(await harness.records(LEADS)) == 7


async def test_those_that_fail_anew_are_not_given_back_by_the_same_request(harness):
    await several(harness)
    before = max(x.first_failed_at for x in await harness.letters.list()) + "~"
    await harness.letters.replay_many({"code": "handler_failed"}, 100, before=before)
    await asyncio.sleep(0.002)
    first = min(x.first_failed_at for x in await harness.letters.list())
    await harness.run()
    assert (await harness.letters.replay_many({"code": "handler_failed"}, 100, before=first)).matched == 0
    assert (await harness.letters.replay_many({"code": "handler_failed"}, 100)).matched == 3


async def test_what_was_replayed_three_times_is_named_and_left(harness):
    await several(harness)
    for _ in range(MOST_REPLAYS):
        await harness.letters.replay_many({"code": "handler_failed"}, 100)
        await harness.run()
    done = await harness.letters.replay_many({"code": "handler_failed"}, 100)
    assert (done.matched, done.replayed, len(done.spent)) == (3, [], 3)


async def test_foreign_records_on_a_dead_letter_topic_are_passed_over(harness):
    await several(harness)
    await harness.bus.publish([
        Outgoing(dead_letter_topic(LEADS, "lead_scoring"), b"x", b"y", headers)
        for headers in ((), (("dlq.id", b"1"),), (("dlq.id", b"\xff"), ("dlq.offset", b"no")))])
    assert len(await harness.letters.list()) == 4


async def test_a_service_that_fails_at_everything_stops_instead_of_emptying_the_topic(harness):
    guard = StormGuard()
    letters = DeadLetterRepository("lead_scoring", (LEADS,), harness.store, harness.bus, guard=guard)
    guard.count_processed(2000)
    await harness.put(*(captured(f"k{n}", n=13) for n in range(60)))
    dead = [FailedRecord(r, "handler_failed", "unlucky") for r in await harness.records(LEADS)]
    await letters.dead_letter(dead[:50])
    with pytest.raises(FailureStorm):
        await letters.dead_letter(dead[50:])
    await DeadLetterRepository("lead_scoring", (LEADS,), harness.store, harness.bus, guard=StormGuard()).dead_letter(
        [replace_code(d, "not_json") for d in dead])  # what publishers do wrong stops nobody
    assert len(await harness.letters.list()) == 60


def test_the_guard_looks_back_a_minute_and_remembers_no_more():
    now = 0.0
    guard = StormGuard(lambda: now)
    record = Record(LEADS, 0, 0, 0, b"", b"")
    for _ in range(10_000):
        now += 0.1
        guard.count_processed(1)
    assert len(guard._taken) <= 602
    guard.check([FailedRecord(record, "handler_failed", "")] * 51)  # of 600: too few to judge by
    now += 61
    guard.count_processed(1000)
    guard.check([FailedRecord(record, "handler_failed", "")] * 50)
    with pytest.raises(FailureStorm):
        guard.check([FailedRecord(record, "handler_failed", "")])


def replace_code(dead: FailedRecord, code: str) -> FailedRecord:
    return dead._replace(code=code)


async def test_a_record_of_any_bytes_can_be_a_letter(harness):
    await harness.bus.publish([Outgoing(LEADS, b"\xff", b"\xfe{", (("x", b"\xff"),), 3)])
    (record,) = await harness.records(LEADS)
    await harness.letters.dead_letter([FailedRecord(record, "not_json", "é" * 1000)])
    face = (await only(harness)).to_json(whole=True)
    assert face["key"] == "base64:/w==" and face["partition"] == 3 and len(face["error"]) <= 500


def test_dead_letter_topics_have_as_many_partitions_as_their_topics():
    letters = DeadLetterRepository("kpi", (LEADS,), None, None)  # type: ignore[arg-type]
    assert letters.needed_topics() == {"crm.leads.v1.kpi.dlq": 8}
