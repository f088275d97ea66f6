"""Contract tests of the `Bus` port. A subclass provides the fixtures `bus` (started) and `second` (another client)."""
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
from tests.adapters.waiting import DEADLINE, gather_records, until, wait_for_assignments


def outgoing(topic: str, key: str | None, value: str | None, partition: int | None = None) -> Outgoing:
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
        """Another client of the same log, where the adapter supports one."""
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

    async def test_ensuring_a_topic_is_idempotent_and_refuses_another_partition_count(
        self, bus: Bus, second: Bus, topic: str
    ) -> None:
        await second.ensure_topics({topic: self.partitions})
        await bus.ensure_topics({topic: self.partitions})
        with pytest.raises(ValueError, match=topic.replace(".", r"\.")):
            await second.ensure_topics({topic: self.partitions + 1})
        assert len(await bus.end_offsets([topic])) == self.partitions

    async def test_publishing_to_a_missing_topic_raises_bus_unavailable(self, bus: Bus, topic: str) -> None:
        with pytest.raises(BusUnavailable):
            await bus.publish([outgoing(f"{topic}.missing", "k", "v")])

    async def test_the_log_has_a_persistent_identity(self, bus: Bus, second: Bus) -> None:
        assert await bus.identity()
        assert await bus.identity() == await second.identity()

    # --- publishing and reading ---

    async def test_a_record_is_read_as_it_was_published(self, bus: Bus, second: Bus, topic: str) -> None:
        headers = (("ce_id", b"1"), ("ce_source", "/crm/客户".encode()), ("ce_id", b"\x00\xff"))
        key = "客户-42".encode()
        await bus.publish([Outgoing(topic, key, b"\x00{}\xff", headers)])
        partition = TopicPartition(topic, partition_of(key, self.partitions))
        (record,) = await second.read(partition, 0, 10)
        assert (record.topic_partition, record.offset, record.key, record.value) == (partition, 0, key, b"\x00{}\xff")
        assert tuple(record.headers) == headers
        assert record.timestamp_ms > 1_700_000_000_000

    async def test_key_and_value_may_be_none_or_empty(self, bus: Bus, topic: str) -> None:
        await bus.publish([
            outgoing(topic, None, "no key", 2), outgoing(topic, "k", None, 2), outgoing(topic, "", "", 2)])
        records = await bus.read(TopicPartition(topic, 2), 0, 10)
        assert [(r.key, r.value) for r in records] == [(None, b"no key"), (b"k", None), (b"", b"")]

    async def test_records_without_key_and_partition_go_to_any_partition(self, bus: Bus, topic: str) -> None:
        await bus.publish([outgoing(topic, None, str(n)) for n in range(20)])
        assert sum((await bus.end_offsets([topic])).values()) == 20

    async def test_keys_are_partitioned_by_murmur2(self, bus: Bus, topic: str) -> None:
        keys = [f"deal-{n}" for n in range(100)]
        await bus.publish([outgoing(topic, key, key) for key in keys])
        for number in range(self.partitions):
            found = await bus.read(TopicPartition(topic, number), 0, 1000)
            assert values(found) == [key for key in keys if partition_of(key.encode(), self.partitions) == number]

    async def test_publishing_an_empty_batch_does_nothing(self, bus: Bus, topic: str) -> None:
        await bus.publish([])
        assert set((await bus.end_offsets([topic])).values()) == {0}

    async def test_offsets_have_no_gaps_and_timestamps_never_decrease(self, bus: Bus, second: Bus, topic: str) -> None:
        async def write(one: Bus, name: str) -> None:
            for n in range(10):
                await one.publish([outgoing(topic, name, f"{name}:{n}:{m}", 0) for m in range(7)])

        await asyncio.gather(write(bus, "a"), write(second, "b"), write(bus, "c"))
        records = await bus.read(TopicPartition(topic, 0), 0, 1000)
        assert [record.offset for record in records] == list(range(210))
        times = [record.timestamp_ms for record in records]
        assert times == sorted(times)
        for name in "abc":
            own = [value for value in values(records) if value.startswith(name)]
            assert own == [f"{name}:{n}:{m}" for n in range(10) for m in range(7)]

    async def test_a_read_starts_at_any_offset_and_ends_at_the_end_of_the_log(self, bus: Bus, topic: str) -> None:
        partition = TopicPartition(topic, 1)
        await bus.publish([outgoing(topic, "k", str(n), 1) for n in range(12)])
        await bus.publish([outgoing(topic, "k", str(n), 1) for n in range(12, 20)])
        assert values(await bus.read(partition, 0, 5)) == ["0", "1", "2", "3", "4"]
        assert values(await bus.read(partition, 10, 4)) == ["10", "11", "12", "13"]
        assert values(await bus.read(partition, 18, 100)) == ["18", "19"]
        assert list(await bus.read(partition, 20, 10)) == []
        assert list(await bus.read(partition, 99, 10)) == []

    async def test_read_each_returns_one_record_of_each_partition(self, bus: Bus, topic: str, other_topic: str) -> None:
        """Also of a partition with many later records; offsets that do not exist are left out."""
        await bus.publish([outgoing(topic, "k", f"{n}", n % 4) for n in range(400)])
        await bus.publish([outgoing(other_topic, "k", "only", 1)])
        offsets = {TopicPartition(topic, n): 0 if n == 3 else 99 - n for n in range(4)}
        found = await bus.read_each({**offsets, TopicPartition(other_topic, 1): 0, TopicPartition(other_topic, 2): 0,
                                     TopicPartition(other_topic, 0): 7})
        assert {partition: (record.offset, record.value) for partition, record in found.items()} == {
            TopicPartition(topic, 0): (99, b"396"), TopicPartition(topic, 1): (98, b"393"),
            TopicPartition(topic, 2): (97, b"390"), TopicPartition(topic, 3): (0, b"3"),
            TopicPartition(other_topic, 1): (0, b"only")}

    async def test_begin_and_end_offsets(self, bus: Bus, topic: str, other_topic: str) -> None:
        await bus.publish([outgoing(topic, "k", str(n), 3) for n in range(5)])
        ends = await bus.end_offsets([topic, other_topic])
        assert len(ends) == 2 * self.partitions
        assert {partition: end for partition, end in ends.items() if end} == {TopicPartition(topic, 3): 5}
        assert set((await bus.begin_offsets([topic])).values()) == {0}

    async def test_large_batches_and_large_records(self, bus: Bus, topic: str) -> None:
        await bus.publish([outgoing(topic, f"k{n % 97}", str(n)) for n in range(5000)])
        assert sum((await bus.end_offsets([topic])).values()) == 5000
        big = "x" * 300_000
        await bus.publish([outgoing(topic, "k", big + str(n), 0) for n in range(4)])
        end = (await bus.end_offsets([topic]))[TopicPartition(topic, 0)]
        found: list[Record] = []
        while len(found) < 4:  # a read may return fewer records when they are large
            found += await bus.read(TopicPartition(topic, 0), end - 4 + len(found), 4)
        assert values(found) == [big + str(n) for n in range(4)]

    # --- one consumer ---

    async def test_a_new_group_starts_at_the_beginning(self, bus: Bus, topic: str, group: str) -> None:
        await bus.publish([outgoing(topic, f"k{n}", str(n)) for n in range(20)])
        consumer = await self._start(bus, group, [topic])
        records = await gather_records(consumer, 20)
        assert sorted(values(records), key=int) == [str(n) for n in range(20)]
        assert len(consumer.assignment()) == self.partitions
        await consumer.stop()

    async def test_records_of_one_key_are_delivered_in_order(self, bus: Bus, topic: str, group: str) -> None:
        consumer = await self._start(bus, group, [topic])
        for n in range(30):
            await bus.publish([outgoing(topic, f"k{k}", f"{k}:{n}") for k in range(10)])
        records = await gather_records(consumer, 300, at_once=37)
        for k in range(10):
            assert [v for v in values(records) if v.startswith(f"{k}:")] == [f"{k}:{n}" for n in range(30)]
        await consumer.stop()

    async def test_a_poll_returns_at_most_its_limit_and_waits_at_most_its_timeout(
        self, bus: Bus, topic: str, group: str
    ) -> None:
        consumer = await self._start(bus, group, [topic])
        await wait_for_assignments([consumer], self.partitions)
        assert not any((await asyncio.wait_for(consumer.poll(10, 0.1), DEADLINE)).values())
        await bus.publish([outgoing(topic, f"k{n}", str(n)) for n in range(50)])
        received = 0
        while received < 50:
            polled = await consumer.poll(7, DEADLINE)
            assert 0 < sum(map(len, polled.values())) <= 7
            received += sum(map(len, polled.values()))
        assert not any((await consumer.poll(7, 0)).values())
        await consumer.stop()

    async def test_a_waiting_poll_returns_records_that_another_client_publishes(
        self, bus: Bus, second: Bus, topic: str, group: str
    ) -> None:
        consumer = await self._start(bus, group, [topic])
        await wait_for_assignments([consumer], self.partitions)
        waiting = asyncio.create_task(gather_records(consumer, 1))
        await second.publish([outgoing(topic, "k", "hello")])
        assert values(await waiting) == ["hello"]
        await consumer.stop()

    async def test_the_next_member_continues_after_the_committed_offset(
        self, bus: Bus, second: Bus, topic: str, group: str
    ) -> None:
        partition = TopicPartition(topic, 0)
        await bus.publish([outgoing(topic, "k", str(n), 0) for n in range(10)])
        first = await self._start(bus, group, [topic])
        await gather_records(first, 10)
        await first.commit({partition: 4})
        assert await second.committed(group, [topic]) == {partition: 4}
        await first.stop()
        successor = await self._start(second, group, [topic])
        assert values(await gather_records(successor, 6)) == ["4", "5", "6", "7", "8", "9"]
        await successor.stop()

    async def test_groups_are_independent_of_each_other(self, bus: Bus, topic: str, group: str) -> None:
        await bus.publish([outgoing(topic, "k", "v", 0)])
        one, two = [await self._start(bus, f"{group}.{n}", [topic]) for n in range(2)]
        for consumer in (one, two):
            assert values(await gather_records(consumer, 1)) == ["v"]
        await one.commit({TopicPartition(topic, 0): 1})
        assert await bus.committed(f"{group}.1", [topic]) == {}
        await one.stop()
        await two.stop()

    async def test_seeking_repeats_or_skips_records(self, bus: Bus, topic: str, group: str) -> None:
        partition = TopicPartition(topic, 2)
        await bus.publish([outgoing(topic, "k", str(n), 2) for n in range(10)])
        consumer = await self._start(bus, group, [topic])
        assert len(await gather_records(consumer, 3, at_once=3)) == 3
        consumer.seek(partition, 1)
        assert values(await gather_records(consumer, 2, at_once=2)) == ["1", "2"]
        consumer.seek(partition, 8)
        assert values(await gather_records(consumer, 2)) == ["8", "9"]
        await consumer.stop()

    async def test_seeking_in_the_assignment_callback_sets_the_first_record(
        self, bus: Bus, topic: str, group: str,
    ) -> None:
        partition = TopicPartition(topic, 1)
        await bus.publish([outgoing(topic, "k", str(n), 1) for n in range(10)])
        consumers: list[Consumer] = []

        async def assigned(partitions: frozenset[TopicPartition]) -> None:
            assert partitions <= consumers[0].assignment()
            if partition in partitions:
                consumers[0].seek(partition, 7)

        consumers.append(bus.consumer(group, [topic], on_assigned=assigned))
        await consumers[0].start()
        assert values(await gather_records(consumers[0], 3)) == ["7", "8", "9"]
        await consumers[0].stop()

    async def test_the_lag_counts_records_that_were_not_polled(self, bus: Bus, topic: str, group: str) -> None:
        consumer = await self._start(bus, group, [topic])
        await wait_for_assignments([consumer], self.partitions)
        await bus.publish([outgoing(topic, "k", str(n), 0) for n in range(10)])
        polled = await gather_records(consumer, 4, at_once=4)

        async def exact() -> bool:
            lag = await consumer.lag()
            return len(lag) == self.partitions and sum(lag.values()) == 10 - len(polled)

        await until(exact, "the lag equals the number of records that were not polled")
        polled += await gather_records(consumer, 10 - len(polled))
        await until(exact, "the lag is zero")
        await consumer.stop()

    async def test_records_of_several_topics_are_all_delivered(
        self, bus: Bus, topic: str, other_topic: str, group: str
    ) -> None:
        await bus.publish([outgoing(topic, f"k{n}", f"a{n}") for n in range(1000)])
        await bus.publish([outgoing(other_topic, f"k{n}", f"b{n}") for n in range(10)])
        consumer = await self._start(bus, group, [topic, other_topic])
        records = await gather_records(consumer, 1010, at_once=100)
        assert len({(r.topic_partition, r.offset) for r in records}) == 1010
        await consumer.stop()

    # --- groups ---

    async def test_two_members_share_partitions_and_equal_numbers_of_all_topics_stay_together(
        self, bus: Bus, second: Bus, topic: str, other_topic: str, group: str
    ) -> None:
        members = [await self._start(one, group, [topic, other_topic]) for one in (bus, second)]
        await wait_for_assignments(members, 2 * self.partitions)
        for member in members:
            numbers = {name: {p.partition for p in member.assignment() if p.topic == name} for name in
                       (topic, other_topic)}
            assert numbers[topic] == numbers[other_topic]
            assert len(numbers[topic]) == self.partitions // 2
        for member in members:
            await member.stop()

    async def test_a_new_member_continues_at_the_committed_offset_of_the_previous_owner(
        self, bus: Bus, second: Bus, topic: str, group: str
    ) -> None:
        handled: dict[str, list[str]] = {"first": [], "second": []}
        positions: dict[TopicPartition, int] = {}
        revoked: list[frozenset[TopicPartition]] = []
        members: list[Consumer] = []

        async def commit_positions(partitions: frozenset[TopicPartition]) -> None:
            revoked.append(partitions)
            await members[0].commit({p: positions[p] for p in partitions if p in positions})

        async def work(member: Consumer, name: str) -> None:
            for partition, records in (await member.poll(10, 0.05)).items():
                handled[name] += values(records)
                positions[partition] = records[-1].offset + 1

        members.append(bus.consumer(group, [topic], on_revoked=commit_positions))
        await members[0].start()
        await bus.publish([outgoing(topic, f"k{n}", str(n)) for n in range(40)])
        while len(handled["first"]) < 40:
            await work(members[0], "first")
        members.append(await self._start(second, group, [topic]))
        await wait_for_assignments(members, self.partitions)
        await bus.publish([outgoing(topic, f"k{n}", str(n)) for n in range(40, 80)])

        async def all_handled() -> bool:
            await work(members[0], "first")
            await work(members[1], "second")
            return len(handled["first"]) + len(handled["second"]) >= 80

        await until(all_handled, "all records are handled")
        assert revoked
        assert sorted(handled["first"] + handled["second"], key=int) == [str(n) for n in range(80)]
        assert handled["second"]
        for member in members:
            await member.stop()

    async def test_a_member_that_leaves_is_replaced_at_once(
        self, bus: Bus, second: Bus, topic: str, group: str,
    ) -> None:
        members = [await self._start(one, group, [topic]) for one in (bus, second)]
        await wait_for_assignments(members, self.partitions)
        await members[0].stop()
        await wait_for_assignments(members[1:], self.partitions)
        assert members[0].assignment() == frozenset()
        await members[1].stop()

    async def test_more_members_than_partitions_leave_some_members_idle(
        self, bus: Bus, second: Bus, topic: str, group: str
    ) -> None:
        members = [await self._start(one, group, [topic]) for one in [bus, second] * 3]

        async def balanced() -> bool:
            for member in members:
                await member.poll(1, 0)
            return sorted(len(m.assignment()) for m in members) == [0, 0] + [1] * self.partitions

        await until(balanced, "four of six members hold a partition each")
        for member in members:
            await member.stop()

    async def test_a_commit_for_a_revoked_partition_is_refused(
        self, bus: Bus, second: Bus, topic: str, group: str
    ) -> None:
        await bus.publish([outgoing(topic, "k", str(n), p) for p in range(self.partitions) for n in range(3)])
        first = await self._start(bus, group, [topic])
        await gather_records(first, 3 * self.partitions)
        joiner = await self._start(second, group, [topic])
        await wait_for_assignments([first, joiner], self.partitions)
        revoked = next(iter(joiner.assignment()))
        await joiner.commit({revoked: 1})
        with pytest.raises(PartitionLost):
            await first.commit({revoked: 3})
        assert (await bus.committed(group, [topic]))[revoked] == 1
        retained = next(iter(first.assignment()))
        await first.commit({retained: 3})
        assert (await bus.committed(group, [topic]))[retained] == 3
        await first.stop()
        await joiner.stop()

    async def test_a_poll_returns_only_records_of_assigned_partitions(
        self, bus: Bus, second: Bus, topic: str, group: str,
    ) -> None:
        """Members join and leave under load; each record is delivered, and only to a member that has its partition."""
        delivered: set[tuple[TopicPartition, int]] = set()

        async def work(member: Consumer) -> None:
            polled = await member.poll(20, 0.02)
            assert {partition for partition, records in polled.items() if records} <= member.assignment()
            for partition, records in polled.items():
                delivered.update((partition, record.offset) for record in records)
                try:
                    await member.commit({partition: records[-1].offset + 1})
                except PartitionLost:
                    continue

        members = [await self._start(bus, group, [topic])]
        for round_number in range(20):
            await bus.publish([outgoing(topic, f"k{n}", f"{round_number}:{n}") for n in range(20)])
            if round_number == 5:
                members.append(await self._start(second, group, [topic]))
            if round_number == 12:
                await members.pop(0).stop()
            for member in members:
                await work(member)

        async def complete() -> bool:
            for member in members:
                await work(member)
            return len(delivered) == 400

        await until(complete, "all 400 records are delivered")
        for member in members:
            await member.stop()

    # --- removing groups ---

    async def test_groups_are_listed_with_their_member_counts_and_removed_only_without_members(
        self, bus: Bus, second: Bus, topic: str, group: str
    ) -> None:
        await bus.publish([outgoing(topic, "k", "v")])
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

    # --- deleting records ---

    async def test_deleted_records_are_gone_and_the_rest_keep_their_offsets(
        self, bus: Bus, second: Bus, topic: str, group: str
    ) -> None:
        for round_number in range(10):
            await bus.publish([outgoing(topic, "k", f"{round_number}")])
        (partition,) = [partition for partition, end in (await bus.end_offsets([topic])).items() if end]
        await bus.delete_before({partition: 6})
        assert (await second.begin_offsets([topic]))[partition] == 6
        assert (await second.end_offsets([topic]))[partition] == 10
        assert [r.offset for r in await second.read(partition, 0, 100)] == [6, 7, 8, 9]
        consumer = await self._start(second, group, [topic])
        assert sorted(values(await gather_records(consumer, 4))) == ["6", "7", "8", "9"]
        await bus.delete_before({partition: 2})
        assert (await bus.begin_offsets([topic]))[partition] == 6
        await bus.delete_before({partition: 10})
        await bus.publish([outgoing(topic, "k", "new")])
        assert values(await gather_records(consumer, 1)) == ["new"]
        await consumer.stop()

    # --- tail ---

    async def test_a_tail_from_the_beginning_returns_all_records_and_continues(
        self, bus: Bus, second: Bus, topic: str, other_topic: str
    ) -> None:
        await bus.publish([outgoing(topic, f"k{n}", f"old{n}") for n in range(5)])
        tail = bus.tail([topic, other_topic], "beginning")
        found = [await self._next(tail) for _ in range(5)]
        await second.publish([outgoing(other_topic, "k", "new")])
        found.append(await self._next(tail))
        assert sorted(values(found)) == ["new", *(f"old{n}" for n in range(5))]
        await tail.aclose()  # type: ignore[attr-defined]

    async def test_a_tail_from_the_end_returns_only_new_records(self, bus: Bus, second: Bus, topic: str) -> None:
        await bus.publish([outgoing(topic, f"k{n}", "old") for n in range(5)])
        tail = bus.tail([topic])
        waiting = asyncio.ensure_future(self._next(tail))
        sent = 0

        async def received() -> bool:
            nonlocal sent
            sent += 1
            await second.publish([outgoing(topic, "k", f"new{sent}")])
            return waiting.done()

        await until(received, "the tail returns a record")
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
