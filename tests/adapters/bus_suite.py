"""What every bus must do. Subclass, and give the fixture `bus` (started), and `second` for another client of it.

`session` says how long a member that vanished may keep its partitions.
"""
import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

import pytest

from chassis.ports import (
    Bus,
    BusUnavailable,
    Consumer,
    GroupInUse,
    Outgoing,
    PartitionLost,
    Record,
    TopicPartition,
)
from chassis.ports.partitioner import partition_of
from tests.adapters.waiting import DEADLINE, gather_records, hold, until


def out(topic: str, key: str | None, value: str | None, partition: int | None = None) -> Outgoing:
    return Outgoing(
        topic, None if key is None else key.encode(), None if value is None else value.encode(), (), partition
    )


def values(records: Sequence[Record]) -> list[str]:
    return [(record.value or b"").decode() for record in records]


class BusSuite:
    partitions = 4

    @pytest.fixture
    async def bus(self) -> AsyncIterator[Bus]:
        raise NotImplementedError
        yield

    @pytest.fixture
    async def second(self, bus: Bus) -> AsyncIterator[Bus]:
        """Another client of the same log, where there can be one."""
        yield bus

    @pytest.fixture
    async def topic(self, bus: Bus) -> str:
        topic = f"tests.topic-{uuid4().hex[:8]}.v1"
        await bus.ensure_topics({topic: self.partitions})
        return topic

    @pytest.fixture
    async def other_topic(self, bus: Bus) -> str:
        topic = f"tests.other-{uuid4().hex[:8]}.v1"
        await bus.ensure_topics({topic: self.partitions})
        return topic

    @pytest.fixture
    def group(self) -> str:
        return f"tests.group-{uuid4().hex[:8]}"

    # --- topics ---

    async def test_topics_may_be_ensured_again_but_not_with_another_number(
        self, bus: Bus, second: Bus, topic: str
    ) -> None:
        await second.ensure_topics({topic: self.partitions})
        await bus.ensure_topics({topic: self.partitions})
        with pytest.raises(ValueError, match=topic.replace(".", r"\.")):
            await second.ensure_topics({topic: self.partitions + 1})
        assert len(await bus.end_offsets([topic])) == self.partitions

    async def test_a_topic_that_is_missing_is_said(self, bus: Bus, topic: str) -> None:
        with pytest.raises(BusUnavailable):
            await bus.publish([out(f"{topic}.missing", "k", "v")])

    async def test_the_log_has_a_lasting_name(self, bus: Bus, second: Bus) -> None:
        assert await bus.identity()
        assert await bus.identity() == await second.identity()

    # --- publishing and reading ---

    async def test_a_record_comes_back_as_it_was_published(self, bus: Bus, second: Bus, topic: str) -> None:
        headers = (("ce_id", b"1"), ("ce_source", "/crm/客户".encode()), ("ce_id", b"\x00\xff"))
        key = "客户-42".encode()
        await bus.publish([Outgoing(topic, key, b"\x00{}\xff", headers)])
        place = TopicPartition(topic, partition_of(key, self.partitions))
        (record,) = await second.read(place, 0, 10)
        assert (record.topic_partition, record.offset, record.key, record.value) == (place, 0, key, b"\x00{}\xff")
        assert tuple(record.headers) == headers
        assert record.timestamp_ms > 1_700_000_000_000

    async def test_key_and_value_may_be_none_or_empty(self, bus: Bus, topic: str) -> None:
        await bus.publish([out(topic, None, "no key", 2), out(topic, "k", None, 2), out(topic, "", "", 2)])
        records = await bus.read(TopicPartition(topic, 2), 0, 10)
        assert [(r.key, r.value) for r in records] == [(None, b"no key"), (b"k", None), (b"", b"")]

    async def test_without_key_and_partition_any_partition_will_do(self, bus: Bus, topic: str) -> None:
        await bus.publish([out(topic, None, str(n)) for n in range(20)])
        assert sum((await bus.end_offsets([topic])).values()) == 20

    async def test_keys_lie_where_murmur2_puts_them(self, bus: Bus, topic: str) -> None:
        keys = [f"deal-{n}" for n in range(100)]
        await bus.publish([out(topic, key, key) for key in keys])
        for number in range(self.partitions):
            found = await bus.read(TopicPartition(topic, number), 0, 1000)
            assert values(found) == [key for key in keys if partition_of(key.encode(), self.partitions) == number]

    async def test_nothing_published_is_nothing_done(self, bus: Bus, topic: str) -> None:
        await bus.publish([])
        assert set((await bus.end_offsets([topic])).values()) == {0}

    async def test_offsets_are_gapless_and_times_never_go_back(self, bus: Bus, second: Bus, topic: str) -> None:
        async def write(one: Bus, name: str) -> None:
            for n in range(10):
                await one.publish([out(topic, name, f"{name}:{n}:{m}", 0) for m in range(7)])

        await asyncio.gather(write(bus, "a"), write(second, "b"), write(bus, "c"))
        records = await bus.read(TopicPartition(topic, 0), 0, 1000)
        assert [record.offset for record in records] == list(range(210))
        times = [record.timestamp_ms for record in records]
        assert times == sorted(times)
        for name in "abc":
            mine = [value for value in values(records) if value.startswith(name)]
            assert mine == [f"{name}:{n}:{m}" for n in range(10) for m in range(7)]

    async def test_reading_begins_anywhere_and_ends_with_the_log(self, bus: Bus, topic: str) -> None:
        place = TopicPartition(topic, 1)
        await bus.publish([out(topic, "k", str(n), 1) for n in range(12)])
        await bus.publish([out(topic, "k", str(n), 1) for n in range(12, 20)])
        assert values(await bus.read(place, 0, 5)) == ["0", "1", "2", "3", "4"]
        assert values(await bus.read(place, 10, 4)) == ["10", "11", "12", "13"]
        assert values(await bus.read(place, 18, 100)) == ["18", "19"]
        assert list(await bus.read(place, 20, 10)) == []
        assert list(await bus.read(place, 99, 10)) == []

    async def test_one_record_of_each_of_many_partitions(self, bus: Bus, topic: str, other_topic: str) -> None:
        """Also of one that has a long tail; what is not there is left out."""
        await bus.publish([out(topic, "k", f"{n}", n % 4) for n in range(400)])
        await bus.publish([out(other_topic, "k", "only", 1)])
        asked = {TopicPartition(topic, n): 0 if n == 3 else 99 - n for n in range(4)}
        found = await bus.read_each({**asked, TopicPartition(other_topic, 1): 0, TopicPartition(other_topic, 2): 0,
                                     TopicPartition(other_topic, 0): 7})
        assert {place: (record.offset, record.value) for place, record in found.items()} == {
            TopicPartition(topic, 0): (99, b"396"), TopicPartition(topic, 1): (98, b"393"),
            TopicPartition(topic, 2): (97, b"390"), TopicPartition(topic, 3): (0, b"3"),
            TopicPartition(other_topic, 1): (0, b"only")}

    async def test_begin_and_end_offsets(self, bus: Bus, topic: str, other_topic: str) -> None:
        await bus.publish([out(topic, "k", str(n), 3) for n in range(5)])
        ends = await bus.end_offsets([topic, other_topic])
        assert len(ends) == 2 * self.partitions
        assert {place: end for place, end in ends.items() if end} == {TopicPartition(topic, 3): 5}
        assert set((await bus.begin_offsets([topic])).values()) == {0}

    async def test_large_batches_and_large_records(self, bus: Bus, topic: str) -> None:
        await bus.publish([out(topic, f"k{n % 97}", str(n)) for n in range(5000)])
        assert sum((await bus.end_offsets([topic])).values()) == 5000
        big = "x" * 300_000
        await bus.publish([out(topic, "k", big + str(n), 0) for n in range(4)])
        end = (await bus.end_offsets([topic]))[TopicPartition(topic, 0)]
        found: list[Record] = []
        while len(found) < 4:  # a reader may hand out fewer at once when they are large
            found += await bus.read(TopicPartition(topic, 0), end - 4 + len(found), 4)
        assert values(found) == [big + str(n) for n in range(4)]

    # --- one consumer ---

    async def test_a_new_group_starts_at_the_beginning(self, bus: Bus, topic: str, group: str) -> None:
        await bus.publish([out(topic, f"k{n}", str(n)) for n in range(20)])
        consumer = await self._start(bus, group, [topic])
        records = await gather_records(consumer, 20)
        assert sorted(values(records), key=int) == [str(n) for n in range(20)]
        assert len(consumer.assignment()) == self.partitions
        await consumer.stop()

    async def test_order_is_kept_per_key(self, bus: Bus, topic: str, group: str) -> None:
        consumer = await self._start(bus, group, [topic])
        for n in range(30):
            await bus.publish([out(topic, f"k{k}", f"{k}:{n}") for k in range(10)])
        records = await gather_records(consumer, 300, at_once=37)
        for k in range(10):
            assert [v for v in values(records) if v.startswith(f"{k}:")] == [f"{k}:{n}" for n in range(30)]
        await consumer.stop()

    async def test_poll_hands_out_no_more_than_asked_and_waits_no_longer(
        self, bus: Bus, topic: str, group: str
    ) -> None:
        consumer = await self._start(bus, group, [topic])
        await hold([consumer], self.partitions)
        assert not any((await asyncio.wait_for(consumer.poll(10, 0.1), DEADLINE)).values())
        await bus.publish([out(topic, f"k{n}", str(n)) for n in range(50)])
        seen = 0
        while seen < 50:
            polled = await consumer.poll(7, DEADLINE)
            assert 0 < sum(map(len, polled.values())) <= 7
            seen += sum(map(len, polled.values()))
        assert not any((await consumer.poll(7, 0)).values())
        await consumer.stop()

    async def test_a_waiting_poll_wakes_for_what_another_publishes(
        self, bus: Bus, second: Bus, topic: str, group: str
    ) -> None:
        consumer = await self._start(bus, group, [topic])
        await hold([consumer], self.partitions)
        waiting = asyncio.create_task(gather_records(consumer, 1))
        await second.publish([out(topic, "k", "hello")])
        assert values(await waiting) == ["hello"]
        await consumer.stop()

    async def test_a_follower_goes_on_behind_the_commit(
        self, bus: Bus, second: Bus, topic: str, group: str
    ) -> None:
        place = TopicPartition(topic, 0)
        await bus.publish([out(topic, "k", str(n), 0) for n in range(10)])
        first = await self._start(bus, group, [topic])
        await gather_records(first, 10)
        await first.commit({place: 4})
        assert await second.committed(group, [topic]) == {place: 4}
        await first.stop()
        follower = await self._start(second, group, [topic])
        assert values(await gather_records(follower, 6)) == ["4", "5", "6", "7", "8", "9"]
        await follower.stop()

    async def test_groups_do_not_see_each_other(self, bus: Bus, topic: str, group: str) -> None:
        await bus.publish([out(topic, "k", "v", 0)])
        one, two = [await self._start(bus, f"{group}.{n}", [topic]) for n in range(2)]
        for consumer in (one, two):
            assert values(await gather_records(consumer, 1)) == ["v"]
        await one.commit({TopicPartition(topic, 0): 1})
        assert await bus.committed(f"{group}.1", [topic]) == {}
        await one.stop()
        await two.stop()

    async def test_seeking_hands_out_again_or_skips(self, bus: Bus, topic: str, group: str) -> None:
        place = TopicPartition(topic, 2)
        await bus.publish([out(topic, "k", str(n), 2) for n in range(10)])
        consumer = await self._start(bus, group, [topic])
        assert len(await gather_records(consumer, 3, at_once=3)) == 3
        consumer.seek(place, 1)
        assert values(await gather_records(consumer, 2, at_once=2)) == ["1", "2"]
        consumer.seek(place, 8)
        assert values(await gather_records(consumer, 2)) == ["8", "9"]
        await consumer.stop()

    async def test_seeking_when_assigned_decides_what_comes_first(self, bus: Bus, topic: str, group: str) -> None:
        place = TopicPartition(topic, 1)
        await bus.publish([out(topic, "k", str(n), 1) for n in range(10)])
        consumers: list[Consumer] = []

        async def assigned(places: frozenset[TopicPartition]) -> None:
            assert places <= consumers[0].assignment()
            if place in places:
                consumers[0].seek(place, 7)

        consumers.append(bus.consumer(group, [topic], on_assigned=assigned))
        await consumers[0].start()
        assert values(await gather_records(consumers[0], 3)) == ["7", "8", "9"]
        await consumers[0].stop()

    async def test_lag_counts_what_was_not_handed_out(self, bus: Bus, topic: str, group: str) -> None:
        consumer = await self._start(bus, group, [topic])
        await hold([consumer], self.partitions)
        await bus.publish([out(topic, "k", str(n), 0) for n in range(10)])
        polled = await gather_records(consumer, 4, at_once=4)

        async def exact() -> bool:
            lag = await consumer.lag()
            return len(lag) == self.partitions and sum(lag.values()) == 10 - len(polled)

        await until(exact, "the lag is what was not handed out")
        polled += await gather_records(consumer, 10 - len(polled))
        await until(exact, "no lag is left")
        await consumer.stop()

    async def test_several_topics_are_handed_out_fairly(
        self, bus: Bus, topic: str, other_topic: str, group: str
    ) -> None:
        await bus.publish([out(topic, f"k{n}", f"a{n}") for n in range(1000)])
        await bus.publish([out(other_topic, f"k{n}", f"b{n}") for n in range(10)])
        consumer = await self._start(bus, group, [topic, other_topic])
        records = await gather_records(consumer, 1010, at_once=100)
        assert len({(r.topic_partition, r.offset) for r in records}) == 1010
        await consumer.stop()

    # --- groups ---

    async def test_two_members_share_and_partition_i_of_all_topics_goes_together(
        self, bus: Bus, second: Bus, topic: str, other_topic: str, group: str
    ) -> None:
        members = [await self._start(one, group, [topic, other_topic]) for one in (bus, second)]
        await hold(members, 2 * self.partitions)
        for member in members:
            numbers = {name: {p.partition for p in member.assignment() if p.topic == name} for name in
                       (topic, other_topic)}
            assert numbers[topic] == numbers[other_topic]
            assert len(numbers[topic]) == self.partitions // 2
        for member in members:
            await member.stop()

    async def test_a_joiner_takes_over_where_the_owner_committed(
        self, bus: Bus, second: Bus, topic: str, group: str
    ) -> None:
        handled: dict[str, list[str]] = {"first": [], "second": []}
        positions: dict[TopicPartition, int] = {}
        revoked: list[frozenset[TopicPartition]] = []
        members: list[Consumer] = []

        async def give_up(places: frozenset[TopicPartition]) -> None:
            revoked.append(places)
            await members[0].commit({p: positions[p] for p in places if p in positions})

        async def work(member: Consumer, name: str) -> None:
            for place, records in (await member.poll(10, 0.05)).items():
                handled[name] += values(records)
                positions[place] = records[-1].offset + 1

        members.append(bus.consumer(group, [topic], on_revoked=give_up))
        await members[0].start()
        await bus.publish([out(topic, f"k{n}", str(n)) for n in range(40)])
        while len(handled["first"]) < 40:
            await work(members[0], "first")
        members.append(await self._start(second, group, [topic]))
        await hold(members, self.partitions)
        await bus.publish([out(topic, f"k{n}", str(n)) for n in range(40, 80)])

        async def all_handled() -> bool:
            await work(members[0], "first")
            await work(members[1], "second")
            return len(handled["first"]) + len(handled["second"]) >= 80

        await until(all_handled, "everything is handled")
        assert revoked
        assert sorted(handled["first"] + handled["second"], key=int) == [str(n) for n in range(80)]
        assert handled["second"]
        for member in members:
            await member.stop()

    async def test_who_leaves_is_replaced_at_once(self, bus: Bus, second: Bus, topic: str, group: str) -> None:
        members = [await self._start(one, group, [topic]) for one in (bus, second)]
        await hold(members, self.partitions)
        await members[0].stop()
        await hold(members[1:], self.partitions)
        assert members[0].assignment() == frozenset()
        await members[1].stop()

    async def test_more_members_than_partitions_leave_some_idle(
        self, bus: Bus, second: Bus, topic: str, group: str
    ) -> None:
        members = [await self._start(one, group, [topic]) for one in [bus, second] * 3]

        async def settled() -> bool:
            for member in members:
                await member.poll(1, 0)
            return sorted(len(m.assignment()) for m in members) == [0, 0] + [1] * self.partitions

        await until(settled, "four of six members hold a partition each")
        for member in members:
            await member.stop()

    async def test_a_commit_for_what_was_given_up_is_refused(
        self, bus: Bus, second: Bus, topic: str, group: str
    ) -> None:
        await bus.publish([out(topic, "k", str(n), p) for p in range(self.partitions) for n in range(3)])
        first = await self._start(bus, group, [topic])
        await gather_records(first, 3 * self.partitions)
        joiner = await self._start(second, group, [topic])
        await hold([first, joiner], self.partitions)
        gone = next(iter(joiner.assignment()))
        await joiner.commit({gone: 1})
        with pytest.raises(PartitionLost):
            await first.commit({gone: 3})
        assert (await bus.committed(group, [topic]))[gone] == 1
        kept = next(iter(first.assignment()))
        await first.commit({kept: 3})
        assert (await bus.committed(group, [topic]))[kept] == 3
        await first.stop()
        await joiner.stop()

    async def test_only_held_partitions_are_handed_out(self, bus: Bus, second: Bus, topic: str, group: str) -> None:
        """Members come and go under load; each record reaches somebody, and nobody gets what it does not hold."""
        seen: set[tuple[TopicPartition, int]] = set()

        async def work(member: Consumer) -> None:
            polled = await member.poll(20, 0.02)
            assert {place for place, records in polled.items() if records} <= member.assignment()
            for place, records in polled.items():
                seen.update((place, record.offset) for record in records)
                try:
                    await member.commit({place: records[-1].offset + 1})
                except PartitionLost:
                    continue

        members = [await self._start(bus, group, [topic])]
        for turn in range(20):
            await bus.publish([out(topic, f"k{n}", f"{turn}:{n}") for n in range(20)])
            if turn == 5:
                members.append(await self._start(second, group, [topic]))
            if turn == 12:
                await members.pop(0).stop()
            for member in members:
                await work(member)

        async def complete() -> bool:
            for member in members:
                await work(member)
            return len(seen) == 400

        await until(complete, "all 400 records were handed out")
        for member in members:
            await member.stop()

    # --- groups ---

    async def test_groups_are_named_with_their_members_and_forgotten_when_they_have_none(
        self, bus: Bus, second: Bus, topic: str, group: str
    ) -> None:
        await bus.publish([out(topic, "k", "v")])
        consumer = await self._start(bus, group, [topic])
        records = await gather_records(consumer, 1)
        await consumer.commit({record.topic_partition: record.offset + 1 for record in records})
        assert (await second.groups())[group] == 1
        with pytest.raises(GroupInUse):
            await second.remove_group(group)
        assert await second.committed(group, [topic])
        await consumer.stop()

        async def left() -> bool:
            return (await second.groups()).get(group) == 0

        await until(left, "the member has left")
        await second.remove_group(group)
        await second.remove_group(group)
        assert group not in await second.groups() and not await second.committed(group, [topic])

    # --- dropping ---

    async def test_what_is_dropped_is_gone_and_the_rest_keeps_its_offsets(
        self, bus: Bus, second: Bus, topic: str, group: str
    ) -> None:
        for turn in range(10):
            await bus.publish([out(topic, "k", f"{turn}")])
        (place,) = [place for place, end in (await bus.end_offsets([topic])).items() if end]
        await bus.delete_before({place: 6})
        assert (await second.begin_offsets([topic]))[place] == 6
        assert (await second.end_offsets([topic]))[place] == 10
        assert [r.offset for r in await second.read(place, 0, 100)] == [6, 7, 8, 9]
        consumer = await self._start(second, group, [topic])
        assert sorted(values(await gather_records(consumer, 4))) == ["6", "7", "8", "9"]
        await bus.delete_before({place: 2})
        assert (await bus.begin_offsets([topic]))[place] == 6
        await bus.delete_before({place: 10})
        await bus.publish([out(topic, "k", "new")])
        assert values(await gather_records(consumer, 1)) == ["new"]
        await consumer.stop()

    # --- tail ---

    async def test_a_tail_from_the_beginning_brings_everything_and_goes_on(
        self, bus: Bus, second: Bus, topic: str, other_topic: str
    ) -> None:
        await bus.publish([out(topic, f"k{n}", f"old{n}") for n in range(5)])
        tail = bus.tail([topic, other_topic], "beginning")
        found = [await self._next(tail) for _ in range(5)]
        await second.publish([out(other_topic, "k", "new")])
        found.append(await self._next(tail))
        assert sorted(values(found)) == ["new", *(f"old{n}" for n in range(5))]
        await tail.aclose()  # type: ignore[attr-defined]

    async def test_a_tail_from_the_end_brings_only_what_comes(self, bus: Bus, second: Bus, topic: str) -> None:
        await bus.publish([out(topic, f"k{n}", "old") for n in range(5)])
        tail = bus.tail([topic])
        waiting = asyncio.ensure_future(self._next(tail))
        sent = 0

        async def heard() -> bool:
            nonlocal sent
            sent += 1
            await second.publish([out(topic, "k", f"new{sent}")])
            return waiting.done()

        await until(heard, "the tail brings a record")
        found = [waiting.result()]
        while values(found)[-1] != f"new{sent}":
            found.append(await self._next(tail))
        first = int(values(found)[0].removeprefix("new"))
        assert values(found) == [f"new{n}" for n in range(first, sent + 1)]
        await tail.aclose()  # type: ignore[attr-defined]

    async def _next(self, tail: AsyncIterator[Record]) -> Record:
        return await asyncio.wait_for(anext(tail), DEADLINE)

    async def _start(self, bus: Bus, group: str, topics: Sequence[str]) -> Consumer:
        consumer = bus.consumer(group, topics)
        await consumer.start()
        return consumer
