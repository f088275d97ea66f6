"""Repository of the dead letters of one service.

A dead letter is a record on `<topic>.<service>.dlq`: same partition, key, value and headers, plus `dlq.*` headers. Its
id is derived from the position of the original record, so a second copy is the same dead letter. Its status is a
document of the service. A replay publishes the original record again, addressed to this service only.
"""
import builtins
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from chassis.aggregates.unit_of_work import FailedRecord, output_id
from chassis.dead_letters.record import (
    DeadLetterRecord,
    by_position,
    by_time,
    dead_letter_id,
    format_timestamp,
    is_dead_letter,
    matches,
    parse_dead_letter,
    replay_count,
)
from chassis.dead_letters.storm_guard import StormGuard
from chassis.http.problems import ProblemError, not_found
from chassis.messages.envelope import REPLAY_FOR, RejectedMessage, decode_structured, encode
from chassis.ports import Bus, Collection, Document, Outgoing, Record, Store, TopicPartition
from chassis.support import failpoints
from chassis.support.clock import now_ms, utc_now
from chassis.support.metrics import Metrics
from contracts.topics import PARTITIONS, TOPICS, dead_letter_topic

MOST_REPLAYS = 3
MAX_READ = 50_000
MOST_ERROR = 500
ALL = 10**9
WAITING = ("open", "replaying")  # an interrupted replay is repeated
FILTERS = (
    "service", "topic", "code", "status", "event_type", "event_source", "event_id", "partition", "offset", "version")

Found = tuple[Mapping[str, str], Record]


class ReplayResult(NamedTuple):
    """`matched`: how many met the conditions. `spent`: of them, those that were replayed too often already."""

    matched: int
    replayed: list[DeadLetterRecord]  # on a dry run: those that would be
    spent: list[DeadLetterRecord]


