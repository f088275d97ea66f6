"""Read progress per partition, with a digest of the last record, so that a recreated log is noticed.

One document per partition: [identity of the log, next offset, digest of the record before it], written at most once a
second. Fences and journals make events count once; this only detects that the log is another one.
"""
from collections.abc import Iterable, Mapping
from hashlib import blake2b

import msgspec

from chassis.ports import Bus, Collection, Document, LogRecreated, Record, Store, TopicPartition
from chassis.support import failpoints

REMEDY = ("Restore the log that was read before; or continue with this one, without the unread records of the other: "
          "`triptych stream bump-epoch TOPIC`.")


class Progress:
    """`check` what was read when a partition is assigned; `record_batch` and `write` while it is consumed."""

    def __init__(self, service: str, store: Store, bus: Bus, identity: str) -> None:
        self.collection = Collection(f"{service}.progress", {})
        self._store, self._bus, self._identity = store, bus, identity
        self._last_records: dict[TopicPartition, Record] = {}  # not yet written

    def record_batch(self, partition: TopicPartition, last: Record) -> None:
        """`last` and all records before it are processed and committed."""
        self._last_records[partition] = last

    async def write(self) -> None:
        last_records, self._last_records = self._last_records, {}
        if last_records:
            documents = [
                Document(partition_name(p), r.offset + 1,
                         msgspec.msgpack.encode((self._identity, r.offset + 1, digest(r))))
                for p, r in last_records.items()
            ]
            failpoints.reach("progress.write.before")
            await self._store.save_newer(self.collection.name, documents)
            failpoints.reach("progress.write.after")

    async def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """Delete the progress of partitions that continue in another epoch."""
        await self._store.delete(self.collection.name, [partition_name(p) for p in partitions])

    async def check(self, partitions: frozenset[TopicPartition]) -> dict[TopicPartition, int]:
        """The next offsets known to the store; 0 for a partition without progress.

        Raises LogRecreated when a partition is shorter than, or differs from, what was read of it before.
        """
        found = await self._store.load(self.collection.name, [partition_name(p) for p in partitions])
        stored = {
            p: msgspec.msgpack.decode(found[partition_name(p)].body) for p in partitions if partition_name(p) in found}
        if stored:
            ends = await self._bus.end_offsets(sorted({p.topic for p in stored}))
            for partition, (identity, offset, _) in stored.items():
                self._check_end(partition, identity, offset, ends)
            lasts = await self._bus.read_each({p: offset - 1 for p, (_, offset, _) in stored.items()})
            for partition, record in lasts.items():
                if digest(record) != stored[partition][2]:
                    raise LogRecreated(f"{partition_name(partition)}: the record at {record.offset} is not the one "
                                       f"that was read before. {REMEDY}")
        return dict.fromkeys(partitions, 0) | {partition: offset for partition, (_, offset, _) in stored.items()}

    def _check_end(
        self, partition: TopicPartition, identity: str, offset: int, ends: Mapping[TopicPartition, int],
    ) -> None:
        name, end = partition_name(partition), ends.get(partition, 0)
        if identity != self._identity:
            raise LogRecreated(
                f"{name}: this is log {self._identity}; the service has read log {identity}. {REMEDY}")
        if end < offset:
            raise LogRecreated(f"{name}: the log ends at {end}, but was read up to {offset}. {REMEDY}")


def partition_name(partition: TopicPartition) -> str:
    return f"{partition.topic}/{partition.partition}"


def digest(record: Record) -> bytes:
    """8 bytes over key, value and header values."""
    hashed = blake2b(digest_size=8)
    for part in (record.key, record.value, *(v for _, v in record.headers)):
        hashed.update(b"\0" if part is None else b"%d:" % len(part) + part)
    return hashed.digest()
