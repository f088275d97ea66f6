"""Memory adapters: the contract tests of the ports, expired sessions, injected faults, append times."""
from collections.abc import AsyncIterator

import pytest

from chassis.adapters.memory import MemoryBus, MemoryStore
from chassis.ports import Bus, Collection, Document, Outgoing, PartitionLost, Store, StoreUnavailable, TopicPartition
from tests.adapters.bus_suite import BusSuite
from tests.adapters.store_suite import StoreSuite


class TestMemoryStore(StoreSuite):
    @pytest.fixture
    async def store(self) -> AsyncIterator[Store]:
        yield MemoryStore()


class TestMemoryBus(BusSuite):
    @pytest.fixture
    async def bus(self) -> AsyncIterator[Bus]:
        yield MemoryBus()


async def test_a_member_with_an_expired_session_continues_until_its_commit_is_refused() -> None:
    bus, revoked = MemoryBus(), list[frozenset[TopicPartition]]()

    async def record_revocation(partitions: frozenset[TopicPartition]) -> None:
        revoked.append(partitions)

    await bus.ensure_topics({"t": 2})
    expired, successor = bus.consumer("g", ["t"], on_revoked=record_revocation), bus.consumer("g", ["t"])
    await expired.start()
    both = expired.assignment()
    await bus.publish([Outgoing("t", b"k", b"v", (), n) for n in range(2)])
    await bus.expire(expired)
    await successor.start()
    assert successor.assignment() == both == expired.assignment()
    assert await expired.poll(10, 0) == await successor.poll(10, 0)
    await successor.commit(dict.fromkeys(both, 1))
    with pytest.raises(PartitionLost):
        await expired.commit(dict.fromkeys(both, 1))
    assert (expired.assignment(), revoked) == (frozenset(), [])
    assert await expired.poll(10, 0) == {}  # the revocation callback runs, and the member joins again
    assert revoked == [both]
    assert len(expired.assignment()) == len(successor.assignment()) == 1


async def test_a_fault_before_a_write_saves_nothing_and_a_fault_after_it_saves_the_document() -> None:
    async def fail(*_: object) -> None:
        raise StoreUnavailable("injected")

    store = MemoryStore()
    await store.ensure([Collection("tests.a", {})])
    store.before_write = fail
    with pytest.raises(StoreUnavailable):
        await store.save("tests.a", [Document("a", 0, b"")])
    assert await store.ids("tests.a") == []
    store.before_write, store.after_write = None, fail
    with pytest.raises(StoreUnavailable):
        await store.save("tests.a", [Document("a", 0, b"")])
    assert await store.ids("tests.a") == ["a"]


async def test_append_times_do_not_decrease_when_the_clock_goes_back() -> None:
    times = iter([5_000, 3_000, 9_000])
    bus = MemoryBus(now_ms=lambda: next(times))
    await bus.ensure_topics({"t": 1})
    await bus.publish([Outgoing("t", b"k", b"v")] * 3)
    assert [r.timestamp_ms for r in await bus.read(TopicPartition("t", 0), 0, 9)] == [5_000, 5_000, 9_000]
