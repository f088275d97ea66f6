"""The one loop: every event counts exactly once, whatever is repeated."""
import pytest

from chassis.adapters.memory import MemoryStore
from chassis.messages.envelope import encode
from chassis.ports import TopicPartition
from contracts.topics import dead_letter_topic
from tests.chassis.harness import LEADS, NOON, SCORES, Harness, captured, lost


@pytest.fixture
async def harness() -> Harness:
    return await Harness().start()


async def test_later_messages_of_a_batch_see_what_earlier_ones_decided(harness):
    await harness.put(captured(n=1), captured(n=2), captured(n=3))
    await harness.run()
    assert (await harness.state("a")).total == 6
    assert [m.event.score for m in await harness.said()] == [1, 3, 6]


async def test_outputs_are_numbered_without_a_gap_and_name_their_cause(harness):
    await harness.put(captured(), captured(), ids=["one", "two"])
    await harness.run()
    metas = [m.meta for m in await harness.said()]
    assert [m.sequence for m in metas] == [1, 2]
    assert [m.causation_id for m in metas] == ["one", "two"]
    assert [m.correlation_id for m in metas] == ["one", "two"]
    assert {m.source for m in metas} == {"/triptych/lead_scoring/counter"}
    assert [m.time for m in metas] == [NOON, NOON]


async def test_a_repeated_batch_changes_nothing_and_says_the_same_again(harness):
    await harness.put(captured())
    await harness.run()
    again = await harness.restarted()
    await again.run()
    assert (await again.state("a")).total == 1
    said = await again.said()
    assert len({m.meta.id for m in said}) == 1 and {m.event.score for m in said} == {1}


async def test_what_is_known_to_be_published_is_owed_no_more(harness):
    for number in range(5):
        await harness.put(captured())
        await harness.run(lo=number)
    stored, state = await harness.stored("a")
    assert state.total == 5 and len(stored.outbox) == 1
    assert [m.event.score for m in await harness.said()] == [1, 2, 3, 4, 5]


async def test_a_copy_of_an_event_at_another_offset_is_recognised(harness):
    await harness.put(captured(), captured(), ids=["same", "same"])
    await harness.run()
    assert (await harness.state("a")).total == 1


async def test_an_id_used_again_for_something_else_is_a_dead_letter(harness):
    await harness.put(captured(n=1), captured(n=2), ids=["same", "same"])
    await harness.run()
    assert (await harness.state("a")).total == 1
    assert [(x.code, x.offset) for x in await harness.letters.list()] == [("id_reused", 1)]


async def test_one_event_may_ask_several_documents(harness):
    await harness.put(captured("a", 5, also="b"))
    await harness.run()
    assert (await harness.state("a")).total == (await harness.state("b")).total == 5
    said = await harness.said()
    assert sorted(m.event.lead_id for m in said) == ["a", "b"] and len({m.meta.id for m in said}) == 2


async def test_what_a_decider_cannot_take_becomes_a_dead_letter_and_the_good_goes_on(harness):
    await harness.put(captured(n=1), captured(n=13), captured(n=0), captured(n=666), captured(n=2))
    await harness.run()
    assert (await harness.state("a")).total == 3
    codes = sorted((x.offset, x.code) for x in await harness.letters.list())
    assert codes == [(1, "handler_failed"), (2, "nothing_to_add"), (3, "handler_failed")]


async def test_a_timer_fires_before_a_later_event_is_decided(harness):
    await harness.put(captured(n=1), at=NOON)
    await harness.put(lost(hours=1), at=NOON)
    await harness.put(captured(n=1), at=NOON.replace(hour=14))
    await harness.run()
    said = await harness.said()
    assert [type(m.event).__name__ for m in said] == ["LeadScored", "LeadQualified", "LeadScored"]
    assert said[1].meta.time == NOON.replace(hour=13)
    assert [m.meta.sequence for m in said] == [1, 2, 3]


async def test_a_chain_that_history_caused_stays_history(harness):
    await harness.put(captured(), backfill="true")
    await harness.run()
    assert [m.meta.backfill for m in await harness.said()] == [True]


async def test_a_source_sequence_that_was_passed_is_skipped_on_our_own_topics():
    from chassis.service.description import ServiceComponents
    from contracts.lead_scoring import LeadScored
    from tests.chassis.harness import COUNTER, on_scored, scored

    harness = await Harness(parts=ServiceComponents((COUNTER,), {LeadScored: on_scored})).start()
    for id, sequence in (("x", 1), ("y", 2), ("z", 2), ("w", 3)):
        await harness.bus.publish([encode(
            scored("a", 1, id), id=id, source="/triptych/other", time=NOON, extensions={"sequence": sequence})])
    await harness.runner.run(await harness.batch(SCORES))
    assert (await harness.state("copy-a")).added == ("x", "y", "w")


