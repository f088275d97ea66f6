"""Several processes on one file, and what a kill of any of them leaves behind."""
import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import apsw
import pytest

from chassis.adapters.sqlite import Database, SqliteBus, SqliteStore, consumer_groups
from chassis.adapters.sqlite import consumer as consumer_module
from chassis.adapters.sqlite.member_names import new_member_name, process_has_ended
from chassis.ports import Collection, Outgoing, PartitionLost, TopicPartition
from tests.adapters.sqlite_process import COLLECTION, TOPIC
from tests.adapters.waiting import DEADLINE, gather_records, hold, until

pytestmark = pytest.mark.slow

PARTITIONS = 4
SESSION = 6.0

Launch = Callable[..., Awaitable[Process]]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "triptych.db")
    await database.start()
    await SqliteBus(database).ensure_topics({TOPIC: PARTITIONS})
    await SqliteStore(database).ensure([Collection(COLLECTION, {})])
    yield database
    await database.stop()


@pytest.fixture
async def launch(database: Database) -> AsyncIterator[Launch]:
    processes: list[Process] = []

    async def launched(role: str, *rest: str) -> Process:
        command = [sys.executable, "-m", "tests.adapters.sqlite_process", role, str(database.path), *rest]
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
        processes.append(process)
        return process

    yield launched
    for process in processes:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def line(process: Process) -> list[str]:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), DEADLINE)).decode().split()


async def killed(process: Process) -> list[str]:
    """Kill -9; everything that it still had said."""
    process.kill()
    said, _ = await process.communicate()
    return said.decode().split()


async def everything(bus: SqliteBus) -> list[str]:
    ends = await bus.end_offsets([TOPIC])
    return [(r.value or b"").decode() for place, end in ends.items() for r in await bus.read(place, 0, end)]


async def test_no_acknowledged_write_is_lost_when_writers_are_killed(database: Database, launch: Launch) -> None:
    bus, store = SqliteBus(database), SqliteStore(database)
    for turn in range(3):
        writers = [await launch("write", f"w{turn}{n}") for n in range(2)]
        last = dict.fromkeys(range(2), 0)
        for n, writer in enumerate(writers):
            while last[n] < 60:
                last[n] = int((await line(writer))[0])
        for n, writer in enumerate(writers):
            last[n] = max([last[n], *map(int, (await killed(writer)))])
        published = await everything(bus)
        for n in range(2):
            name = f"w{turn}{n}"
            mine = {value for value in published if value.startswith(f"{name}:")}
            assert mine >= {f"{name}:{k}:{m}" for k in range(last[n] + 1) for m in range(5)}
            assert len([v for v in published if v.startswith(f"{name}:")]) == len(mine) <= (last[n] + 2) * 5
            assert len(mine) % 5 == 0, "a batch is published whole or not at all"
            held = (await store.load(COLLECTION, [name]))[name]
            assert int(held.body) in (last[n], last[n] + 1)
            assert held.version == int(held.body) + 1
    assert await database.read(lambda c: c.pragma("integrity_check")) == "ok"
    await bus.publish([Outgoing(TOPIC, b"k", b"after")])
    consumer = bus.consumer("after", [TOPIC])
    await consumer.start()
    heard = await gather_records(consumer, len(published) + 1)
    assert len({(r.topic_partition, r.offset) for r in heard}) == len(published) + 1
    await consumer.stop()


async def test_of_increments_racing_in_four_processes_none_is_lost(database: Database, launch: Launch) -> None:
    racers = [await launch("increment", "100") for _ in range(4)]
    for racer in racers:
        assert await line(racer) == ["ready"]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write(b"go\n")
    for racer in racers:
        assert await line(racer) == ["done"]
    held = (await SqliteStore(database).load(COLLECTION, ["n"]))["n"]
    assert (held.body, held.version) == (b"400", 400)


async def test_a_killed_member_is_replaced_within_its_session(database: Database, launch: Launch) -> None:
    bus = SqliteBus(database, session=SESSION)
    victim = await launch("consume", "group")
    assert await line(victim) == ["held", "0", "1", "2", "3"]
    mine = bus.consumer("group", [TOPIC])
    await mine.start()
    await until(lambda: len(mine.assignment()) == 2, "a joiner gets its share")
    victim.kill()
    await until(lambda: len(mine.assignment()) == PARTITIONS, "the partitions are taken over")
    await mine.stop()


