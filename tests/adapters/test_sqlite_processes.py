"""Several processes on one SQLite file: kill -9, concurrent writes, rebalances, leases, wake-ups."""
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
from tests.adapters.waiting import DEADLINE, gather_records, until, wait_for_assignments

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


async def read_line(process: Process) -> list[str]:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), DEADLINE)).decode().split()


async def kill(process: Process) -> list[str]:
    """Kills the process (-9); returns the rest of its output."""
    process.kill()
    output, _ = await process.communicate()
    return output.decode().split()


async def all_values(bus: SqliteBus) -> list[str]:
    ends = await bus.end_offsets([TOPIC])
    return [(r.value or b"").decode() for partition, end in ends.items() for r in await bus.read(partition, 0, end)]


async def test_no_acknowledged_write_is_lost_when_writers_are_killed(database: Database, launch: Launch) -> None:
    bus, store = SqliteBus(database), SqliteStore(database)
    for round_number in range(3):
        writers = [await launch("write", f"w{round_number}{n}") for n in range(2)]
        last = dict.fromkeys(range(2), 0)
        for n, writer in enumerate(writers):
            while last[n] < 60:
                last[n] = int((await read_line(writer))[0])
        for n, writer in enumerate(writers):
            last[n] = max([last[n], *map(int, (await kill(writer)))])
        published = await all_values(bus)
        for n in range(2):
            name = f"w{round_number}{n}"
            own = {value for value in published if value.startswith(f"{name}:")}
            assert own >= {f"{name}:{k}:{m}" for k in range(last[n] + 1) for m in range(5)}
            assert len([v for v in published if v.startswith(f"{name}:")]) == len(own) <= (last[n] + 2) * 5
            assert len(own) % 5 == 0, "a batch is published completely or not at all"
            stored = (await store.load(COLLECTION, [name]))[name]
            assert int(stored.body) in (last[n], last[n] + 1)
            assert stored.version == int(stored.body) + 1
    assert await database.read(lambda c: c.pragma("integrity_check")) == "ok"
    await bus.publish([Outgoing(TOPIC, b"k", b"after")])
    consumer = bus.consumer("after", [TOPIC])
    await consumer.start()
    records = await gather_records(consumer, len(published) + 1)
    assert len({(r.topic_partition, r.offset) for r in records}) == len(published) + 1
    await consumer.stop()


async def test_concurrent_increments_of_four_processes_are_not_lost(database: Database, launch: Launch) -> None:
    writers = [await launch("increment", "100") for _ in range(4)]
    for writer in writers:
        assert await read_line(writer) == ["ready"]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"go\n")
    for writer in writers:
        assert await read_line(writer) == ["done"]
    stored = (await SqliteStore(database).load(COLLECTION, ["n"]))["n"]
    assert (stored.body, stored.version) == (b"400", 400)


async def test_a_killed_member_is_replaced_within_its_session(database: Database, launch: Launch) -> None:
    bus = SqliteBus(database, session=SESSION)
    victim = await launch("consume", "group")
    assert await read_line(victim) == ["held", "0", "1", "2", "3"]
    member = bus.consumer("group", [TOPIC])
    await member.start()
    await until(lambda: len(member.assignment()) == 2, "a new member gets its share")
    victim.kill()
    await until(lambda: len(member.assignment()) == PARTITIONS, "the partitions are taken over")
    await member.stop()


async def test_a_member_that_joins_after_a_kill_gets_the_partitions_at_once(database: Database, launch: Launch) -> None:
    victim = await launch("consume", "group")
    assert await read_line(victim) == ["held", "0", "1", "2", "3"]
    await kill(victim)
    bus = SqliteBus(database, session=10 * DEADLINE)  # it must not wait for the end of the session
    member = bus.consumer("group", [TOPIC])
    await member.start()
    await wait_for_assignments([member], PARTITIONS)
    await member.stop()


