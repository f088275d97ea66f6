"""The position of a stream in the log: the `id` of an event, which browsers send back as `Last-Event-ID`.

`<hash of the log's identity>.<next offset of partition 0>.<of partition 1>…`; not valid for another log.
"""
import hashlib
from collections.abc import Mapping, Sequence

from chassis.ports import Bus, TopicPartition

TOPIC = "crm.opportunities.v1"
MAX_MISSED = 1000


class StreamPosition:
    """The next offset of each partition of the topic of deals."""

    def __init__(self, log: str, offsets: Mapping[int, int]) -> None:
        self._log, self._offsets = hashlib.sha256(log.encode()).hexdigest()[:8], dict(offsets)

    @classmethod
    async def at_end(cls, bus: Bus) -> "StreamPosition":
        ends = await bus.end_offsets([TOPIC])
        return cls(await bus.identity(), {partition.partition: offset for partition, offset in ends.items()})

    def advance(self, partition: int, offset: int) -> None:
        self._offsets[partition] = max(self._offsets.get(partition, 0), offset + 1)

    def text(self) -> str:
        return ".".join([self._log, *(str(self._offsets[p]) for p in sorted(self._offsets))])

    def parse(self, text: str | None) -> Mapping[int, int] | None:
        """The offsets of an earlier position; None for an invalid one and for one of another log."""
        parts = (text or "").split(".")
        if len(parts) != len(self._offsets) + 1 or parts[0] != self._log:
            return None
        if not all(p.isascii() and p.isdigit() and len(p) < 19 for p in parts[1:]):
            return None
        offsets = dict(zip(sorted(self._offsets), map(int, parts[1:]), strict=True))
        return offsets if all(offsets[p] <= self._offsets[p] for p in offsets) else None


async def missed_keys(bus: Bus, since: Mapping[int, int]) -> Sequence[str] | None:
    """Keys of the records since these offsets; None when there are more than `MAX_MISSED` records."""
    keys: dict[str, None] = {}
    read = 0
    for partition, offset in since.items():
        records = await bus.read(TopicPartition(TOPIC, partition), offset, MAX_MISSED + 1)
        read += len(records)
        if read > MAX_MISSED:
            return None
        keys |= dict.fromkeys(r.key.decode("utf-8", "replace") for r in records if r.key)
    return list(keys)
