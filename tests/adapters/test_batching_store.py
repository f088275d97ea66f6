"""Batching store: the contract tests of the `Store` port, and concurrent requests combined into one call."""
import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

import pytest

from chassis.adapters import batching_store
from chassis.adapters.batching_store import BatchingStore
from chassis.adapters.memory import MemoryStore
from chassis.adapters.sqlite import SqliteStore
from chassis.ports import Collection, Document, Store, StoreUnavailable
from tests.adapters.store_suite import StoreSuite


class TestBatchingMemoryStore(StoreSuite):
    @pytest.fixture
    async def store(self) -> AsyncIterator[Store]:
        yield BatchingStore(MemoryStore())


class TestBatchingSqliteStore(StoreSuite):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[Store]:
        store = BatchingStore(SqliteStore(tmp_path / "x.db"))
        await store.start()
        yield store
        await store.stop()


class RecordingStore(MemoryStore):
    """Records its calls as (method, number of documents); `broken`: every call fails."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, int]] = []
        self.broken = False

    def _record(self, method: str, n: int) -> None:
        self.calls.append((method, n))
        if self.broken:
            raise StoreUnavailable("unavailable")

    async def load(self, collection: str, ids: Iterable[str]) -> dict[str, Document]:
        requested = list(ids)
        self._record("load", len(requested))
        return await super().load(collection, requested)

    async def save(self, collection: str, documents: Sequence[Document]) -> frozenset[str]:
        self._record("save", len(documents))
        return await super().save(collection, documents)


@pytest.fixture
async def store() -> RecordingStore:
    store = RecordingStore()
    await store.ensure([Collection("a", {}), Collection("b", {})])
    return store


def new(*names: str) -> list[Document]:
    return [Document(name, 0, name.encode()) for name in names]


async def test_concurrent_calls_are_combined_and_each_gets_its_own_result(store: RecordingStore) -> None:
    shared = BatchingStore(store)
    await store.save("a", new("taken"))
    store.calls.clear()
    lost = await asyncio.gather(
        shared.save("a", new("x", "taken")), shared.save("a", new("y")), shared.save("b", new("z")))
    assert lost == [frozenset({"taken"}), frozenset(), frozenset()]
    assert sorted(store.calls) == [("save", 1), ("save", 3)]  # one of each collection
    store.calls.clear()
    found = await asyncio.gather(shared.load("a", ["x", "none"]), shared.load("a", ["y"]))
    assert [sorted(each) for each in found] == [["x"], ["y"]]
    assert store.calls == [("load", 3)]


async def test_callers_with_equal_steps_stay_combined(store: RecordingStore) -> None:
    shared = BatchingStore(store)

    async def one(name: str) -> None:
        await shared.load("a", [name])
        await shared.save("a", new(name))
        await shared.load("a", [name])

    await asyncio.gather(*(one(f"{n}") for n in range(11)))
    assert store.calls == [("load", 11), ("save", 11), ("load", 11)]


async def test_concurrent_saves_of_one_document_have_one_winner(store: RecordingStore) -> None:
    shared = BatchingStore(store)
    lost = await asyncio.gather(*(shared.save("a", new("x", f"own {n}")) for n in range(3)))
    assert sorted(map(sorted, lost)) == [[], ["x"], ["x"]]


async def test_a_batch_over_the_limit_is_split_into_several_calls(
    store: RecordingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching_store, "MAX_DOCUMENTS", 5)
    shared = BatchingStore(store)
    pairs = [shared.save("a", new(f"{n}a", f"{n}b")) for n in range(5)]
    await asyncio.gather(*pairs, shared.save("a", new(*"ABCDEFG")))
    assert store.calls == [("save", 4), ("save", 4), ("save", 2), ("save", 7)]


async def test_a_failure_is_raised_to_all_callers_and_the_next_call_may_succeed(store: RecordingStore) -> None:
    shared = BatchingStore(store)
    store.broken = True
    results = await asyncio.gather(*(shared.load("a", [str(n)]) for n in range(3)), return_exceptions=True)
    assert all(isinstance(each, StoreUnavailable) for each in results)
    store.broken = False
    assert await shared.load("a", ["1"]) == {}


async def test_a_cancelled_call_does_not_affect_the_others(store: RecordingStore) -> None:
    shared = BatchingStore(store)
    await store.save("a", new("x", "y"))
    cancelled, waiting = asyncio.create_task(shared.load("a", ["x"])), asyncio.create_task(shared.load("a", ["y"]))
    await asyncio.sleep(0)
    cancelled.cancel()
    assert list(await waiting) == ["y"]
    with pytest.raises(asyncio.CancelledError):
        await cancelled