async def test_only_a_process_that_has_certainly_ended_counts_as_ended() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await process.wait()
    own_name = new_member_name()
    name, number, rest = own_name.split("/", 2)
    assert process_has_ended(f"{name}/{process.pid}/{rest}")
    for running in (own_name, f"{name}/1/{rest}", f"{name}/{process.pid}/elsewhere", f"{name}/?/{rest}", name):
        assert not process_has_ended(running), running
    assert number.isdigit()


async def test_a_member_paused_beyond_its_session_cannot_commit(database: Database, launch: Launch) -> None:
    """The commit of a paused member must not overwrite the commit of its successor."""
    bus = SqliteBus(database, session=SESSION)
    paused = await launch("consume", "group")
    assert await read_line(paused) == ["held", "0", "1", "2", "3"]
    paused.send_signal(signal.SIGSTOP)
    member = bus.consumer("group", [TOPIC])
    await member.start()
    await wait_for_assignments([member], PARTITIONS)
    await bus.publish([Outgoing(TOPIC, b"k", b"v", (), n) for n in range(PARTITIONS)])
    await gather_records(member, PARTITIONS)
    for number in range(PARTITIONS):
        await member.commit({TopicPartition(TOPIC, number): 1})
    paused.send_signal(signal.SIGCONT)
    share = await read_line(paused)
    while len(share) != 3 or share[0] != "held":  # it lost all partitions, joins again, and gets its share
        share = await read_line(paused)
    await until(lambda: len(member.assignment()) == 2, "both have their share")
    assert set((await bus.committed("group", [TOPIC])).values()) == {1}
    await member.stop()


async def test_the_commit_of_a_former_owner_is_refused(database: Database) -> None:
    bus = SqliteBus(database, heartbeat=60.0)
    revocations: list[frozenset[TopicPartition]] = []

    async def revoked(partitions: frozenset[TopicPartition]) -> None:
        revocations.append(partitions)

    stale = bus.consumer("group", [TOPIC], on_revoked=revoked)
    await stale.start()
    await wait_for_assignments([stale], PARTITIONS)
    assigned = stale.assignment()
    await stale.commit(dict.fromkeys(assigned, 1))
    # an expired session, without the wake-up that a rebalance sends
    await database.write(lambda c: c.execute("UPDATE members SET seen=0"))
    successor = await database.write(lambda c: consumer_groups.balance(c, "group", "other", SESSION, PARTITIONS))
    assert len(successor.held) == PARTITIONS
    assert stale.assignment() == assigned
    with pytest.raises(PartitionLost):
        await stale.commit(dict.fromkeys(assigned, 2))
    assert set((await bus.committed("group", [TOPIC])).values()) == {1}
    await until(lambda: revocations == [assigned], "the revocation callback runs")
    await stale.stop()


async def test_an_owner_that_lost_and_regained_a_partition_cannot_use_its_old_lease(database: Database) -> None:
    def lose_and_regain(connection: apsw.Connection) -> list[int]:
        before = consumer_groups.balance(connection, "group", "a", SESSION, 1)
        consumer_groups.leave(connection, "group", "a")
        consumer_groups.balance(connection, "group", "b", SESSION, 1)
        consumer_groups.leave(connection, "group", "b")
        after = consumer_groups.balance(connection, "group", "a", SESSION, 1)
        assert consumer_groups.commit(connection, "group", "a", after.held, {1: 5}) == []
        return consumer_groups.commit(connection, "group", "a", before.held, {1: 3})

    assert await database.write(lose_and_regain) == [0]
    assert await database.read(lambda c: consumer_groups.committed(c, "group")) == {1: 5}


async def test_a_message_from_another_process_wakes_a_waiting_reader(
    database: Database, launch: Launch, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only the message can wake it: the polling interval is longer than the deadline of the test."""
    monkeypatch.setattr(consumer_module, "_POLL_SECONDS", 10 * DEADLINE)
    bus = SqliteBus(database)
    consumer = bus.consumer("waiting", [TOPIC])
    await consumer.start()
    await wait_for_assignments([consumer], PARTITIONS)
    writer = await launch("write", "w")
    await gather_records(consumer, 50)
    writer.kill()
    await consumer.stop()
