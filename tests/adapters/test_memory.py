"""The ports in memory keep every promise of the ports."""
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


async def test_a_member_whose_session_ended_goes_on_unaware_until_it_commits() -> None:
    bus, revoked = MemoryBus(), list[frozenset[TopicPartition]]()

    async def note(places: frozenset[TopicPartition]) -> None:
        revoked.append(places)

    await bus.ensure_topics({"t": 2})
    zombie, follower = bus.consumer("g", ["t"], on_revoked=note), bus.consumer("g", ["t"])
    await zombie.start()
    both = zombie.assignment()
    await bus.publish([Outgoing("t", b"k", b"v", (), n) for n in range(2)])
    await bus.expire(zombie)
    await follower.start()
    assert follower.assignment() == both == zombie.assignment()
    assert await zombie.poll(10, 0) == await follower.poll(10, 0)
    await follower.commit(dict.fromkeys(both, 1))
    with pytest.raises(PartitionLost):
        await zombie.commit(dict.fromkeys(both, 1))
    assert (zombie.assignment(), revoked) == (frozenset(), [])
    assert await zombie.poll(10, 0) == {}  # it is told, and joins again
    assert revoked == [both]
    assert len(zombie.assignment()) == len(follower.assignment()) == 1


async def test_faults_before_a_write_leave_nothing_and_faults_behind_it_everything() -> None:
    async def fail(*_: object) -> None:
        raise StoreUnavailable("planted")

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


async def test_the_clock_going_back_does_not_take_append_times_back() -> None:
    times = iter([5_000, 3_000, 9_000])
    bus = MemoryBus(now_ms=lambda: next(times))
    await bus.ensure_topics({"t": 1})
    await bus.publish([Outgoing("t", b"k", b"v")] * 3)
    assert [r.timestamp_ms for r in await bus.read(TopicPartition("t", 0), 0, 9)] == [5_000, 5_000, 9_000]
