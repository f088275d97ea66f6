"""Sequence audit: finds gaps in the events of a service; every document numbers its events from 1.

Reads all partitions of the topics that the service publishes to, from their beginning, then from where it stopped. A
document knows how many events it has produced and which are still in its outbox; an event that is neither there nor
in the log, read to its end after the document was loaded, is missing.
"""
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from chassis.aggregates import Runner
from chassis.aggregates.aggregate_store import unpublished
from chassis.aggregates.documents import decode_stored
from chassis.ports import Bus, Document, Record, Store, TopicPartition
from chassis.support.cooperative import Pacer

PAGE = 500
MAX_DOCUMENTS = 200_000  # tracked, about 50 MB; beyond, the least recently changed are dropped

Key = tuple[str, str]
"""The aggregate's name and the document's key."""


class SequenceGap(NamedTuple):
    aggregate: str
    key: str
    missing: tuple[int, ...]


class NumberRanges:
    """The numbers that were read: `first` to `last`, and `more` after a gap."""

    __slots__ = ("first", "last", "more")

    def __init__(self, number: int) -> None:
        self.first = self.last = number
        self.more: set[int] | None = None

    def add(self, number: int) -> None:
        if number == self.last + 1:
            self.last = number
        elif number > self.last:
            self.more = {*(self.more or ()), number}
        elif number < self.first:
            self.more = {*(self.more or ()), *range(self.first, self.last + 1)}
            self.first = self.last = number
        if self.more:
            while self.last + 1 in self.more:
                self.last += 1
                self.more.discard(self.last)

    def has(self, number: int) -> bool:
        return self.first <= number <= self.last or (self.more is not None and number in self.more)


class SequenceAudit:
    """`publishes`, `consumes`: topics of the service, whose consumer group is `group`."""

    def __init__(
        self, runner: Runner, store: Store, bus: Bus, *, publishes: Iterable[str], consumes: Sequence[str], group: str,
    ) -> None:
        self._runner, self._store, self._bus = runner, store, bus
        self._topics, self._consumes, self._group = tuple(sorted(set(publishes))), tuple(consumes), group
        self._at: dict[TopicPartition, int] = {}
        self._read: dict[Key, NumberRanges] = {}
        self._touched: dict[Key, None] = {}
        self._is_complete = True  # the log was read from number 1 of every document, and nothing was dropped
        self._after: dict[str, str] = {}  # the last document checked of each aggregate
        self._prefix = f"/triptych/{runner.service}/"
        self.records = 0

    async def read(self, seconds: float | None = None) -> bool:
        """Read to the current end of the log; False when `seconds` were over before."""
        if not self._topics:
            return True
        until, pacer = None if seconds is None else time.monotonic() + seconds, Pacer()
        if not self._at:
            self._at = dict(await self._bus.begin_offsets(self._topics))
            self._is_complete = not any(self._at.values())
        for partition, end in sorted((await self._bus.end_offsets(self._topics)).items()):
            while self._at[partition] < end:
                if until is not None and time.monotonic() > until:
                    return False
                records = await self._bus.read(partition, self._at[partition], PAGE)
                if not records:
                    break
                for record in records:
                    self._add(record)
                self._at[partition] = records[-1].offset + 1
                await pacer.turn()
        return True

    async def check_changed(self) -> list[SequenceGap]:
        """Gaps of the documents whose events were read since the last call. Call it after `read` returned True."""
        keys, self._touched = list(self._touched), {}
        found, pacer = list[SequenceGap](), Pacer()
        for start in range(0, len(keys), PAGE):
            found += await self._check(keys[start : start + PAGE])
            await pacer.turn()
        return found

    async def check_documents(self, limit: int | None = None) -> list[SequenceGap]:
        """Gaps of the next `limit` documents, whether or not they published anything lately; None: of all."""
        found, pacer = list[SequenceGap](), Pacer()
        for name, store in self._runner.aggregates.items():
            left = limit
            while left is None or left > 0:
                ids = await self._store.ids(store.codec.name, after=self._after.get(name, ""), limit=PAGE)
                found += await self._check([(name, id) for id in ids])
                self._after[name] = ids[-1] if len(ids) == PAGE else ""
                left = None if left is None else left - PAGE
                await pacer.turn()
                if len(ids) < PAGE:
                    break
        return found

    async def _check(self, keys: Iterable[Key]) -> list[SequenceGap]:
        """Load documents first and read the log afterwards: then what left an outbox must have been read."""
        by_aggregate: dict[str, list[str]] = {}
        for name, key in keys:
            if name in self._runner.aggregates:
                by_aggregate.setdefault(name, []).append(key)
        published = await self._published_offsets()
        loaded = {
            name: await self._store.load(self._runner.aggregates[name].codec.name, its)
            for name, its in by_aggregate.items()}
        await self.read()
        return [
            gap for name, documents in loaded.items() for document in documents.values()
            if (gap := self._gap(name, document, published)) is not None]

    def _gap(self, name: str, document: Document, published: Mapping[int, int]) -> SequenceGap | None:
        stored, read = decode_stored(document), self._read.get((name, document.id))
        first = 1 if self._is_complete else read.first if read is not None else stored.outbox_sequence + 1
        if read is not None and read.first <= first and read.last >= stored.outbox_sequence:
            return None
        pending = {entry.seq for entry in unpublished(stored.outbox, published)}
        missing = tuple(
            n for n in range(first, stored.outbox_sequence + 1)
            if n not in pending and (read is None or not read.has(n)))
        return SequenceGap(name, document.id, missing[:100]) if missing else None

    async def _published_offsets(self) -> dict[int, int]:
        """Everything caused by committed records is published."""
        committed = await self._bus.committed(self._group, self._consumes) if self._consumes else {}
        return {self._runner.fence_keys.key_of(partition): offset for partition, offset in committed.items()}

    def _add(self, record: Record) -> None:
        self.records += 1
        headers = dict(record.headers)
        source, number = headers.get("ce_source", b"").decode("utf-8", "replace"), headers.get("ce_sequence", b"")
        if not source.startswith(self._prefix) or not number.isdigit():
            return
        name, _, key = source.removeprefix(self._prefix).partition("/")
        at = (name, unquote(key) if key else (record.key or b"").decode("utf-8", "replace"))
        runs = self._read.pop(at, None)
        if runs is None:
            runs = NumberRanges(int(number))
        else:
            runs.add(int(number))
        self._read[at] = runs  # the most recent last
        self._touched[at] = None
        if len(self._read) > MAX_DOCUMENTS:
            dropped = next(iter(self._read))
            del self._read[dropped]
            self._touched.pop(dropped, None)
            self._is_complete = False

