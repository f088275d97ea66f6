"""Backup and restore: a consistent copy of a running system, restored into an empty data directory only."""
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import apsw
import pytest
from rich.console import Console

from chassis.adapters.sqlite import Database, SqliteBus, SqliteStore
from chassis.adapters.sqlite.backup import contents
from chassis.ports import Collection, Document, Outgoing, TopicPartition
from chassis.support.settings import Settings
from tests.adapters.sqlite_process import COLLECTION, TOPIC
from tools.backup import NotPossible, run_backup, run_restore

ROOT = Path(__file__).parents[2]
QUIET = Console(quiet=True)


def settings(directory: Path, **more: str) -> Settings:
    return Settings(data_dir=directory, **more)  # type: ignore[arg-type]


async def populated_database(directory: Path) -> Database:
    """A stopped system with records, a document and a committed offset."""
    database = Database(directory / "triptych.db")
    bus, store = SqliteBus(database), SqliteStore(database)
    await database.start()
    await bus.ensure_topics({TOPIC: 4})
    await store.ensure([Collection(COLLECTION, {})])
    await bus.publish([Outgoing(TOPIC, b"a", f"{n}".encode()) for n in range(100)])
    await store.save(COLLECTION, [Document("n", 0, b"7")])
    consumer = bus.consumer("g", [TOPIC])
    await consumer.start()
    polled = await consumer.poll(500, 5)
    await consumer.commit({partition: records[-1].offset + 1 for partition, records in polled.items()})
    (directory / "link.key").write_bytes(b"secret")
    await consumer.stop()
    await database.stop()
    return database


async def test_a_restored_system_equals_the_backed_up_one(tmp_path: Path) -> None:
    await populated_database(tmp_path / "old")
    copy = tmp_path / "copy.db"
    assert run_backup(settings(tmp_path / "old"), copy, QUIET) == 0
    assert copy.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["copy.db"]
    assert run_restore(settings(tmp_path / "new"), copy, QUIET) == 0
    database = Database(tmp_path / "new" / "triptych.db")
    bus, store = SqliteBus(database), SqliteStore(database)
    await database.start()
    ends = await bus.end_offsets([TOPIC])
    assert sum(ends.values()) == 100 and await bus.committed("g", [TOPIC]) == {p: n for p, n in ends.items() if n}
    assert (await store.load(COLLECTION, ["n"]))["n"].body == b"7"
    assert (tmp_path / "new" / "link.key").read_bytes() == b"secret"
    assert await bus.identity() == contents(copy).identity
    await database.stop()


@pytest.mark.slow
async def test_a_copy_of_a_file_that_another_process_writes_is_consistent(tmp_path: Path) -> None:
    """The writer publishes five records, then saves their number, in a loop: no copy has a number without them."""
    database = await populated_database(tmp_path)
    writer = start_writer(database.path)
    try:
        assert writer.stdout is not None
        acknowledged = 0
        for number in range(5):
            for _ in range(100):
                acknowledged = int(writer.stdout.readline())
            run_backup(settings(tmp_path), tmp_path / f"copy-{number}.db", QUIET)
            await check(tmp_path / f"copy-{number}.db", acknowledged)
    finally:
        writer.kill()
        writer.wait()
        if writer.stdout:
            writer.stdout.close()


def start_writer(file: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-m", "tests.adapters.sqlite_process", "write", str(file), "w"], cwd=ROOT,
                            stdout=subprocess.PIPE, text=True)


async def check(copy: Path, acknowledged: int) -> None:
    run_restore(settings(copy.with_suffix("")), copy, QUIET)
    database = Database(copy.with_suffix("") / "triptych.db")
    bus, store = SqliteBus(database), SqliteStore(database)
    await database.start()
    n = int((await store.load(COLLECTION, ["w"]))["w"].body)
    records = sum((await bus.end_offsets([TOPIC])).values()) - 100
    assert n >= acknowledged and records in (5 * (n + 1), 5 * (n + 2))
    last = [r for p in range(4) for r in await bus.read(TopicPartition(TOPIC, p), 0, 10**6)]
    assert sum(1 for r in last if (r.value or b"").startswith(b"w:")) == records
    await database.stop()


async def test_existing_files_and_directories_are_not_overwritten(tmp_path: Path) -> None:
    await populated_database(tmp_path / "old")
    copy = tmp_path / "copy.db"
    run_backup(settings(tmp_path / "old"), copy, QUIET)
    before = copy.read_bytes()
    with pytest.raises(NotPossible, match="exists already"):
        run_backup(settings(tmp_path / "old"), copy, QUIET)
    with pytest.raises(NotPossible, match="is not empty"):
        run_restore(settings(tmp_path / "old"), copy, QUIET)
    assert copy.read_bytes() == before and not list(tmp_path.rglob("*.partial"))


async def test_a_backup_into_a_directory_is_named_by_the_time(tmp_path: Path) -> None:
    await populated_database(tmp_path / "old")
    (tmp_path / "copies").mkdir()
    run_backup(settings(tmp_path / "old"), tmp_path / "copies", QUIET)
    (created,) = (tmp_path / "copies").iterdir()
    assert created.name.startswith("triptych-2") and contents(created).records == 100


async def test_a_directory_in_use_is_not_restored_into(tmp_path: Path) -> None:
    await populated_database(tmp_path / "old")
    run_backup(settings(tmp_path / "old"), tmp_path / "copy.db", QUIET)
    (tmp_path / "new").mkdir()
    lock = os.open(tmp_path / "new" / "up.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with pytest.raises(NotPossible, match="A system is running on"):
        run_restore(settings(tmp_path / "new"), tmp_path / "copy.db", QUIET)
    os.close(lock)


async def test_an_invalid_or_damaged_backup_is_refused_and_no_file_is_left(tmp_path: Path) -> None:
    database = await populated_database(tmp_path / "old")
    run_backup(settings(tmp_path / "old"), tmp_path / "copy.db", QUIET)
    (tmp_path / "text").write_text("no database")
    content = (tmp_path / "copy.db").read_bytes()
    (tmp_path / "truncated").write_bytes(content[: len(content) // 2])
    later = tmp_path / "later"
    later.write_bytes(content)
    with apsw.Connection(str(later)) as connection:
        connection.execute("PRAGMA user_version=999")
    for file in (tmp_path / "text", tmp_path / "truncated", later, database.path, tmp_path / "missing"):
        with pytest.raises(NotPossible):
            run_restore(settings(tmp_path / "new"), file, QUIET)
    assert not [p for p in (tmp_path / "new").iterdir() if p.name != "up.lock"] if (tmp_path / "new").exists() else True


def test_for_kafka_and_mongodb_the_error_names_their_own_tools(tmp_path: Path) -> None:
    external = settings(tmp_path, kafka="host:9092", mongo="mongodb://host")
    for run in (run_backup, run_restore):
        with pytest.raises(NotPossible, match=r"(?s)MirrorMaker.*mongodump.*store first"):
            run(external, tmp_path / "copy.db", QUIET)


def test_a_backup_without_a_system_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotPossible, match="no embedded system"):
        run_backup(settings(tmp_path / "missing"), tmp_path / "copy.db", QUIET)
    assert not (tmp_path / "missing").exists()
