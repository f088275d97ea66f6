"""What finds mutants out: worlds of the models, seen whole, and short stories. Each passes on the code as it is."""
import asyncio
import inspect
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from chassis.adapters.memory import MemoryBus, MemoryStore
from chassis.aggregates import PartitionBatch
from chassis.messages.envelope import Message, decode
from chassis.ports import LogRecreated, PartitionLost, TopicPartition
from chassis.projections import Projector
from chassis.runtime.event_processors import JournalBehind, ProjectionProcessor
from chassis.runtime.progress import Progress
from tests.chassis import (
    projecting,
    test_application,
    test_dead_letters,
    test_projector,
    test_runner,
    test_sequences,
    test_timers,
)
from tests.chassis.harness import LEADS, Harness, captured
from tests.chassis.model import test_model_runner as runner_worlds
from tests.chassis.model.explore import explore
from tests.chassis.model.values import Budget
from tests.chassis.model.world import World
from tests.chassis.model_projector import search
from tests.chassis.model_projector.world import World as FiguresWorld

Check = Callable[[], Any]
AT_MOST = 60_000  # states: every world below has fewer


def world(*logs: Any, faults: Budget | None = None, **more: Any) -> Check:
    def looked() -> None:
        _, complete = explore(World(logs, budget=faults, **more), AT_MOST, 60)
        assert complete, "the world is larger than it was"

    return looked


def figures(log: Any, rebalances: int = 0, crashes: int = 0, lost: int = 0, **more: Any) -> Check:
    """A world of the projector; `make` builds it, which a mutant may replace."""
    def looked(make: type[Projector] = Projector) -> None:
        found = search.explore(FiguresWorld(
            log, make, rebalances=rebalances, crashes=crashes, lost=lost, **more), AT_MOST)
        assert found.complete and found.finals, found

    return looked


def story(told: Callable[..., Awaitable[None]]) -> Check:
    """A test of the suite, or a short story below; a harness is built for those who want one."""
    async def lived() -> None:
        wants = "harness" in inspect.signature(told).parameters
        async with asyncio.timeout(5):
            await (told(await Harness().start()) if wants else told())

    return lived


# --- stories of a log that is another one ----------------------------------------------------------------------------


async def numbers_of_another_log_are_other_numbers() -> None:
    """Fences of the old log must not keep events of the new one out."""
    harness = await Harness().start()
    await harness.put(captured(), captured())
    await harness.run()
    anew = Harness(harness.store, MemoryBus())
    anew.runner.fence_keys._identity = "another log"
    await anew.start()
    await anew.put(captured(), ids=["first of the new log"])
    await anew.run()
    assert (await anew.state("a")).total == 3


async def _read_before(events: int = 2) -> Harness:
    harness = await Harness().start()
    await harness.put(*(captured() for _ in range(events)))
    progress = Progress("lead_scoring", harness.store, harness.bus, "log")
    await harness.store.ensure([progress.collection])
    for record in await harness.records(LEADS):
        progress.record_batch(record.topic_partition, record)
    await progress.write()
    return harness


async def _is_refused(harness: Harness, bus: MemoryBus, identity: str) -> None:
    places = frozenset(await bus.end_offsets([LEADS]))
    with pytest.raises(LogRecreated):
        await Progress("lead_scoring", harness.store, bus, identity).check(places)


async def a_log_of_another_name_is_refused() -> None:
    harness = await _read_before()
    await _is_refused(harness, harness.bus, "another log")  # type: ignore[arg-type]


async def a_log_that_is_shorter_than_what_was_read_is_refused() -> None:
    harness = await _read_before()
    bus: Any = harness.bus
    for log in bus._logs[LEADS]:
        del log[1:]
    await _is_refused(harness, bus, "log")


async def a_log_that_holds_something_else_where_was_read_is_refused() -> None:
    harness = await _read_before()
    bus: Any = harness.bus
    for log in bus._logs[LEADS]:
        log[:] = [replace(record, value=b"something else") for record in log]
    await _is_refused(harness, bus, "log")


