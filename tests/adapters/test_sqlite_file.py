"""SQLite database file: opening, sharing, query plans, transactions, checkpoints of the write-ahead log."""
import asyncio
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from chassis.adapters.sqlite import Database, SqliteBus, SqliteStore, queries, wal_checkpoint
from chassis.adapters.sqlite import database as module
from chassis.adapters.sqlite.database import DatabaseUnavailable
from chassis.adapters.sqlite.documents import CollectionTable
from chassis.adapters.sqlite.schema import LAYOUT
from chassis.ports import (
    AnyOf,
    Between,
    BusUnavailable,
    Collection,
    Document,
    Outgoing,
    StoreUnavailable,
    TopicPartition,
    Where,
)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "deep" / "triptych.db")
    await database.start()
    yield database
    await database.stop()


async def test_no_file_or_thread_is_opened_before_the_start(tmp_path: Path) -> None:
    """A process may fork before the start."""
    threads = threading.active_count()
    database = Database(tmp_path / "x.db")
    SqliteBus(database).consumer("g", ["t"])
    SqliteStore(tmp_path / "x.db")
    assert threading.active_count() == threads
    assert not list(tmp_path.iterdir())


async def test_an_outdated_sqlite_is_refused_with_the_required_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MIN_SQLITE", (99, 0, 0))
    store = SqliteStore(tmp_path / "x.db")
    with pytest.raises(RuntimeError, match=r"99\.0\.0 or later"):
        await store.start()
    assert not (tmp_path / "x.db").exists()


async def test_a_file_of_a_later_release_is_refused(tmp_path: Path) -> None:
    connection = apsw.Connection(str(tmp_path / "x.db"))
    connection.execute("PRAGMA user_version=99")
    database = Database(tmp_path / "x.db")
    with pytest.raises(RuntimeError, match="layout 99"):
        await database.start()
    connection.execute("PRAGMA user_version=0")
    connection.close()
    await database.start()  # after a failed start nothing is open
    assert await SqliteBus(database).identity()
    await database.stop()


