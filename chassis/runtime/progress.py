"""What was read up to, per partition, with a digest of the last record: so that a log made anew is noticed.

One document per (topic, partition): [identity of the log, next offset, digest of the record before it]. It is written
at most once a second; fences and journals are what makes events count once, this only names what is wrong.
"""
from collections.abc import Iterable, Mapping
from hashlib import blake2b

import msgspec

from chassis.ports import Bus, Collection, Document, LogRecreated, Record, Store, TopicPartition
from chassis.support import failpoints

MEND = ("Bring back the log that was read, from its copies; or go on with this one, without what the other held "
        "unread: `triptych stream bump-epoch TOPIC`.")


class Progress:
    def __init__(self, service: str, store: Store, bus: Bus, identity: str) -> None:
        self.collection = Collection(f"{service}.progress", {})
        self._store, self._bus, self._identity = store, bus, identity
        self._new: dict[TopicPartition, Record] = {}

    def reached(self, place: TopicPartition, last: Record) -> None:
        """`last` and all before it are taken in and committed."""
        self._new[place] = last

    async def write(self) -> None:
        new, self._new = self._new, {}
        if new:
            documents = [
                Document(name_of(p), r.offset + 1, msgspec.msgpack.encode((self._identity, r.offset + 1, digest(r))))
                for p, r in new.items()
            ]
            failpoints.reach("progress.write.before")
            await self._store.put_newer(self.collection.name, documents)
            failpoints.reach("progress.write.after")

    async def forget(self, places: Iterable[TopicPartition]) -> None:
        """What was read of them: they are gone on with in another epoch."""
        await self._store.delete(self.collection.name, [name_of(p) for p in places])

    async def check(self, places: frozenset[TopicPartition]) -> dict[TopicPartition, int]:
        """The offsets up to which the store knows that it was read; 0: it knows nothing of the partition.

        Raises LogRecreated when a partition is shorter than, or another than, what was read of it before.
        """
        found = await self._store.load(self.collection.name, [name_of(p) for p in places])
        stored = {p: msgspec.msgpack.decode(found[name_of(p)].body) for p in places if name_of(p) in found}
        if stored:
            ends = await self._bus.end_offsets(sorted({p.topic for p in stored}))
            for place, (identity, offset, _) in stored.items():
                self._measure(place, identity, offset, ends)
            lasts = await self._bus.read_each({place: offset - 1 for place, (_, offset, _) in stored.items()})
            for place, record in lasts.items():
                if digest(record) != stored[place][2]:
                    raise LogRecreated(f"{name_of(place)}: the record at {record.offset} is not the one that was read "
                                       f"there. {MEND}")
        return dict.fromkeys(places, 0) | {place: offset for place, (_, offset, _) in stored.items()}

    def _measure(self, place: TopicPartition, identity: str, offset: int, ends: Mapping[TopicPartition, int]) -> None:
        name, end = name_of(place), ends.get(place, 0)
        if identity != self._identity:
            raise LogRecreated(f"{name}: this is log {self._identity}, what was read before was log {identity}. {MEND}")
        if end < offset:
            raise LogRecreated(f"{name}: the log ends at {end}, but was read up to {offset}. {MEND}")


def name_of(place: TopicPartition) -> str:
    return f"{place.topic}/{place.partition}"


def digest(record: Record) -> bytes:
    made = blake2b(digest_size=8)
    for part in (record.key, record.value, *(v for _, v in record.headers)):
        made.update(b"\0" if part is None else b"%d:" % len(part) + part)
    return made.digest()
