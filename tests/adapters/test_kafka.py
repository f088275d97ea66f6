"""Kafka adapter of the `Bus` port: the contract tests and cases that are specific to Kafka, on a real broker."""
import asyncio
import signal
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from aiokafka.producer.message_accumulator import MessageBatch
from aiokafka.record.util import calc_crc32c
from faststream import BaseMiddleware

from chassis.adapters.kafka import KafkaBus
from chassis.ports import (
    Bus,
    BusUnavailable,
    Consumer,
    LogRecreated,
    Outgoing,
    PartitionLost,
    Record,
    StoreUnavailable,
    TopicPartition,
)
from dev.kafka_cluster import BrokerUnavailable, KafkaCluster, free_ports
from tests.adapters.bus_suite import BusSuite, outgoing, values
from tests.adapters.real import temporary_directory
from tests.adapters.waiting import DEADLINE, gather_records, until, wait_for_assignments

pytestmark = pytest.mark.real


async def connected(bootstrap: str) -> AsyncIterator[KafkaBus]:
    bus = KafkaBus(bootstrap, session=6.0)
    await bus.start()
    yield bus
    await bus.stop()


class TestKafkaBus(BusSuite):
    @pytest.fixture
    async def bus(self, kafka: str) -> AsyncIterator[Bus]:
        async for bus in connected(kafka):
            yield bus

    @pytest.fixture
    async def second(self, bus: Bus, kafka: str) -> AsyncIterator[Bus]:
        async for second in connected(kafka):
            yield second

    # --- specific to Kafka ---

    async def test_topics_of_one_group_must_have_the_same_number_of_partitions(
        self, bus: Bus, topic: str, group: str
    ) -> None:
        narrow = f"{topic}.narrow"
        await bus.ensure_topics({narrow: self.partitions - 1})
        consumer = bus.consumer(group, [topic, narrow])
        with pytest.raises(ValueError, match=f"{narrow}.*{self.partitions - 1} partitions"):
            await consumer.start()

    async def test_a_recreated_topic_stops_the_consumer_instead_of_skipping_records(
        self, bus: KafkaBus, second: KafkaBus, topic: str, group: str
    ) -> None:
        await bus.publish([outgoing(topic, "k", str(n), 0) for n in range(10)])
        consumer = await self._start(bus, group, [topic])
        await gather_records(consumer, 10)
        await consumer.commit({TopicPartition(topic, 0): 10})
        await consumer.stop()
        await bus.broker.config.admin_client.delete_topics([topic])

        async def gone() -> bool:
            return topic not in await second.broker.config.admin_client.list_topics()

        await until(gone, "the topic is deleted")
        await second.ensure_topics({topic: self.partitions})
        # the broker may or may not have deleted the committed offset; the 10 records are gone in both cases
        again = await self._start(second, group, [topic])
        committed = (await second.committed(group, [topic])).get(TopicPartition(topic, 0))
        if committed == 10:
            with pytest.raises(LogRecreated, match=topic):
                await gather_records(again, 1)
        else:
            assert committed is None
            assert await again.poll(10, 0.2) == {}
        await again.stop()

    async def test_a_log_shorter_than_the_committed_offset_stops_the_consumer(
        self, bus: Bus, topic: str, group: str
    ) -> None:
        await bus.publish([outgoing(topic, "k", "v", 0)])
        consumer = await self._start(bus, group, [topic])
        await gather_records(consumer, 1)
        await consumer.commit({TopicPartition(topic, 0): 7})  # an offset of a longer log
        await consumer.stop()
        again = await self._start(bus, group, [topic])
        with pytest.raises(LogRecreated, match=f"{topic}/0"):
            await gather_records(again, 1)
        with pytest.raises(LogRecreated):
            await again.poll(1, 0)
        await again.stop()

    async def test_an_error_in_a_callback_is_raised_by_the_next_poll(self, bus: Bus, topic: str, group: str) -> None:
        async def assigned(_: frozenset[TopicPartition]) -> None:
            raise StoreUnavailable("the fences cannot be read")

        consumer = bus.consumer(group, [topic], on_assigned=assigned)
        await consumer.start()
        await bus.publish([outgoing(topic, "k", "v")])
        with pytest.raises(StoreUnavailable):
            await gather_records(consumer, 1)
        await consumer.stop()

    async def test_an_assignment_callback_may_take_longer_than_the_session(
        self, kafka: str, topic: str, group: str,
    ) -> None:
        """aiokafka sends no heartbeat while it awaits the callback: the broker would remove the member repeatedly."""
        calls = 0

        async def assigned(_: frozenset[TopicPartition]) -> None:
            nonlocal calls
            calls += 1
            await asyncio.sleep(4.0)

        bus = KafkaBus(kafka, session=1.5)
        await bus.start()
        await bus.ensure_topics({topic: self.partitions})
        await bus.publish([outgoing(topic, "k", "v", 0)])
        consumer = bus.consumer(group, [topic], on_assigned=assigned)
        await consumer.start()
        await gather_records(consumer, 1)
        await consumer.commit({TopicPartition(topic, 0): 1})
        assert calls == 1
        await consumer.stop()
        await bus.stop()

    async def test_partitions_reassigned_during_the_assignment_callback_are_revoked(
        self, bus: Bus, second: Bus, topic: str, group: str
    ) -> None:
        waiting, revocations = asyncio.Event(), list[frozenset[TopicPartition]]()

        async def assigned(partitions: frozenset[TopicPartition]) -> None:
            waiting.set()
            if len(partitions) == self.partitions:
                await asyncio.sleep(600)

        async def revoked(partitions: frozenset[TopicPartition]) -> None:
            revocations.append(partitions)

        await bus.ensure_topics({topic: self.partitions})
        first = bus.consumer(group, [topic], on_assigned=assigned, on_revoked=revoked)
        await first.start()
        await asyncio.wait_for(waiting.wait(), DEADLINE)
        other = await self._start(second, group, [topic])
        await wait_for_assignments([first, other], self.partitions)
        assert [len(partitions) for partitions in revocations] == [self.partitions]
        await first.stop()
        await other.stop()

    async def test_a_cancelled_poll_loses_no_records(self, bus: Bus, topic: str, group: str) -> None:
        consumer = await self._start(bus, group, [topic])
        await wait_for_assignments([consumer], self.partitions)
        polled: list[Record] = []

        async def poll_with_short_timeout() -> bool:
            try:
                for batch in (await asyncio.wait_for(consumer.poll(3, 5), 0.003)).values():
                    polled.extend(batch)
            except TimeoutError:
                await bus.publish([outgoing(topic, "k", "v")] * 2 if len(sent) < 100 else [])
                sent.extend([1, 1] if len(sent) < 100 else [])
            return len(polled) == len(sent) >= 100

        sent: list[int] = []
        await until(poll_with_short_timeout, "every record arrived in spite of cancelled polls")
        assert sorted(record.offset for record in polled) == list(range(len(sent)))
        await consumer.stop()

    async def test_faststream_middlewares_receive_published_messages(self, kafka: str, topic: str) -> None:
        received: list[Outgoing] = []

        class RecordingMiddleware(BaseMiddleware):
            async def publish_scope(self, call_next: Any, cmd: Any) -> Any:
                received.extend(cmd.batch_bodies)
                return await call_next(cmd)

        bus = KafkaBus(kafka)
        bus.broker.add_middleware(RecordingMiddleware)
        await bus.start()
        messages = [outgoing(topic, f"k{n}", str(n)) for n in range(10)]
        await bus.publish(messages)
        await bus.publish(messages[:1])
        assert sorted(received, key=repr) == sorted([*messages, messages[0]], key=repr)
        await bus.stop()

    async def test_large_publications_are_split_into_batches_and_stay_in_order(self, bus: Bus, topic: str) -> None:
        big = [Outgoing(topic, b"k", str(n).encode() + b"." * 200_000, (), 1) for n in range(20)]
        await bus.publish(big)
        found = await bus.read(TopicPartition(topic, 1), 0, 100)
        assert [record.value for record in found] == [message.value for message in big]

    async def test_a_refused_record_raises_bus_unavailable_and_the_next_one_is_published(
        self, bus: Bus, topic: str,
    ) -> None:
        with pytest.raises(BusUnavailable, match="MessageSizeTooLarge"):
            await bus.publish([Outgoing(topic, b"k", b"." * 2_000_000, (), 1), outgoing(topic, "k", "after it", 1)])
        await bus.publish([outgoing(topic, "k", "good", 1)])
        assert values(await bus.read(TopicPartition(topic, 1), 0, 10)) == ["good"]

    async def test_a_header_name_with_invalid_utf_8_affects_only_its_own_batch(
        self, bus: Bus, topic: str, group: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Only a foreign client can write such a name: the test changes the bytes before they are sent."""
        original = MessageBatch.get_data_buffer

        def corrupted(batch: Any) -> bytes:
            data = bytes(original(batch)).replace(b"replaced", b"\xff\xfe-me\xff\x00\xfe")
            return data[:17] + struct.pack(">I", calc_crc32c(data[21:])) + data[21:]

        for partition in range(self.partitions):
            await bus.publish([outgoing(topic, "k", f"{partition}:{n}", partition) for n in range(5)])
        monkeypatch.setattr(MessageBatch, "get_data_buffer", corrupted)
        invalid = Outgoing(topic, b"k", b"invalid", (("replaced", b"1"),), 1)
        await bus.publish([outgoing(topic, "k", "1:before", 1), invalid, outgoing(topic, "k", "1:same batch", 1)])
        monkeypatch.undo()
        await bus.publish([outgoing(topic, "k", "1:after", 1)])
        consumer = await self._start(bus, group, [topic])
        records = await gather_records(consumer, 5 * self.partitions + 4)
        assert len({(r.topic_partition, r.offset) for r in records}) == len(records) == 5 * self.partitions + 4
        placeholders = [(record.partition, record.offset) for record in records if record.value is None]
        assert placeholders == [(1, 6), (1, 7)]  # a batch is decoded in order: none after the invalid one
        for partition in range(self.partitions):
            offsets = [record.offset for record in records if record.partition == partition]
            assert offsets == list(range(len(offsets)))
        await consumer.stop()
        found = await bus.read(TopicPartition(topic, 1), 5, 9)
        assert [record.value for record in found] == [b"1:before", None, None, b"1:after"]

    async def test_a_member_paused_beyond_its_session_cannot_commit(
        self, bus: Bus, kafka: str, topic: str, group: str
    ) -> None:
        """Its process is paused, another member takes over, the process resumes: its commit is refused."""
        await self._take_over(bus, kafka, topic, group, session=2.0)

    async def test_a_restarted_static_member_continues_at_once_and_its_predecessor_cannot_commit(
        self, bus: Bus, kafka: str, topic: str, group: str
    ) -> None:
        """The session is longer than the deadline of the test: nothing waits for it to expire."""
        await self._take_over(bus, kafka, topic, group, session=2 * DEADLINE, instance="pipeline-0")

    async def _take_over(
        self, bus: Bus, kafka: str, topic: str, group: str, *, session: float, instance: str = "",
    ) -> None:
        """Another member takes over from a paused one, with the same instance name if given."""
        await bus.publish([outgoing(topic, "k", str(n), 0) for n in range(5)])
        paused = await start_paused_member(kafka, group, topic, session, instance)
        successor = KafkaBus(kafka, session=session, instance=instance or None)
        await successor.start()
        member = await self._start(successor, group, [topic])
        assert values(await gather_records(member, 5)) == ["0", "1", "2", "3", "4"]
        await member.commit({TopicPartition(topic, 0): 5})
        assert await resume_and_commit(paused) == b"PartitionLost\n"
        assert (await bus.committed(group, [topic]))[TopicPartition(topic, 0)] == 5
        if instance:
            paused.kill()  # it would join again with its instance name
        await paused.wait()
        await member.stop()
        await successor.stop()

    async def test_a_static_member_that_stops_leaves_the_group_at_once(
        self, bus: Bus, kafka: str, topic: str, group: str
    ) -> None:
        named = [KafkaBus(kafka, session=2 * DEADLINE, instance=f"pipeline-{n}") for n in range(2)]
        for one in named:
            await one.start()
        first, second = [await self._start(one, group, [topic]) for one in named]
        await wait_for_assignments([first, second], self.partitions)
        await first.stop()
        await wait_for_assignments([second], self.partitions)
        await second.stop()
        assert (await bus.groups()).get(group, 0) == 0
        for one in named:
            await one.stop()


async def start_paused_member(
    kafka: str, group: str, topic: str, session: float, instance: str,
) -> asyncio.subprocess.Process:
    """A process that has polled five records and is then paused (SIGSTOP)."""
    paused = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PAUSED_MEMBER, kafka, group, topic, str(session), instance,
        stdout=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.PIPE,
    )
    assert paused.stdout
    assert await paused.stdout.readline() == b"polled 5\n"
    paused.send_signal(signal.SIGSTOP)
    return paused


async def resume_and_commit(paused: asyncio.subprocess.Process) -> bytes:
    """Resumes the process and returns the line it prints about its commit."""
    assert paused.stdout and paused.stdin
    paused.send_signal(signal.SIGCONT)
    paused.stdin.write(b"commit\n")
    return await paused.stdout.readline()


PAUSED_MEMBER = """
import asyncio, sys
from chassis.adapters.kafka import KafkaBus
from chassis.ports import TopicPartition

async def main(bootstrap, group, topic, session, instance):
    bus = KafkaBus(bootstrap, session=float(session), instance=instance or None)
    await bus.start()
    member = bus.consumer(group, [topic])
    await member.start()
    while not (polled := await member.poll(10, 1)):
        pass
    print("polled", sum(map(len, polled.values())), flush=True)
    sys.stdin.readline()
    try:
        await member.commit({TopicPartition(topic, 0): 1})
        print("committed", flush=True)
    except Exception as error:
        print(type(error).__name__, flush=True)
    await member.stop()
    await bus.stop()

asyncio.run(main(*sys.argv[1:]))
"""


class RecoveringConsumer:
    """Consumes like the worker: a failed member is replaced by a new one, and only received records are committed."""

    def __init__(self, bus: KafkaBus, topic: str) -> None:
        self.bus, self.topic = bus, topic
        self.member: Consumer | None = None
        self.received: list[str] = []

    async def read(self) -> None:
        try:
            if self.member is None:
                self.member = self.bus.consumer("tests.killed", [self.topic])
                await self.member.start()
            for partition, records in (await self.member.poll(100, 0.1)).items():
                self.received.extend(values(records))
                await self.member.commit({partition: records[-1].offset + 1})
        except (BusUnavailable, PartitionLost):
            await self.leave()

    async def leave(self) -> None:
        member, self.member = self.member, None
        if member is not None:
            with suppress(BusUnavailable):
                await member.stop()


async def test_acknowledged_records_survive_a_killed_broker() -> None:
    """kill -9 under load and restart: no acknowledged record is lost, publisher and consumer continue."""
    cluster = KafkaCluster(temporary_directory("killed"))
    try:
        await asyncio.to_thread(cluster.start)
    except BrokerUnavailable as error:
        pytest.skip(str(error))
    topic = "tests.killed.v1"
    bus, reader = KafkaBus(cluster.bootstrap, send_within=3.0), KafkaBus(cluster.bootstrap)
    consumer = RecoveringConsumer(reader, topic)
    acknowledged: list[str] = []
    failures = 0

    async def publish_until(count: int) -> None:
        nonlocal failures
        while len(acknowledged) < count:
            batch = [f"{len(acknowledged) + n}" for n in range(10)]
            try:
                await bus.publish([outgoing(topic, value, value) for value in batch])
                acknowledged.extend(batch)
            except BusUnavailable:
                failures += 1
                await asyncio.sleep(0.1)

    async def all_received() -> bool:
        await consumer.read()
        return set(consumer.received) >= {str(n) for n in range(1000)}

    try:
        await bus.start()
        await reader.start()
        await bus.ensure_topics({topic: 4})
        await consumer.read()
        publishing = asyncio.create_task(publish_until(1000))
        await until(lambda: len(acknowledged) >= 300, "300 are acknowledged")
        await asyncio.to_thread(cluster.kill)
        await until(lambda: failures > 0, "the publisher receives an error")
        await asyncio.to_thread(cluster.restart)
        await until(all_received, "all acknowledged records arrive")
        await publishing
    finally:
        await consumer.leave()
        await bus.stop()
        await reader.stop()
        await asyncio.to_thread(cluster.stop)


async def test_an_unreachable_broker_raises_bus_unavailable() -> None:
    (port,) = free_ports(1)
    bus = KafkaBus(f"127.0.0.1:{port}")
    with pytest.raises(BusUnavailable):
        await bus.start()
    with pytest.raises(BusUnavailable):
        await bus.publish([outgoing("tests.nowhere.v1", "k", "v")])
    with pytest.raises(BusUnavailable):
        await bus.end_offsets(["tests.nowhere.v1"])
    await bus.stop()