async def a_record_on_a_partition_that_is_not_its_keys_is_refused() -> None:
    harness = await Harness().start()
    await harness.put(captured())
    (record,) = await harness.records(LEADS)
    assert isinstance(decode(record), Message)
    assert not isinstance(decode(replace(record, partition=(record.partition + 1) % 8)), Message)


# --- stories of a journal and its owner ------------------------------------------------------------------------------


async def _counted_up_to_one(store: MemoryStore) -> ProjectionProcessor:
    made = await projecting.projector(store)
    await made.recover(projecting.PLACE)
    await projecting.feed(made, projecting.letters(("a", projecting.Moved("1"))))
    bus: Any = MemoryBus()
    return ProjectionProcessor(await projecting.projector(store), bus)


async def what_lies_between_the_journal_and_the_poll_is_not_passed_over() -> None:
    heir = await _counted_up_to_one(MemoryStore())
    late: Any = projecting.letters(("f", projecting.Moved("6")), first=5)
    with pytest.raises(JournalBehind):
        await heir.run({projecting.PLACE: PartitionBatch(5, 6, late)})


async def a_batch_that_failed_is_recovered_before_the_next() -> None:
    store = MemoryStore()
    made = await projecting.projector(store)
    await made.recover(projecting.PLACE)

    async def gone(collection: str, _documents: object) -> None:
        if collection == "kpi.cells":
            raise ConnectionError

    store.before_write = gone
    with pytest.raises(ConnectionError):
        await projecting.feed(made, projecting.letters(("a", projecting.Moved("1"))))
    store.before_write = None
    with pytest.raises(PartitionLost, match="must be recovered first"):
        await projecting.feed(made, projecting.letters(("a", projecting.Moved("1"))))


async def _begins(journal: int, read: int, committed: int) -> int | None:
    """Where a worker begins whose journal ends there, whose store has read so far; None: where was committed."""
    app = test_application.make()
    await app.start()
    place, sought = TopicPartition(LEADS, 0), dict[TopicPartition, int]()
    worker: Any = app.worker
    bus: Any = app.bus
    worker._consumer = SimpleNamespace(seek=sought.__setitem__)
    worker.processors = (SimpleNamespace(assign=lambda _partition: _answer(journal)),)
    worker.progress = SimpleNamespace(check=lambda _places: _answer({place: read}))
    bus.committed = lambda _group, _topics: _answer({place: committed})
    await worker._take_over(frozenset([place]))
    return sought.get(place)


async def a_worker_begins_where_the_journal_ends_though_more_was_committed() -> None:
    assert await _begins(journal=2, read=5, committed=5) == 2


async def a_worker_begins_where_a_restored_store_ends_though_more_was_committed() -> None:
    assert await _begins(journal=2**63 - 1, read=3, committed=5) == 3


async def _answer(value: Any) -> Any:
    return value


# --- by name ---------------------------------------------------------------------------------------------------------

COPY, BAD, REUSED = runner_worlds.COPY, runner_worlds.BAD, runner_worlds.REUSED
THREE = (("a", "x"), ("b", "x"), ("c", "x"))
TWO_KEYS = (("a", "x"), ("b", "y"))
REQUEST = {"requests": [("x", "key-r0", None)], "schedulers": 1}
ONE_REVISION = {"requests": [("x", "key-r0", 0), ("x", "key-r1", 0)], "schedulers": 1}
NO_KEY = {"requests": [("x", None, None)], "schedulers": 1}
IN_ORDER = {"sequenced": True, "ring": 2}

