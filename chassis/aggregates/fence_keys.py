"""Small integers for places of the log, so that fences in documents stay small.

A place is a partition of a topic of one log in one epoch: a log that was made anew gets new numbers, and old fences
never apply to it. One document per service keeps the table; it only grows.
"""
from collections.abc import Callable

import msgspec

from chassis.ports import Collection, Document, Store, StoreUnavailable, TopicPartition
from chassis.support import failpoints

PER_TOPIC = 1024  # more partitions than a topic may have
TRIES = 10


class FenceKeys:
    """`number(place)` of every topic that was entered; stable for ever."""

    def __init__(self, service: str, identity: str) -> None:
        self.collection = Collection(f"{service}.places", {})
        self._identity = identity
        self._topics: dict[str, int] = {}
        self._names: list[str] = []

    async def enter(self, store: Store, topics: tuple[str, ...]) -> None:
        """Give each topic of this log a number, unless it has one."""
        await store.ensure([self.collection])
        await self._change(store, topics, lambda names: [
            n for n in (f"{t}@{self._identity}" for t in topics) if n not in map(_log_of, names)])

    async def begin_epoch(self, store: Store, topic: str) -> None:
        """From now on the topic has another number: no fence of the old one applies to what it holds now."""
        name = f"{topic}@{self._identity}"
        await self._change(store, tuple(self._topics), lambda names: [
            f"{name}#{1 + sum(_log_of(n) == name for n in names)}"])

    async def _change(
        self, store: Store, topics: tuple[str, ...], wanted: Callable[[list[str]], list[str]],
    ) -> None:
        for _ in range(TRIES):
            document = (await store.load(self.collection.name, ["places"])).get("places")
            names: list[str] = msgspec.msgpack.decode(document.body) if document else []
            new = wanted(names)
            if new:
                body = msgspec.msgpack.encode(names + new)
                failpoints.reach("places.save.before")
                saved = Document("places", document.version if document else 0, body)
                if await store.save(self.collection.name, [saved]):
                    continue
                failpoints.reach("places.save.after")
            self._names = names + new
            numbers = {_log_of(name): number for number, name in enumerate(self._names)}  # of the latest epoch
            self._topics = {t: numbers[f"{t}@{self._identity}"] for t in topics}
            return
        raise StoreUnavailable("the table of places is written by too many at once")

    def epoch(self, topic: str) -> int:
        """How often its log was made anew, or cut short, and gone on with: 0 of nearly every one."""
        return max(0, sum(name.startswith(f"{topic}@") for name in self._names) - 1)

    def retired(self) -> frozenset[int]:
        """Numbers of topics that are no longer given to anything."""
        return frozenset(range(len(self._names))) - frozenset(self._topics.values())

    def number(self, place: TopicPartition) -> int:
        return self._topics[place.topic] * PER_TOPIC + place.partition


def _log_of(name: str) -> str:
    """Without the epoch."""
    return name.partition("#")[0]
