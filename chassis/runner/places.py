"""Small integers for places of the log, so that fences in documents stay small.

A place is a partition of a topic of one log: a log that was made anew gets new numbers, and old fences never apply
to it. One document per service keeps the table; it only grows.
"""
import msgspec

from chassis import failpoints
from chassis.ports import Collection, Document, Store, StoreUnavailable, TopicPartition

PER_TOPIC = 1024  # more partitions than a topic may have
TRIES = 10


class Places:
    """`number(place)` of every topic that was entered; stable for ever."""

    def __init__(self, service: str, identity: str) -> None:
        self.collection = Collection(f"{service}.places", {})
        self._identity = identity
        self._topics: dict[str, int] = {}

    async def enter(self, store: Store, topics: tuple[str, ...]) -> None:
        """Give each topic of this log a number, unless it has one."""
        await store.ensure([self.collection])
        for _ in range(TRIES):
            document = (await store.load(self.collection.name, ["places"])).get("places")
            names: list[str] = msgspec.msgpack.decode(document.body) if document else []
            new = [n for n in (f"{t}@{self._identity}" for t in topics) if n not in names]
            if not new:
                numbers = {name: number for number, name in enumerate(names)}
                self._topics = {t: numbers[f"{t}@{self._identity}"] for t in topics}
                return
            body = msgspec.msgpack.encode(names + new)
            failpoints.reach("places.save.before")
            await store.save(self.collection.name, [Document("places", document.version if document else 0, body)])
            failpoints.reach("places.save.after")
        raise StoreUnavailable("the table of places is written by too many at once")

    def number(self, place: TopicPartition) -> int:
        return self._topics[place.topic] * PER_TOPIC + place.partition