CHECKS: dict[str, Check] = {
    "world: a copy": world(COPY),
    "world: a copy and a crash": world(COPY, faults=Budget(crashes=1)),
    "world: a copy and a zombie": world(COPY, faults=Budget(rebalances=1)),
    "world: a copy and a lost answer": world(COPY, faults=Budget(lost_answers=1)),
    "world: two documents and a lost answer": world(TWO_KEYS, faults=Budget(lost_answers=1)),
    "world: a crash after more than the ring holds": world(THREE, faults=Budget(crashes=1), batch=3, ring=2, workers=1),
    "world: an id used again": world(REUSED),
    "world: an old sequence comes again": world(runner_worlds.SEQUENCES, **IN_ORDER),
    "world: a bug and a crash": world(BAD, faults=Budget(crashes=1)),
    "world: a dead letter is given back": world(BAD, operators=1, workers=1),
    "world: a dead letter of a sequence is given back": world(
        runner_worlds.BAD_SEQUENCES, operators=1, workers=1, **IN_ORDER),
    "world: a request and a crash": world((), faults=Budget(crashes=1), **REQUEST),
    "world: a request among events, a crash": world(COPY[:1], faults=Budget(crashes=1), workers=1, **REQUEST),
    "world: two requests of one revision": world((), **ONE_REVISION),
    "world: a request without a key and a lost answer": world((), faults=Budget(lost_answers=1), **NO_KEY),
    "world: a deadline and two schedulers": world(runner_worlds.DEADLINE[:1], schedulers=2),
    "world: a deadline and a request": world(runner_worlds.DEADLINE[:1], workers=1, **REQUEST),
    "world: a deadline and a crash": world(runner_worlds.DEADLINE[:1], faults=Budget(crashes=1), schedulers=1),
    "world: a deadline closed in time": world(runner_worlds.IN_TIME, schedulers=1),
    "world: a deadline, a late event and a zombie": world(
        runner_worlds.LATE, faults=Budget(rebalances=1), schedulers=1),
    "story: given back once": story(test_dead_letters.test_after_the_mend_a_replayed_record_counts_once),
    "story: sequences of two topics": story(test_runner.test_sequences_are_fences_of_each_topic_apart),
    "story: given back twice, long apart": story(
        test_sequences.test_a_dead_letter_that_is_given_back_twice_counts_once_however_much_lies_between),
    "story: a deadline before a later event": story(
        test_runner.test_a_timer_fires_before_a_later_event_is_decided),
    "story: the gate and what comes meanwhile": story(
        test_timers.test_the_gate_opens_for_the_moment_it_was_asked_for_though_more_comes_in),
    "story: numbers of another log": story(numbers_of_another_log_are_other_numbers),
    "story: a log of another name": story(a_log_of_another_name_is_refused),
    "story: a log cut short": story(a_log_that_is_shorter_than_what_was_read_is_refused),
    "story: a log that holds something else": story(a_log_that_holds_something_else_where_was_read_is_refused),
    "story: a wrong partition": story(a_record_on_a_partition_that_is_not_its_keys_is_refused),
    "story: a journal behind the poll": story(what_lies_between_the_journal_and_the_poll_is_not_passed_over),
    "story: a journal behind the commit": story(a_worker_begins_where_the_journal_ends_though_more_was_committed),
    "story: a store that was restored": story(a_worker_begins_where_a_restored_store_ends_though_more_was_committed),
    "story: a batch that failed": story(a_batch_that_failed_is_recovered_before_the_next),
    "story: a fact of another partition": story(test_projector.test_a_fact_belongs_to_the_partition_that_made_it),
    "story: what the journal holds comes again": story(
        test_projector.test_messages_that_the_journal_already_holds_are_passed_over),
    "story: a number that is free again": story(
        test_projector.test_a_number_that_is_free_because_its_record_was_taken_away_is_not_used_again),
    "story: the journal stays short": story(test_projector.test_the_journal_stays_short_and_still_adds_up),
    "story: rows of members put again": story(
        lambda: test_projector.test_a_record_that_was_put_only_in_part_is_put_again("kpi.members", True)),
}
