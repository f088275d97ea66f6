"""Fence keys: small integers for partitions, so that the fences in documents stay small.

A key stands for a partition of a topic of one log in one epoch: a log that was recreated gets new keys, so old fences
never apply to it. One append-only document per service holds the table.
"""
from collections.abc import Callable

import msgspec

from chassis.ports import Collection, Document, Store, StoreUnavailable, TopicPartition
from chassis.support import failpoints

PER_TOPIC = 1024  # keys per topic: more than a topic has partitions
TRIES = 10


class FenceKeys:
    """`key_of(partition)` for every registered topic; a key never changes."""

    def __init__(self, service: str, identity: str) -> None:
        self.collection = Collection(f"{service}.places", {})
        self._identity = identity
        self._topics: dict[str, int] = {}
        self._names: list[str] = []

    async def register_topics(self, store: Store, topics: tuple[str, ...]) -> None:
        """Give each topic of this log a number, unless it has one."""
        await store.ensure([self.collection])
        await self._change(store, topics, lambda names: [
            n for n in (f"{t}@{self._identity}" for t in topics) if n not in map(_without_epoch, names)])

    async def begin_epoch(self, store: Store, topic: str) -> None:
        """Give the topic a new number: fences of the old epoch do not apply to what its log holds from now on."""
        name = f"{topic}@{self._identity}"
        await self._change(store, tuple(self._topics), lambda names: [
            f"{name}#{1 + sum(_without_epoch(n) == name for n in names)}"])

    async def _change(
        self, store: Store, topics: tuple[str, ...], new_names: Callable[[list[str]], list[str]],
    ) -> None:
        for _ in range(TRIES):
            document = (await store.load(self.collection.name, ["places"])).get("places")
            names: list[str] = msgspec.msgpack.decode(document.body) if document else []
            new = new_names(names)
            if new:
                body = msgspec.msgpack.encode(names + new)
                failpoints.reach("places.save.before")
                changed = Document("places", document.version if document else 0, body)
                if await store.save(self.collection.name, [changed]):
                    continue
                failpoints.reach("places.save.after")
            self._names = names + new
            numbers = {_without_epoch(name): number for number, name in enumerate(self._names)}  # the latest epoch's
            self._topics = {t: numbers[f"{t}@{self._identity}"] for t in topics}
            return
        raise StoreUnavailable(f"{self.collection.name} could not be saved in {TRIES} tries")

    def epoch_of(self, topic: str) -> int:
        """How many times its log was replaced; 0 for most topics."""
        return max(0, sum(name.startswith(f"{topic}@") for name in self._names) - 1)

    def retired_topics(self) -> frozenset[int]:
        """Numbers that no topic has any more."""
        return frozenset(range(len(self._names))) - frozenset(self._topics.values())

    def key_of(self, partition: TopicPartition) -> int:
        return self._topics[partition.topic] * PER_TOPIC + partition.partition


def _without_epoch(name: str) -> str:
    return name.partition("#")[0]
