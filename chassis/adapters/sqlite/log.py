"""SQL of the log: partitions (`places`), batches of records, reads. Functions run in the database's threads."""
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import apsw
import msgspec

from chassis.adapters.sqlite.schema import SHIFT
from chassis.adapters.sqlite.sql import rows
from chassis.ports import Outgoing, Record, TopicPartition, partition_count_changed
from chassis.support.clock import now_ms

_Packed = tuple[bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[_Packed]).decode
_OFFSET_MASK = (1 << SHIFT) - 1
_BATCH_RECORDS = 500
_BATCH_BYTES = 1 << 20
_READ_BYTES = 8 << 20  # per partition and read, so that large records do not fill the memory

Places = dict[str, list[int]]  # row ids of a topic's partitions


class RecordBatch(NamedTuple):
    """Packed records of one partition."""

    place: int
    n: int
    body: bytes


def pack(place: int, messages: Sequence[Outgoing]) -> list[RecordBatch]:
    """Batches of bounded size, so that reading a few records never unpacks very many."""
    batches: list[RecordBatch] = []
    packed: list[_Packed] = []
    size = 0
    for message in messages:
        packed.append((message.key, message.value, message.headers))
        size += len(message.value or b"")
        if len(packed) == _BATCH_RECORDS or size >= _BATCH_BYTES:
            batches.append(RecordBatch(place, len(packed), _encode(packed)))
            packed, size = [], 0
    if packed:
        batches.append(RecordBatch(place, len(packed), _encode(packed)))
    return batches


def append(connection: apsw.Connection, batches: Sequence[RecordBatch]) -> None:
    """Appends batches; the append time never decreases within a partition, whatever the clock does."""
    now = now_ms()
    for place, n, body in batches:
        update = "UPDATE places SET next=next+?, at=max(at, ?) WHERE id=? RETURNING next, at"
        end, at = rows(connection, update, (n, now, place))[0]
        connection.execute("INSERT INTO batches VALUES(?, ?, ?)", ((place << SHIFT) | (end - 1), at, body))


def create_topics(connection: apsw.Connection, topics: Mapping[str, int]) -> None:
    """Creates topics. Raises UnsafeSetting when one exists with another partition count."""
    for topic, partitions in topics.items():
        if partitions < 1:
            raise ValueError(f"topic {topic!r} cannot have {partitions} partitions")
        (existing,) = rows(connection, "SELECT count(*) FROM places WHERE topic=?", (topic,))[0]
        if existing not in (0, partitions):
            raise partition_count_changed(topic, existing, partitions)
        if not existing:
            new = [(topic, number) for number in range(partitions)]
            connection.executemany("INSERT INTO places(topic, partition) VALUES(?, ?)", new)


def places_of(connection: apsw.Connection) -> Places:
    places: Places = {}
    for topic, id in rows(connection, "SELECT topic, id FROM places ORDER BY topic, partition"):
        places.setdefault(topic, []).append(id)
    return places


def ends_of(connection: apsw.Connection, places: Sequence[int]) -> dict[int, int]:
    """End offsets: the next offset of each partition."""
    if not places:
        return {}
    marks = ",".join("?" * len(places))
    return dict(rows(connection, f"SELECT id, next FROM places WHERE id IN ({marks})", places))


def begins_of(connection: apsw.Connection, places: Sequence[int]) -> dict[int, int]:
    """Begin offsets: the first retained offset of each partition."""
    marks = ",".join("?" * len(places))
    begins = dict(rows(connection, f"SELECT place, offset FROM begins WHERE place IN ({marks})", places))
    return {place: begins.get(place, 0) for place in places}


def delete_before(connection: apsw.Connection, offsets: Mapping[int, int]) -> None:
    """Deletes whole batches below the offsets. The file keeps its size; free pages are reused."""
    for place, offset in offsets.items():
        which = (place << SHIFT, (place << SHIFT) | max(0, offset))  # a batch is named by its last offset
        ((last,),) = rows(connection, "SELECT max(id) FROM batches WHERE id >= ? AND id < ?", which)
        if last is not None:
            connection.execute("DELETE FROM batches WHERE id >= ? AND id < ?", which)
            connection.execute("INSERT OR REPLACE INTO begins VALUES(?, ?)", (place, (last & _OFFSET_MASK) + 1))


def read(connection: apsw.Connection, place: int, name: TopicPartition, offset: int, limit: int) -> list[Record]:
    """Records from `offset`: whole batches up to `limit` records or a size limit, so possibly more."""
    records: list[Record] = []
    size = 0
    select = "SELECT id, at, body FROM batches WHERE id BETWEEN ? AND ? ORDER BY id"
    cursor: Any = connection.execute(select, ((place << SHIFT) | max(0, offset), (place << SHIFT) | _OFFSET_MASK))
    for id, at, body in cursor:
        packed = _decode(body)
        base = (id & _OFFSET_MASK) + 1 - len(packed)
        skip = max(0, offset - base)
        records += [
            Record(name.topic, name.partition, number, at, key, value, headers)
            for number, (key, value, headers) in enumerate(packed[skip:], base + skip)
        ]
        size += len(body)
        if len(records) >= limit or size >= _READ_BYTES:
            break
    cursor.close(True)
    return records


def fetch(
    connection: apsw.Connection, requested: Mapping[int, tuple[TopicPartition, int]], limit: int
) -> tuple[dict[int, int], dict[int, list[Record]]]:
    """End offsets of these partitions, and about `limit` records in total from the wanted offsets, in the given
    order."""
    ends = ends_of(connection, list(requested))
    fetched: dict[int, list[Record]] = {}
    for place, (name, offset) in requested.items():
        if limit > 0 and offset < ends[place]:
            fetched[place] = read(connection, place, name, offset, limit)
            limit -= len(fetched[place])
    return ends, fetched
