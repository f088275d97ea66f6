"""Gaps in what a service says: every document numbers its events from 1, and every number must be in the log.

Reads the partitions of all topics that the service speaks on, from their beginning and then on from where it stopped.
A document tells how many events it has said and which of them it still owes; what it does not owe and was not read,
although the log was read to its end after the document was loaded, is missing.
"""
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from chassis.aggregates import Runner
from chassis.aggregates.aggregate_store import owed
from chassis.aggregates.documents import stored_of
from chassis.ports import Bus, Document, Record, Store, TopicPartition
from chassis.support.cooperative import Pace

PAGE = 500
MOST_DOCUMENTS = 200_000  # remembered one by one, about 50 MB; beyond, the longest quiet are forgotten

Key = tuple[str, str]
"""The aggregate's name and the document's key."""


class Gap(NamedTuple):
    aggregate: str
    key: str
    missing: tuple[int, ...]


class Runs:
    """Which numbers were read: all of `first` to `last`, and `more` beyond a hole."""

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


class Sequences:
    """`says`, `hears`: topics of the service, which hears as `group`. It follows the log for as long as it lives."""

    def __init__(
        self, runner: Runner, store: Store, bus: Bus, *, says: Iterable[str], hears: Sequence[str], group: str,
    ) -> None:
        self._runner, self._store, self._bus = runner, store, bus
        self._topics, self._hears, self._group = tuple(sorted(set(says))), tuple(hears), group
        self._at: dict[TopicPartition, int] = {}
        self._read: dict[Key, Runs] = {}
        self._touched: dict[Key, None] = {}
        self._whole = True  # the log was read from number 1 of every document, and nothing of it forgotten
        self._after: dict[str, str] = {}  # how far each aggregate's documents were looked through
        self._prefix = f"/triptych/{runner.service}/"
        self.records = 0

    async def read(self, seconds: float | None = None) -> bool:
        """Go on to the end of the log as it is now; False when `seconds` of work were over before."""
        if not self._topics:
            return True
        until, pace = None if seconds is None else time.monotonic() + seconds, Pace()
        if not self._at:
            self._at = dict(await self._bus.begin_offsets(self._topics))
            self._whole = not any(self._at.values())
        for place, end in sorted((await self._bus.end_offsets(self._topics)).items()):
            while self._at[place] < end:
                if until is not None and time.monotonic() > until:
                    return False
                records = await self._bus.read(place, self._at[place], PAGE)
                if not records:
                    break
                for record in records:
                    self._take(record)
                self._at[place] = records[-1].offset + 1
                await pace.turn()
        return True

    async def changed(self) -> list[Gap]:
        """Gaps of the documents whose events were read since this was asked last. Call it after `read` was True."""
        keys, self._touched = list(self._touched), {}
        found, pace = list[Gap](), Pace()
        for start in range(0, len(keys), PAGE):
            found += await self._check(keys[start : start + PAGE])
            await pace.turn()
        return found

    async def looked_through(self, most: int | None = None) -> list[Gap]:
        """Gaps of the next `most` documents, whether or not they said anything lately; None: of all."""
        found, pace = list[Gap](), Pace()
        for name, room in self._runner.aggregates.items():
            left = most
            while left is None or left > 0:
                ids = await self._store.ids(room.codec.name, after=self._after.get(name, ""), limit=PAGE)
                found += await self._check([(name, id) for id in ids])
                self._after[name] = ids[-1] if len(ids) == PAGE else ""
                left = None if left is None else left - PAGE
                await pace.turn()
                if len(ids) < PAGE:
                    break
        return found

    async def _check(self, keys: Iterable[Key]) -> list[Gap]:
        """Load first and read the log afterwards: then what a document no longer owes must have been read."""
        by_room: dict[str, list[str]] = {}
        for name, key in keys:
            if name in self._runner.aggregates:
                by_room.setdefault(name, []).append(key)
        settled = await self._settled()
        loaded = {
            name: await self._store.load(self._runner.aggregates[name].codec.name, its) for name, its in by_room.items()}
        await self.read()
        return [
            gap for name, documents in loaded.items() for document in documents.values()
            if (gap := self._gap(name, document, settled)) is not None]

    def _gap(self, name: str, document: Document, settled: Mapping[int, int]) -> Gap | None:
        stored, read = stored_of(document), self._read.get((name, document.id))
        first = 1 if self._whole else read.first if read is not None else stored.out_seq + 1
        if read is not None and read.first <= first and read.last >= stored.out_seq:
            return None
        still = {entry.seq for entry in owed(stored.out, settled)}
        missing = tuple(
            n for n in range(first, stored.out_seq + 1) if n not in still and (read is None or not read.has(n)))
        return Gap(name, document.id, missing[:100]) if missing else None

    async def _settled(self) -> dict[int, int]:
        """What was committed is published; what comes after it may still be owed."""
        committed = await self._bus.committed(self._group, self._hears) if self._hears else {}
        return {self._runner.fence_keys.number(place): offset for place, offset in committed.items()}

    def _take(self, record: Record) -> None:
        self.records += 1
        headers = dict(record.headers)
        source, number = headers.get("ce_source", b"").decode("utf-8", "replace"), headers.get("ce_sequence", b"")
        if not source.startswith(self._prefix) or not number.isdigit():
            return
        name, _, key = source.removeprefix(self._prefix).partition("/")
        at = (name, unquote(key) if key else (record.key or b"").decode("utf-8", "replace"))
        runs = self._read.pop(at, None)
        if runs is None:
            runs = Runs(int(number))
        else:
            runs.add(int(number))
        self._read[at] = runs  # the latest last
        self._touched[at] = None
        if len(self._read) > MOST_DOCUMENTS:
            forgotten = next(iter(self._read))
            del self._read[forgotten]
            self._touched.pop(forgotten, None)
            self._whole = False

