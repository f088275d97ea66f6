"""A process of its own on a SQLite file, for tests that kill it: `-m tests.adapters.sqlite_process ROLE PATH ...`.

It prints one line per acknowledged step, so that the test knows what must have survived.
"""
import asyncio
import sys
from pathlib import Path

from chassis.adapters.sqlite import Database, SqliteBus, SqliteStore, wal_checkpoint
from chassis.domain.decider import changed
from chassis.ports import Document, Outgoing, PartitionLost, TopicPartition

TOPIC, COLLECTION = "tests.load.v1", "tests.counters"


def say(*words: object) -> None:
    print(*words, flush=True)


async def write(database: Database, name: str) -> None:
    """Publish and save for ever, numbering; say each number once both are acknowledged."""
    bus, store = SqliteBus(database), SqliteStore(database)
    held = Document(name, 0, b"")
    n = 0
    while True:
        await bus.publish([Outgoing(TOPIC, f"{name}-{n % 7}".encode(), f"{name}:{n}:{m}".encode()) for m in range(5)])
        assert not await store.save(COLLECTION, [changed(held, body=str(n).encode())])
        held = changed(held, version=held.version + 1)
        say(n)
        n += 1


async def increment(database: Database, times: str) -> None:
    store = SqliteStore(database)
    say("ready")
    await asyncio.to_thread(sys.stdin.readline)
    for _ in range(int(times)):
        while True:
            held = (await store.load(COLLECTION, ["n"])).get("n", Document("n", 0, b"0"))
            if not await store.save(COLLECTION, [changed(held, body=str(int(held.body) + 1).encode())]):
                break
    say("done")


async def consume(database: Database, group: str) -> None:
    """Hear and commit for ever; say what is held when it changes, what was committed, and what was refused."""
    consumer = SqliteBus(database).consumer(group, [TOPIC])
    await consumer.start()
    held: frozenset[TopicPartition] = frozenset()
    while True:
        if consumer.assignment() != held:
            held = consumer.assignment()
            say("held", *sorted(place.partition for place in held))
        for place, records in (await consumer.poll(50, 0.1)).items():
            try:
                await consumer.commit({place: records[-1].offset + 1})
            except PartitionLost:
                say("lost", place.partition)


async def main() -> None:
    role, path, *rest = sys.argv[1:]
    wal_checkpoint.ENOUGH, wal_checkpoint.BOUND = 5, 40  # so that a kill may also meet a folding of the log
    database = Database(Path(path))
    await database.start()
    await {"write": write, "increment": increment, "consume": consume}[role](database, *rest)
    await database.stop()


if __name__ == "__main__":
    asyncio.run(main())