class DeadLetterRepository:
    """The dead letters of one service."""

    def __init__(
        self, service: str, topics: Sequence[str], store: Store, bus: Bus, *, group: str = "", version: str = "",
        metrics: Metrics | None = None, guard: StormGuard | None = None,
    ) -> None:
        self.service, self.topics, self.store, self.bus = service, tuple(topics), store, bus
        self.guard = guard
        self.group, self.version, self.metrics = group or f"triptych.{service}", version, metrics
        self.collection = Collection(f"{service}.dead_letters", {"status": str})

    def needed_topics(self) -> Mapping[str, int]:
        return {
            dead_letter_topic(t, self.service): TOPICS[t].partitions if t in TOPICS else PARTITIONS for t in self.topics
        }

    # --- publication -------------------------------------------------------------------------------------------------

    async def dead_letter(self, dead: Sequence[FailedRecord]) -> None:
        """Publish dead letters; returns when the log has acknowledged them. Repeating it is harmless."""
        if not dead:
            return
        if self.guard is not None:
            self.guard.check(dead)
        now = format_timestamp(now_ms())
        failpoints.reach("letters.publish.before")
        await self.bus.publish([self._outgoing(d, now) for d in dead])
        failpoints.reach("letters.publish.after")
        if self.metrics is not None:
            for failed in dead:
                self.metrics.add(self.metrics.dead, 1, failed.code)

    def _outgoing(self, dead: FailedRecord, now: str) -> Outgoing:
        record = dead.record
        headers_added = {
            "id": dead_letter_id(self.service, record), "topic": record.topic, "partition": str(record.partition),
            "offset": str(record.offset), "timestamp": str(record.timestamp_ms), "group": self.group,
            "service": self.service, "version": self.version, "definition": "", "code": dead.code,
            "error": dead.error[:MOST_ERROR],
            "attempts": "1", "first_failed_at": now, "replays": str(replay_count(record)),
        }
        kept = tuple((n, v) for n, v in record.headers if not n.startswith("dlq."))
        headers = kept + tuple((f"dlq.{n}", v.encode()) for n, v in headers_added.items())
        topic = dead_letter_topic(record.topic, self.service)
        return Outgoing(topic, record.key, record.value, headers, record.partition)

    # --- queries ---------------------------------------------------------------------------------------------------

    async def list(
        self, limit: int = 100, where: Mapping[str, str] | None = None, after: Sequence[Any] | None = None, *,
        order: Callable[[DeadLetterRecord], tuple[Any, ...]] = by_time,
    ) -> builtins.list[DeadLetterRecord]:
        """In `order`, from after the position `after`. `where`: values of FILTERS and id, as text."""
        records: dict[str, tuple[Mapping[str, str], Record]] = {}
        for partition, end in sorted((await self._ends()).items()):
            for headers, record in await self._read(partition, end):
                if is_dead_letter(headers):
                    records.setdefault(headers["id"], (headers, record))
        stored = await self.store.load(self.collection.name, records)
        letters = [parse_dead_letter(headers, record, stored.get(id)) for id, (headers, record) in records.items()]
        letters = [x for x in letters if matches(x, where or {}) and (after is None or order(x) > tuple(after))]
        return sorted(letters, key=order)[:limit]

    async def get(self, id: str) -> DeadLetterRecord | None:
        found = await self.list(1, {"id": id})
        return found[0] if found else None

    async def stats(self) -> dict[str, Any]:
        """How many by status, and how many open ones by code and by topic."""
        letters = await self.list(MAX_READ)
        open_letters = [x for x in letters if x.status == "open"]
        return {
            "service": self.service, "status": _count(x.status for x in letters),
            "code": _count(x.code for x in open_letters), "topic": _count(x.topic for x in open_letters),
        }

    async def _ends(self) -> Mapping[TopicPartition, int]:
        return await self.bus.end_offsets(list(self.needed_topics()))

    async def _read(self, partition: TopicPartition, end: int) -> Sequence[Found]:
        records_read = builtins.list[Found]()
        begin = (await self.bus.begin_offsets([partition.topic])).get(partition, 0) if end else 0
        at = max(begin, end - MAX_READ)
        while at < end:
            records = await self.bus.read(partition, at, 500)
            if not records:
                break
            records_read += [
                ({n[4:]: v.decode("utf-8", "replace") for n, v in r.headers if n.startswith("dlq.")}, r)
                for r in records]
            at = records[-1].offset + 1
        return records_read

    # --- replay and discard ------------------------------------------------------------------------------------------

    async def replay(self, id: str, content: Mapping[str, Any] | None = None) -> DeadLetterRecord:
        """Replay one dead letter; idempotent. `content`: the corrected event, or only its data.

        Raises ProblemError 404; 409 `discarded` or `too_many_replays`; 422 when the corrected content is invalid.
        """
        letter = await self._letter_or_404(id)
        if letter.status == "discarded":
            raise ProblemError(409, "discarded", "This dead letter was discarded.")
        if letter.status == "replayed":
            return letter
        if letter.replays >= MOST_REPLAYS:
            raise ProblemError(
                409,
                "too_many_replays",
                f"This dead letter has already been replayed {MOST_REPLAYS} times, which is the limit.",
            )
        message = self._replay_message(letter, content)
        (letter,) = await self._mark([letter], "replaying", "")
        failpoints.reach("letters.replay.marked")
        await self.bus.publish([message])
        failpoints.reach("letters.replay.published")
        (letter,) = await self._mark([letter], "replayed", "with mended content" if content is not None else "")
        failpoints.reach("letters.replay.after")
        return letter

    async def replay_many(
        self, where: Mapping[str, str], limit: int, *, before: str | None = None, dry_run: bool = False,
    ) -> ReplayResult:
        """Replay up to `limit` open dead letters that match `where`, in log order.

        Idempotent per dead letter, so a repeated call continues after a failure. `before`: only those that failed
        earlier (RFC 3339, UTC), so that a loop of calls does not meet those that fail again.
        """
        matching = [
            x for x in await self.list(ALL, where, order=by_position)
            if x.status in WAITING and (before is None or x.first_failed_at < before)]
        spent = [x for x in matching if x.replays >= MOST_REPLAYS]
        chosen = [x for x in matching if x.replays < MOST_REPLAYS][:limit]
        if dry_run or not chosen:
            return ReplayResult(len(matching), [] if not dry_run else chosen, spent)
        messages = [self._replay_message(x, None) for x in chosen]
        chosen = await self._mark(chosen, "replaying", "")
        failpoints.reach("letters.replay.marked")
        await self.bus.publish(messages)
        failpoints.reach("letters.replay.published")
        return ReplayResult(len(matching), await self._mark(chosen, "replayed", ""), spent)

    async def discard(self, id: str, reason: str) -> DeadLetterRecord:
        letter = await self._letter_or_404(id)
        if letter.status == "replayed":
            raise ProblemError(409, "replayed", "This dead letter was replayed.")
        failpoints.reach("letters.discard.before")
        (letter,) = await self._mark([letter], "discarded", reason)
        failpoints.reach("letters.discard.after")
        return letter

    async def _letter_or_404(self, id: str) -> DeadLetterRecord:
        letter = await self.get(id)
        if letter is None:
            raise not_found("dead letter", id)
        return letter

    def _replay_message(self, letter: DeadLetterRecord, content: Mapping[str, Any] | None) -> Outgoing:
        more = (
            (REPLAY_FOR, f"{self.service}/{letter.id}".encode()), ("dlq.replays", str(letter.replays + 1).encode()))
        if content is not None:
            corrected = self._corrected(letter, content)
            return Outgoing(corrected.topic, corrected.key, corrected.value, corrected.headers + more)
        kept = tuple((n, v) for n, v in letter.record.headers if not n.startswith("dlq.") and n != REPLAY_FOR)
        return Outgoing(letter.topic, letter.record.key, letter.record.value, kept + more)

    def _corrected(self, letter: DeadLetterRecord, content: Mapping[str, Any]) -> Outgoing:
        """The corrected event: a new id, caused by the original event."""
        headers = {n: v.decode("utf-8", "replace") for n, v in letter.record.headers}
        structured = dict(content) if "specversion" in content else {
            "specversion": "1.0", "type": headers.get("ce_type"), "source": headers.get("ce_source"),
            "time": headers.get("ce_time"), "id": headers.get("ce_id"), "data": dict(content),
        }
        text = msgspec.json.encode(structured, order="deterministic").decode()
        structured["id"] = output_id(self.service, "mended", letter.id, text, 0)
        structured.pop("partitionkey", None)
        message = decode_structured(structured, now=utc_now())
        if isinstance(message, RejectedMessage):
            raise ProblemError(422, message.code, message.message)
        extensions = {**message.extensions, "causationid": headers.get("ce_id") or letter.id}
        for name in ("backfill", "timeprecision", "correlationid"):
            extensions.setdefault(name, headers.get(f"ce_{name}", ""))
        kept = {n: v for n, v in extensions.items() if v}
        meta = message.meta
        return encode(message.event, id=meta.id, source=meta.source, time=meta.time, extensions=kept)

    async def _mark(
        self, letters: Sequence[DeadLetterRecord], status: str, note: str
    ) -> builtins.list[DeadLetterRecord]:
        stored = await self.store.load(self.collection.name, [x.id for x in letters])
        body = msgspec.msgpack.encode((status, note, format_timestamp(now_ms())))
        documents = [
            Document(x.id, stored[x.id].version if x.id in stored else 0, body, {"status": status}) for x in letters]
        if await self.store.save(self.collection.name, documents):
            raise ProblemError(409, "busy", "Another request is changing this dead letter; retry.")
        return [x.with_status(d) for x, d in zip(letters, documents, strict=True)]


def _count(values: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return dict(sorted(counts.items()))
