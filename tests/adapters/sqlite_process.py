"""A separate process on a SQLite file, for tests that kill it: `-m tests.adapters.sqlite_process ROLE PATH ...`.

It prints one line per acknowledged step, so that the test knows what must have survived.
"""
import asyncio
import sys
from pathlib import Path

from chassis.adapters.sqlite import Database, SqliteBus, SqliteStore, wal_checkpoint
from chassis.domain.decider import changed
from chassis.ports import Document, Outgoing, PartitionLost, TopicPartition

TOPIC, COLLECTION = "tests.load.v1", "tests.counters"


def report(*words: object) -> None:
    print(*words, flush=True)


async def write(database: Database, name: str) -> None:
    """Publishes and saves numbers without end; reports each number once both writes are acknowledged."""
    bus, store = SqliteBus(database), SqliteStore(database)
    stored = Document(name, 0, b"")
    n = 0
    while True:
        await bus.publish([Outgoing(TOPIC, f"{name}-{n % 7}".encode(), f"{name}:{n}:{m}".encode()) for m in range(5)])
        assert not await store.save(COLLECTION, [changed(stored, body=str(n).encode())])
        stored = changed(stored, version=stored.version + 1)
        report(n)
        n += 1


async def increment(database: Database, times: str) -> None:
    store = SqliteStore(database)
    report("ready")
    await asyncio.to_thread(sys.stdin.readline)
    for _ in range(int(times)):
        while True:
            stored = (await store.load(COLLECTION, ["n"])).get("n", Document("n", 0, b"0"))
            if not await store.save(COLLECTION, [changed(stored, body=str(int(stored.body) + 1).encode())]):
                break
    report("done")


async def consume(database: Database, group: str) -> None:
    """Polls and commits without end; reports changes of the assignment and refused commits."""
    consumer = SqliteBus(database).consumer(group, [TOPIC])
    await consumer.start()
    held: frozenset[TopicPartition] = frozenset()
    while True:
        if consumer.assignment() != held:
            held = consumer.assignment()
            report("held", *sorted(partition.partition for partition in held))
        for partition, records in (await consumer.poll(50, 0.1)).items():
            try:
                await consumer.commit({partition: records[-1].offset + 1})
            except PartitionLost:
                report("lost", partition.partition)


async def main() -> None:
    role, path, *rest = sys.argv[1:]
    # small bounds: a kill may also interrupt a checkpoint of the write-ahead log
    wal_checkpoint.MIN_PAGES, wal_checkpoint.MAX_PAGES = 5, 40
    database = Database(Path(path))
    await database.start()
    await {"write": write, "increment": increment, "consume": consume}[role](database, *rest)
    await database.stop()


if __name__ == "__main__":
    asyncio.run(main())
