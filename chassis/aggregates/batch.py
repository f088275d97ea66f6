"""Polled batches, and their routing: which unit of work each message belongs to."""
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from chassis.aggregates.fence_keys import FenceKeys
from chassis.aggregates.unit_of_work import Delivery, FailedRecord, UnitOfWork
from chassis.domain.handlers import CommandFor, Handlers
from chassis.messages.envelope import Message
from chassis.ports import TopicPartition


class PartitionBatch(NamedTuple):
    """What was polled of one partition: the messages of the records in [lo, hi)."""

    lo: int
    hi: int
    messages: Sequence[Message]


Batch = Mapping[TopicPartition, PartitionBatch]


class Router:
    """Calls the handlers of a service. `sequenced_topics`: sequences of their sources are fences."""

    def __init__(self, handlers: Handlers, fence_keys: FenceKeys, sequenced_topics: frozenset[str]) -> None:
        self._handlers, self._fence_keys, self._sequenced_topics = handlers, fence_keys, sequenced_topics

    def route(self, batch: Batch) -> tuple[list[UnitOfWork], list[FailedRecord]]:
        """Units of work with their deliveries in append order, and records whose handler failed."""
        works: dict[tuple[str, str], UnitOfWork] = {}
        failed: list[FailedRecord] = []
        for fence_key, sequenced, message in self._in_append_order(batch):
            handler = self._handlers.get(type(message.event))
            if handler is None or message.record is None:
                continue
            try:
                commands = list(handler(message.event, message.meta))
            except Exception as error:  # a bug in a handler: this record can be replayed later, the others go on
                failed.append(FailedRecord(message.record, "handler_failed", f"{type(error).__name__}: {error}"))
                continue
            for command in commands:
                _add_delivery(works, command, message, fence_key, sequenced)
        return list(works.values()), failed

    def _in_append_order(self, batch: Batch) -> list[tuple[int, bool, Message]]:
        """(fence key, sequenced, message) by append time over all partitions, by offset within one."""
        found: list[tuple[int, int, bool, Message]] = []
        for partition, polled in batch.items():
            fence_key, latest = self._fence_keys.key_of(partition), 0
            sequenced = partition.topic in self._sequenced_topics
            for message in polled.messages:
                assert message.record is not None
                latest = max(latest, message.record.timestamp_ms)
                found.append((latest, fence_key, sequenced, message))
        if len(batch) > 1:
            found.sort(key=_append_time)
        return [(fence_key, sequenced, message) for _, fence_key, sequenced, message in found]


def _append_time(item: tuple[int, int, bool, Message]) -> int:
    return item[0]


def _add_delivery(
    works: dict[tuple[str, str], UnitOfWork], command: CommandFor, message: Message, fence_key: int, sequenced: bool,
) -> None:
    """All commands of one message for one document make one delivery."""
    path = (command.aggregate, command.key)
    work = works.get(path)
    if work is None:
        work = works[path] = UnitOfWork(command.aggregate, command.key)
    if work.deliveries and work.deliveries[-1].message is message:
        work.deliveries[-1].commands.append(command.command)
    else:
        assert message.record is not None
        work.deliveries.append(Delivery(message, fence_key, message.record.offset, [command.command], sequenced))