async def test_history_keeps_what_was_published_in_order(harness):
    await harness.put(captured(), captured())
    await harness.run()
    rows = await harness.store.ids("lead_scoring.counter.history")
    assert rows == ["a|0000000001", "a|0000000002"]


async def test_dead_letters_lie_on_the_partition_of_the_original(harness):
    await harness.put(captured(n=13))
    await harness.run()
    (original,) = await harness.records(LEADS)
    topic = dead_letter_topic(LEADS, "lead_scoring")
    letters = await harness.bus.read(TopicPartition(topic, original.partition), 0, 10)
    assert [(r.key, r.value) for r in letters] == [(original.key, original.value)]
    assert letters[0].headers[: len(original.headers)] == original.headers


async def test_a_state_that_cannot_be_written_is_a_dead_letter_of_the_one_that_caused_it():
    from dataclasses import replace

    from chassis.service.description import ServiceComponents
    from contracts.lead_scoring import LeadScored
    from tests.chassis.harness import COUNTER, PARTS

    def evolve(state, event):
        made = COUNTER.decider.evolve(state, event)
        return replace(made, due=object()) if isinstance(event, LeadScored) and event.score % 7 == 0 else made

    broken = replace(COUNTER, decider=replace(COUNTER.decider, evolve=evolve, next_deadline=lambda _state: None))
    harness = await Harness(parts=ServiceComponents((broken,), PARTS.handlers)).start()
    await harness.put(captured(n=1), captured(n=2), captured(n=4), captured(n=3), captured("b", 5), captured(n=20))
    await harness.run()
    assert (await harness.state("a")).total == 26 and (await harness.state("b")).total == 5
    assert [(x.code, x.offset) for x in await harness.letters.list()] == [("handler_failed", 2)]
    assert [m.event.score for m in await harness.said() if m.key == "a"] == [1, 3, 6, 26]
    assert [m.meta.sequence for m in await harness.said() if m.key == "a"] == [1, 2, 3, 4]


async def test_what_a_document_is_said_to_be_over_is_what_the_store_holds():
    """A store leaves alone what did not change: to be told of values that it does not hold would keep wrong ones."""
    from dataclasses import replace

    from chassis.service.description import ServiceComponents
    from contracts.lead_scoring import LeadScored
    from tests.chassis.harness import COUNTER, PARTS

    class Checking(MemoryStore):
        n = 0

        async def save(self, collection, documents):
            held = await self.load(collection, [d.id for d in documents])
            for document in documents:
                if document.before is not None and document.version:
                    assert document.before == held[document.id].index
                    Checking.n += 1
            return await super().save(collection, documents)

    def evolve(state, event):
        made = COUNTER.decider.evolve(state, event)
        return replace(made, due=object()) if isinstance(event, LeadScored) and event.score % 7 == 0 else made

    broken = replace(COUNTER, decider=replace(COUNTER.decider, evolve=evolve, next_deadline=lambda _state: None))
    harness = await Harness(Checking(), parts=ServiceComponents((broken,), PARTS.handlers)).start()
    for ns in ((1, 2), (4, 3), (20, 5, 11), (6,)):
        before = {p: s.hi for p, s in (await harness.batch()).items()}
        await harness.put(*(captured(n=n) for n in ns))
        await harness.run(lo=max(before.values(), default=0))
    assert Checking.n == 3 and len(await harness.letters.list()) > 0


async def test_sequences_are_fences_of_each_topic_apart():
    """One document may speak on two topics: only within one is the order kept."""
    from chassis.aggregates import PartitionBatch
    from chassis.domain.decider import changed
    from chassis.service.description import ServiceComponents
    from contracts.lead_scoring import LeadScored
    from tests.chassis.harness import COUNTER, on_scored, scored

    harness = await Harness(parts=ServiceComponents((COUNTER,), {LeadScored: on_scored})).start()
    harness.runner._router._sequenced_topics = frozenset({SCORES, LEADS})
    for id, sequence in (("x", 5), ("y", 4)):
        await harness.bus.publish([encode(
            scored("a", 1, id), id=id, source="/triptych/other", time=NOON, extensions={"sequence": sequence})])
    ((place, share),) = (await harness.batch(SCORES)).items()
    five, four = share.messages
    other = changed(four, record=changed(four.record, topic=LEADS))
    await harness.runner.run({place: PartitionBatch(0, 1, [five])})
    await harness.runner.run({TopicPartition(LEADS, place.partition): PartitionBatch(1, 2, [other])})
    assert (await harness.state("copy-a")).added == ("x", "y")