async def test_a_file_of_the_first_release_is_migrated_and_read(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.db")
    bus = SqliteBus(database)
    await bus.start()
    await bus.ensure_topics({"t": 1})
    await bus.publish([Outgoing("t", b"k", b"old")])
    await bus.stop()
    with apsw.Connection(str(database.path)) as connection:
        connection.execute("DROP TABLE begins; PRAGMA user_version=1")
    await bus.start()
    assert await bus.begin_offsets(["t"]) == {TopicPartition("t", 0): 0}
    assert [r.value for r in await bus.read(TopicPartition("t", 0), 0, 10)] == [b"old"]
    await bus.stop()


async def test_a_shared_database_stays_open_until_bus_and_store_have_stopped(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.db")
    bus, store = SqliteBus(database), SqliteStore(database)
    await bus.start()
    await store.start()
    await bus.stop()
    await store.ensure([Collection("tests.a", {})])
    await store.stop()
    with pytest.raises(StoreUnavailable):
        await store.load("tests.a", ["x"])
    with pytest.raises(BusUnavailable):
        await bus.identity()
    await store.start()
    assert await store.load("tests.a", ["x"]) == {}
    await store.stop()


async def test_a_new_file_can_be_opened_concurrently(tmp_path: Path) -> None:
    databases = [Database(tmp_path / "x.db") for _ in range(8)]
    await asyncio.gather(*(database.start() for database in databases))
    assert len({await SqliteBus(database).identity() for database in databases}) == 1
    for database in databases:
        await database.stop()


async def test_batched_writes_fail_independently(database: Database) -> None:
    store = SqliteStore(database)
    await store.ensure([Collection("tests.a", {"n": int})])
    documents: list[Any] = [Document(f"d{n}", 0, b"", {"n": "invalid" if n == 3 else n}) for n in range(6)]
    outcomes = await asyncio.gather(*(store.save("tests.a", [d]) for d in documents), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [frozenset] * 3 + [ValueError] + [frozenset] * 2
    assert await store.ids("tests.a") == ["d0", "d1", "d2", "d4", "d5"]


async def test_a_writer_that_waits_too_long_raises_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    store, bus = SqliteStore(tmp_path / "x.db"), SqliteBus(tmp_path / "x.db")
    await store.start()
    await bus.start()
    await store.ensure([Collection("tests.a", {})])
    await bus.ensure_topics({"t": 1})
    other = apsw.Connection(str(tmp_path / "x.db"))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="Busy"):
        await store.save("tests.a", [Document("a", 0, b"")])
    with pytest.raises(BusUnavailable, match="Busy"):
        await bus.publish([Outgoing("t", b"k", b"v")])
    other.execute("ROLLBACK")
    other.close()
    assert await store.save("tests.a", [Document("a", 0, b"")]) == frozenset()
    await bus.publish([Outgoing("t", b"k", b"v")])
    await store.stop()
    await bus.stop()


async def test_a_cancelled_write_does_not_affect_later_reads(database: Database) -> None:
    write = asyncio.create_task(database.write(lambda c: c.execute("SELECT 1")))
    await asyncio.sleep(0)
    write.cancel()
    assert await database.read(lambda c: c.pragma("user_version")) == LAYOUT


async def test_a_closed_database_raises_database_unavailable(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable):
        await Database(tmp_path / "x.db").read(lambda c: None)


async def test_the_sync_setting_is_applied_to_sqlite(tmp_path: Path) -> None:
    for sync, number in (("normal", 1), ("full", 2)):
        database = Database(tmp_path / f"{sync}.db", sync=sync)  # type: ignore[arg-type]
        await database.start()
        assert await database.write(lambda c: c.pragma("synchronous")) == number
        assert await database.read(lambda c: c.pragma("journal_mode")) == "wal"
        await database.stop()


async def test_the_bells_leave_nothing_behind(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.db")
    await database.start()
    directory = database.bells._directory
    assert [entry.name.split("-")[0] for entry in directory.iterdir()] == [str(os.getpid())]
    await database.stop()
    assert list(directory.iterdir()) == []


async def test_the_write_ahead_log_stays_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wal_checkpoint, "MIN_PAGES", 50)
    monkeypatch.setattr(wal_checkpoint, "MAX_PAGES", 200)
    database = Database(tmp_path / "x.db")
    bus = SqliteBus(database)
    await bus.start()
    await bus.ensure_topics({"t": 1})
    for n in range(100):
        await bus.publish([Outgoing("t", b"k", b"x" * 100_000)])
        assert len(await bus.read(TopicPartition("t", 0), n, 10)) == 1
    assert (tmp_path / "x.db-wal").stat().st_size < 400 * 4096 < 100 * 100_000
    await bus.stop()


PLANS: list[tuple[Where, str | None, bool]] = [
    ({"stage": "won"}, "amount", False),
    ({"stage": "won"}, "amount", True),
    ({"stage": None}, "amount", True),
    ({"stage": "won", "amount": Between(1, 9)}, "amount", False),
    ({}, "amount", False),
    ({"amount": Between(1)}, "amount", True),
]


@pytest.mark.parametrize(("where", "order", "descending"), PLANS)
async def test_queries_use_declared_indexes_and_do_not_sort(
    database: Database, where: Where, order: str | None, descending: bool
) -> None:
    store = SqliteStore(database)
    fields = {"stage": str, "amount": int}
    await store.ensure([Collection("tests.a", fields, (("stage", "amount"), ("amount",)))])
    documents = [Document(f"d{n:02}", 0, b"", {"stage": None if n % 2 else "won", "amount": n}) for n in range(40)]
    await store.save("tests.a", documents)
    page = await store.find("tests.a", where, order=order, descending=descending, limit=2)
    for after in (None, page.next):
        for sql, values in queries.pages(CollectionTable("tests.a", fields), where, order, descending, after):
            plan = await database.read(
                lambda c, sql=sql, values=values: c.execute(f"EXPLAIN QUERY PLAN {sql}", (*values, 3)).fetchall()
            )
            details = " ".join(str(row[3]) for row in plan)
            assert "INDEX" in details
            assert "TEMP B-TREE" not in details, details


async def test_any_of_thousands_of_values_is_one_query(database: Database) -> None:
    store = SqliteStore(database)
    await store.ensure([Collection("tests.a", {"n": int})])
    await store.save("tests.a", [Document(f"d{n}", 0, b"", {"n": n}) for n in range(10)])
    assert (await store.count("tests.a", {"n": AnyOf(tuple(range(5, 5000)))}))[0].n == 5
