"""`GET /v1/events`: replays published events from any position, for systems without Kafka; each event once.

The cursor holds the next offset of every partition read so far: events of one key arrive in order, those of different
keys roughly in the order of the log.
"""
import hashlib
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from chassis.http.problems import ProblemError
from chassis.http.routing import page_response
from chassis.messages.codec.errors import FieldError
from chassis.messages.envelope import Message, decode
from chassis.ports import Bus, Record, TopicPartition
from contracts.kinds import BY_NAME
from services.gateway.auth.caller import Caller
from services.gateway.schemas.events import EventFeedPage

LATEST = "latest"
MAX_LIMIT = 500
MAX_QUERY_LENGTH = 4000
MAX_CURSOR_BYTES = 64 * 1024  # unpacked
MAX_READS = 20  # before an empty page is returned, when none of the records read is of the requested types
PUBLIC_TYPES = {name: kind for name, kind in BY_NAME.items() if ".internal." not in kind.topic}
Offsets = dict[TopicPartition, int]


def router(bus: Bus) -> APIRouter:
    routes = APIRouter(tags=["events"])

    @routes.get("/v1/events", response_model=EventFeedPage, summary="Published events from a position on")
    async def feed(
        request: Request, types: Annotated[str | None, Query(max_length=MAX_QUERY_LENGTH)] = None,
        after: Annotated[str | None, Query(max_length=MAX_QUERY_LENGTH)] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 100,
    ) -> Response:
        """`types`: event types separated by commas; default: all. `after`: `next` of an earlier page, or `latest` for
        future events only; default: from the beginning. `next` is always set. A page may be shorter than `limit`."""
        caller: Caller = request.state.caller
        if not caller.scope("events:read").all:
            raise ProblemError(403, "outside_scope", "The event feed requires access to all records.")
        requested = _types(types)
        topics = list(dict.fromkeys(kind.topic for name, kind in PUBLIC_TYPES.items() if name in requested))
        log = hashlib.sha256((await bus.identity()).encode()).hexdigest()[:8]
        ends = await bus.end_offsets(topics)
        if after == LATEST:
            return _page(request, [], log, dict(ends))
        offsets = _parse_cursor(after, log)
        for partition, begin in (await bus.begin_offsets(topics)).items():
            offsets[partition] = max(offsets.get(partition, 0), begin)
        items: list[dict[str, Any]] = []
        for _ in range(MAX_READS):
            records = await _read(bus, offsets, ends, limit)
            items = [event for record in records if (event := _event(record, requested)) is not None]
            if items or not records:
                break
        return _page(request, items, log, offsets)

    return routes


async def _read(bus: Bus, offsets: Offsets, ends: Mapping[TopicPartition, int], limit: int) -> list[Record]:
    """At most `limit` records, the same share from each partition. Advances `offsets` past them."""
    unread = [partition for partition, end in sorted(ends.items()) if offsets.get(partition, 0) < end][:limit]
    result: list[Record] = []
    for partition in unread:
        records = await bus.read(partition, offsets.get(partition, 0), max(1, limit // len(unread)))
        records = [r for r in records if r.offset < ends[partition]]
        offsets[partition] = records[-1].offset + 1 if records else ends[partition]
        result += records
    return sorted(result, key=lambda r: (r.timestamp_ms, r.topic, r.partition, r.offset))


def _event(record: Record, requested: Sequence[str]) -> dict[str, Any] | None:
    """The event as it was published, unknown fields included. None for other types and for records without an event."""
    message = decode(record)
    headers = {n.removeprefix("ce_"): v.decode("utf-8", "replace") for n, v in record.headers if n.startswith("ce_")}
    if not isinstance(message, Message) or headers.get("type") not in requested:
        return None
    return {**headers, "datacontenttype": "application/json", "data": orjson.loads(record.value or b"null")}


def _types(text: str | None) -> Sequence[str]:
    if text is None:
        return list(PUBLIC_TYPES)
    names = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    faults = [FieldError("unknown_type", "/query/types", f"Event type {n[:200]!r} does not exist.") for n in names
              if n not in PUBLIC_TYPES]
    if faults or not names:
        detail = faults[0].message if faults else "types must name event types, separated by commas."
        raise ProblemError(422, "invalid", detail, faults)
    return names


# --- cursor ----------------------------------------------------------------------------------------------------------


def _page(request: Request, items: list[dict[str, Any]], log: str, offsets: Offsets) -> Response:
    return page_response(request, items, _format_cursor(log, offsets), cursor_name="after")


def _format_cursor(log: str, offsets: Offsets) -> str:
    by_topic: dict[str, dict[str, int]] = {}
    for partition, offset in sorted(offsets.items()):
        if offset:
            by_topic.setdefault(partition.topic, {})[str(partition.partition)] = offset
    return urlsafe_b64encode(zlib.compress(orjson.dumps([log, by_topic]), 9)).decode().rstrip("=")


def _parse_cursor(after: str | None, log: str) -> Offsets:
    """Raises ProblemError 400 for an invalid cursor and for one of another log, where its offsets have no meaning."""
    if after is None:
        return {}
    try:
        unpacker = zlib.decompressobj()
        unpacked = unpacker.decompress(urlsafe_b64decode(after + "=" * (-len(after) % 4)), MAX_CURSOR_BYTES)
        name, by_topic = orjson.loads(unpacked)
        offsets = {TopicPartition(topic, int(partition)): offset for topic, partitions in by_topic.items()
                   for partition, offset in partitions.items()}
    except (ValueError, TypeError, AttributeError, zlib.error):
        name, offsets = "", {}
    valid = all(type(offset) is int and 0 <= offset < 2**63 and 0 <= partition.partition < 2**31
                for partition, offset in offsets.items())
    if name != log or not valid:
        raise ProblemError(400, "bad_cursor", "The cursor belongs to another log; start without it, or with `latest`.")
    return offsets
