"""A store that is asked together keeps every promise of the port, and is asked once."""
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


class TestTogetherInMemory(StoreSuite):
    @pytest.fixture
    async def store(self) -> AsyncIterator[Store]:
        yield BatchingStore(MemoryStore())


class TestTogetherInAFile(StoreSuite):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[Store]:
        store = BatchingStore(SqliteStore(tmp_path / "x.db"))
        await store.start()
        yield store
        await store.stop()


class Counting(MemoryStore):
    """Says how often it is asked; `broken`: and that it cannot."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, int]] = []
        self.broken = False

    def _note(self, how: str, n: int) -> None:
        self.asked.append((how, n))
        if self.broken:
            raise StoreUnavailable("away")

    async def load(self, collection: str, ids: Iterable[str]) -> dict[str, Document]:
        wanted = list(ids)
        self._note("load", len(wanted))
        return await super().load(collection, wanted)

    async def save(self, collection: str, documents: Sequence[Document]) -> frozenset[str]:
        self._note("save", len(documents))
        return await super().save(collection, documents)


@pytest.fixture
async def store() -> Counting:
    store = Counting()
    await store.ensure([Collection("a", {}), Collection("b", {})])
    return store


def new(*names: str) -> list[Document]:
    return [Document(name, 0, name.encode()) for name in names]


async def test_who_asks_at_the_same_moment_is_answered_by_one_question_each_for_itself(store: Counting) -> None:
    shared = BatchingStore(store)
    await store.save("a", new("taken"))
    store.asked.clear()
    lost = await asyncio.gather(
        shared.save("a", new("x", "taken")), shared.save("a", new("y")), shared.save("b", new("z")))
    assert lost == [frozenset({"taken"}), frozenset(), frozenset()]
    assert sorted(store.asked) == [("save", 1), ("save", 3)]  # one of each collection
    store.asked.clear()
    found = await asyncio.gather(shared.load("a", ["x", "none"]), shared.load("a", ["y"]))
    assert [sorted(each) for each in found] == [["x"], ["y"]]
    assert store.asked == [("load", 3)]


async def test_who_goes_the_same_way_step_by_step_goes_on_together(store: Counting) -> None:
    shared = BatchingStore(store)

    async def one(name: str) -> None:
        await shared.load("a", [name])
        await shared.save("a", new(name))
        await shared.load("a", [name])

    await asyncio.gather(*(one(f"{n}") for n in range(11)))
    assert store.asked == [("load", 11), ("save", 11), ("load", 11)]


async def test_two_who_write_the_same_document_race_as_ever(store: Counting) -> None:
    shared = BatchingStore(store)
    lost = await asyncio.gather(*(shared.save("a", new("x", f"own {n}")) for n in range(3)))
    assert sorted(map(sorted, lost)) == [[], ["x"], ["x"]]


async def test_more_than_goes_into_one_question_goes_into_several(
    store: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching_store, "AT_ONCE", 5)
    shared = BatchingStore(store)
    pairs = [shared.save("a", new(f"{n}a", f"{n}b")) for n in range(5)]
    await asyncio.gather(*pairs, shared.save("a", new(*"ABCDEFG")))
    assert store.asked == [("save", 4), ("save", 4), ("save", 2), ("save", 7)]


async def test_a_failure_is_told_to_all_who_asked_and_the_next_may_ask_again(store: Counting) -> None:
    shared = BatchingStore(store)
    store.broken = True
    told = await asyncio.gather(*(shared.load("a", [str(n)]) for n in range(3)), return_exceptions=True)
    assert all(isinstance(each, StoreUnavailable) for each in told)
    store.broken = False
    assert await shared.load("a", ["1"]) == {}


async def test_who_goes_away_takes_no_answer_from_the_others(store: Counting) -> None:
    shared = BatchingStore(store)
    await store.save("a", new("x", "y"))
    gone, stays = asyncio.create_task(shared.load("a", ["x"])), asyncio.create_task(shared.load("a", ["y"]))
    await asyncio.sleep(0)
    gone.cancel()
    assert list(await stays) == ["y"]
    with pytest.raises(asyncio.CancelledError):
        await gone
