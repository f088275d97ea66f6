"""What could not be taken waits with its reason, and can be given back, to one service alone."""
from dataclasses import replace

import pytest

from chassis.dead_letters import MOST_REPLAYS, DeadLetters, addressed
from chassis.ports import BusUnavailable, Outgoing
from chassis.runner import Dead
from chassis.runner.work import REPLAY_FOR
from chassis.web import Problem
from contracts.topics import dead_letter_topic
from tests.chassis.house import COUNTER, LEADS, House, captured


@pytest.fixture
async def house() -> House:
    return await House().start()


async def only(house: House):
    (letter,) = await house.letters.list()
    return letter


async def test_a_letter_says_where_the_record_lay_and_why_it_could_not_be_taken(house):
    await house.put(captured(n=13), ids=["bad"])
    await house.run()
    letter = await only(house)
    assert (letter.code, letter.topic, letter.offset, letter.service) == ("handler_failed", LEADS, 0, "lead_scoring")
    assert letter.error == "RuntimeError: unlucky" and letter.status == "open" and letter.replays == 0
    (record,) = await house.records(dead_letter_topic(LEADS, "lead_scoring"))
    names = {n for n, _ in record.headers if n[:4] == "dlq."}
    assert names == {f"dlq.{n}" for n in (
        "id", "topic", "partition", "offset", "timestamp", "group", "service", "version", "definition", "code", "error",
        "attempts", "first_failed_at", "replays")}


async def test_the_same_record_buried_twice_is_one_letter(house):
    await house.put(captured(n=13))
    await house.run()
    await house.runner.run(await house.batch())
    await (await house.restarted()).run()
    assert len(await house.letters.list()) == 1


async def test_a_letter_comes_before_its_fence(house):
    """A crash between the two leaves a letter too many, never one too few."""
    await house.put(captured(n=13))

    async def away(_messages):
        raise BusUnavailable("away")

    house.bus.before_publish = away
    with pytest.raises(BusUnavailable):
        await house.run()
    house.bus.before_publish = None
    await (await house.restarted()).run()
    assert [x.code for x in await house.letters.list()] == ["handler_failed"]


async def test_after_the_mend_a_replayed_record_counts_once(house):
    await house.put(captured(n=13, also="b"), captured(n=1))
    await house.run()
    mended = COUNTER.decider.decide
    room = house.runner.rooms["counter"]
    letter = await only(house)
    await house.letters.replay(letter.id)
    again = await house.letters.replay(letter.id)
    assert again.status == "replayed" and len(await house.records(LEADS)) == 3

    def decide(command, state):
        return mended(replace(command, n=14) if command.n == 13 else command, state)

    room.aggregate = replace(COUNTER, decider=replace(COUNTER.decider, decide=decide))
    await house.run()
    await house.run()
    assert (await house.state("a")).total == 15 and (await house.state("b")).total == 14


async def test_a_replay_that_fails_again_is_a_new_letter_up_to_three_times(house):
    await house.put(captured(n=13))
    await house.run()
    for n in range(MOST_REPLAYS):
        (letter,) = [x for x in await house.letters.list() if x.status == "open"]
        assert letter.replays == n
        await house.letters.replay(letter.id)
        await house.run()
    (letter,) = [x for x in await house.letters.list() if x.status == "open"]
    with pytest.raises(Problem) as refused:
        await house.letters.replay(letter.id)
    assert (refused.value.status, refused.value.code) == (409, "too_many_replays")


async def test_a_replay_that_was_cut_off_is_finished_by_asking_again(house):
    await house.put(captured(n=13))
    await house.run()
    letter = await only(house)

    async def away(_messages):
        raise BusUnavailable("away")

    house.bus.before_publish = away
    with pytest.raises(BusUnavailable):
        await house.letters.replay(letter.id)
    house.bus.before_publish = None
    assert (await house.letters.replay(letter.id)).status == "replayed"
    assert len(await house.records(LEADS)) == 2


async def test_a_replay_is_for_one_service_alone(house):
    await house.put(captured(n=13))
    await house.run()
    await house.letters.replay((await only(house)).id)
    original, again = await house.records(LEADS)
    assert addressed(original, "kpi") and addressed(again, "lead_scoring") and not addressed(again, "kpi")
    assert not addressed(again, "lead")


async def test_mended_content_is_a_new_event_caused_by_the_old(house):
    await house.put(captured(n=13), ids=["bad"])
    await house.run()
    letter = await only(house)
    with pytest.raises(Problem):
        await house.letters.replay(letter.id, {"lead_id": "a"})
    await house.letters.replay(letter.id, {"lead_id": "a", "business_line": "toys", "attributes": {"n": 2}})
    await house.run()
    assert (await house.state("a")).total == 2
    record = (await house.records(LEADS))[-1]
    headers = dict(record.headers)
    assert headers["ce_id"] != b"bad" and headers["ce_causationid"] == b"bad" and REPLAY_FOR in headers


async def test_a_discarded_letter_is_closed_with_its_reason(house):
    await house.put(captured(n=13))
    await house.run()
    letter = await only(house)
    done = await house.letters.discard(letter.id, "a test")
    assert (done.status, done.note) == ("discarded", "a test")
    with pytest.raises(Problem) as refused:
        await house.letters.replay(letter.id)
    assert refused.value.code == "discarded"
    assert (await house.letters.stats())["status"] == {"discarded": 1}


async def test_letters_are_listed_by_what_is_asked_for(house):
    await house.put(captured(n=13), captured(n=0), captured("other", n=666))
    await house.run()
    assert [x.code for x in await house.letters.list(where={"code": "nothing_to_add"})] == ["nothing_to_add"]
    assert len(await house.letters.list(2)) == 2
    first, second, third = await house.letters.list()
    after = await house.letters.list(after=(second.first_failed_at, second.id))
    assert after == [third] and first.id != third.id
    stats = await house.letters.stats()
    assert stats["code"] == {"handler_failed": 2, "nothing_to_add": 1} and stats["topic"] == {LEADS: 3}


async def test_a_record_of_any_bytes_can_be_a_letter(house):
    await house.bus.publish([Outgoing(LEADS, b"\xff", b"\xfe{", (("x", b"\xff"),), 3)])
    (record,) = await house.records(LEADS)
    await house.letters.bury([Dead(record, "not_json", "é" * 1000)])
    face = (await only(house)).face(whole=True)
    assert face["key"] == "base64:/w==" and face["partition"] == 3 and len(face["error"]) <= 500


def test_dead_letter_topics_have_as_many_partitions_as_their_topics():
    letters = DeadLetters("kpi", (LEADS,), None, None)  # type: ignore[arg-type]
    assert letters.needed_topics() == {"crm.leads.v1.kpi.dlq": 8}
