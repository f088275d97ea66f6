"""FastStream producer that sends records unchanged, in batches per partition, and is replaced after a failure."""
import asyncio
from collections.abc import Sequence
from contextlib import suppress
from itertools import chain
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError
from faststream.exceptions import IncorrectState
from faststream.kafka.publisher.producer import AioKafkaFastProducer
from faststream.kafka.response import KafkaPublishCommand

from chassis.ports import Outgoing
from chassis.support import failpoints

CLOSE_SECONDS = 5.0  # seconds that a failed producer may take to close


class ReplaceableProducer(AioKafkaFastProducer):
    """Replaces FastStream's own producer, below its middlewares.

    FastStream's producer adds a `content-type` and a correlation id and supports text headers only. CloudEvents and
    dead letters must arrive unchanged, so the message of a publish command is an `Outgoing`, and nothing is added.
    FastStream still opens and closes it, and every middleware sees what is published.

    With idempotence aiokafka retries forever and, after some errors, never recovers. A failure therefore leads to
    `discard`: the next publish opens a new producer. Records still queued may or may not arrive; that is what
    `BusUnavailable` means, and consumers recognise a copy of an output by its id.
    """

    _parser: Any = None  # nothing is parsed or encoded
    _decoder: Any = None
    codec: Any = None

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._opening = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()
        self._connected = False
        self.replaced_producers = 0

    async def connect(self, producer: AIOKafkaProducer, serializer: object, codec: object = None) -> None:
        self._producer = await _started(producer)
        self._connected = True

    async def disconnect(self) -> None:
        self._connected = False
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(Exception):
                await asyncio.wait_for(producer.flush(), CLOSE_SECONDS)
            await _close(producer)
        if self._closing:
            await asyncio.wait(self._closing)

    def __bool__(self) -> bool:
        return self._connected

    @property
    def closed(self) -> bool:
        return not self._connected

    async def flush(self) -> None:
        if self._producer is not None:
            await self._producer.flush()

    async def publish(self, cmd: KafkaPublishCommand) -> Any:
        """Publishes one record; concurrent calls for one partition share a batch."""
        producer = await self.current()
        message: Outgoing = cmd.body
        failpoints.reach("kafka.publish.before")
        try:
            sent = await producer.send(
                cmd.destination, message.value, message.key, cmd.partition, headers=list(message.headers),
            )
            done = await sent
            failpoints.reach("kafka.publish.after")
            return done
        except Exception:
            self.discard(producer)
            raise

    async def publish_batch(self, cmd: KafkaPublishCommand) -> Any:
        """Publishes records of one partition in order: the next batch is sent once the last is acknowledged."""
        producer = await self.current()
        messages: Sequence[Outgoing] = cmd.batch_bodies
        try:
            at = 0
            while at < len(messages):
                batch = producer.create_batch()
                while at < len(messages) and _appended(batch, messages[at]):
                    at += 1
                batch.close()
                failpoints.reach("kafka.publish.before")
                sent = await producer.send_batch(batch, cmd.destination, partition=cmd.partition)
                await sent
                failpoints.reach("kafka.publish.after")
        except Exception:
            self.discard(producer)
            raise

    async def current(self) -> AIOKafkaProducer:
        """The current producer; opens a new one if the last was discarded."""
        if not self._connected:
            raise IncorrectState("the bus is not started")
        async with self._opening:
            if self._producer is None:
                self._producer = await _started(AIOKafkaProducer(**self._settings))
            return self._producer

    def discard(self, producer: AIOKafkaProducer | None = None) -> None:
        """Drops a failed producer (default: the current one) without waiting for it."""
        producer = producer or self._producer
        if producer is not None and self._producer is producer:
            self._producer = None
            self.replaced_producers += 1
            task = asyncio.get_running_loop().create_task(_close(producer))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


def _appended(batch: Any, message: Outgoing) -> bool:
    """False when the batch is full; an empty batch accepts a record of any size, which the broker then checks."""
    return batch.append(
        timestamp=None, key=message.key, value=message.value, headers=list(message.headers),
    ) is not None


async def _started(producer: AIOKafkaProducer) -> AIOKafkaProducer:
    try:
        await producer.start()
    except BaseException:
        await producer.stop()
        raise
    return producer


async def _close(producer: AIOKafkaProducer) -> None:
    """Closes a failed producer. `stop` waits for delivery, which never comes from a lost broker, so batches are failed
    first; their exceptions are retrieved here, or asyncio would report them.
    """
    sender, accumulator = producer._sender, producer._message_accumulator
    with suppress(Exception):
        batches = [*chain.from_iterable(accumulator._batches.values()), *accumulator._pending_batches]
        if sender.sender_task is not None:
            sender.sender_task.remove_done_callback(sender._fail_all)
        accumulator.fail_all(KafkaConnectionError("the producer was replaced"))
        for batch in batches:
            _retrieve_exception(batch.future)
            _retrieve_exception(batch._drain_waiter)
        await asyncio.wait_for(producer.stop(), CLOSE_SECONDS)
    with suppress(Exception):
        await producer.client.close()
    if sender.sender_task is not None:
        _retrieve_exception(sender.sender_task)


def _retrieve_exception(outcome: "asyncio.Future[Any]") -> None:
    if outcome.done() and not outcome.cancelled():
        outcome.exception()