async def test_who_comes_after_a_killed_member_takes_its_partitions_at_once(database: Database, launch: Launch) -> None:
    victim = await launch("consume", "group")
    assert await line(victim) == ["held", "0", "1", "2", "3"]
    await killed(victim)
    mine = SqliteBus(database, session=10 * DEADLINE).consumer("group", [TOPIC])  # it does not wait for that
    await mine.start()
    await hold([mine], PARTITIONS)
    await mine.stop()


async def test_only_who_is_gone_for_sure_is_taken_for_dead() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await process.wait()
    mine = new_member_name()
    name, number, beside = mine.split("/", 2)
    assert process_has_ended(f"{name}/{process.pid}/{beside}")
    for living in (mine, f"{name}/1/{beside}", f"{name}/{process.pid}/elsewhere", f"{name}/?/{beside}", name):
        assert not process_has_ended(living), living
    assert number.isdigit()


async def test_a_member_that_was_stopped_for_long_cannot_commit_any_more(database: Database, launch: Launch) -> None:
    """A paused process is a dead one that does not know it: its commit must not overwrite its follower's."""
    bus = SqliteBus(database, session=SESSION)
    sleeper = await launch("consume", "group")
    assert await line(sleeper) == ["held", "0", "1", "2", "3"]
    sleeper.send_signal(signal.SIGSTOP)
    mine = bus.consumer("group", [TOPIC])
    await mine.start()
    await hold([mine], PARTITIONS)
    await bus.publish([Outgoing(TOPIC, b"k", b"v", (), n) for n in range(PARTITIONS)])
    await gather_records(mine, PARTITIONS)
    for number in range(PARTITIONS):
        await mine.commit({TopicPartition(TOPIC, number): 1})
    sleeper.send_signal(signal.SIGCONT)
    share = await line(sleeper)
    while len(share) != 3 or share[0] != "held":  # it lost all, joins again, and gets its share
        share = await line(sleeper)
    await until(lambda: len(mine.assignment()) == 2, "both have their share")
    assert set((await bus.committed("group", [TOPIC])).values()) == {1}
    await mine.stop()


async def test_a_former_owner_that_does_not_know_it_is_refused(database: Database) -> None:
    bus = SqliteBus(database, heartbeat=60.0)
    told: list[frozenset[TopicPartition]] = []

    async def revoked(places: frozenset[TopicPartition]) -> None:
        told.append(places)

    stale = bus.consumer("group", [TOPIC], on_revoked=revoked)
    await stale.start()
    await hold([stale], PARTITIONS)
    everything_held = stale.assignment()
    await stale.commit(dict.fromkeys(everything_held, 1))
    # what a session's silence comes to, without the bells that would wake it
    await database.write(lambda c: c.execute("UPDATE members SET seen=0"))
    taken = await database.write(lambda c: consumer_groups.balance(c, "group", "other", SESSION, PARTITIONS))
    assert len(taken.held) == PARTITIONS
    assert stale.assignment() == everything_held
    with pytest.raises(PartitionLost):
        await stale.commit(dict.fromkeys(everything_held, 2))
    assert set((await bus.committed("group", [TOPIC])).values()) == {1}
    await until(lambda: told == [everything_held], "it is told what it lost")
    await stale.stop()


async def test_an_owner_that_lost_and_won_back_cannot_use_its_old_lease(database: Database) -> None:
    def story(connection: apsw.Connection) -> list[int]:
        before = consumer_groups.balance(connection, "group", "a", SESSION, 1)
        consumer_groups.leave(connection, "group", "a")
        consumer_groups.balance(connection, "group", "b", SESSION, 1)
        consumer_groups.leave(connection, "group", "b")
        after = consumer_groups.balance(connection, "group", "a", SESSION, 1)
        assert consumer_groups.commit(connection, "group", "a", after.held, {1: 5}) == []
        return consumer_groups.commit(connection, "group", "a", before.held, {1: 3})

    assert await database.write(story) == [0]
    assert await database.read(lambda c: consumer_groups.committed(c, "group")) == {1: 5}


async def test_a_message_from_another_process_wakes_a_waiting_reader(
    database: Database, launch: Launch, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing else wakes it here: by itself the reader would poll again only after the test's deadline."""
    monkeypatch.setattr(consumer_module, "_LOOK_AGAIN", 10 * DEADLINE)
    bus = SqliteBus(database)
    consumer = bus.consumer("waiting", [TOPIC])
    await consumer.start()
    await hold([consumer], PARTITIONS)
    writer = await launch("write", "w")
    await gather_records(consumer, 50)
    writer.kill()
    await consumer.stop()
