"""`GET /v1/events`: what was said, told again from any place on, for systems without Kafka: each event once.

The cursor is the next offset of every partition that was ever asked: per key events come in their order, between keys
about in the order in which the log took them.
"""
import hashlib
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from chassis.http.routing import Fault, Problem, page
from chassis.messages.envelope import Message, decode
from chassis.ports import Bus, Record, TopicPartition
from contracts.kinds import BY_NAME
from services.gateway.auth.caller import Caller
from services.gateway.schemas import ToldEvents

LATEST = "latest"
MOST = 500
LONGEST = 4000
LARGEST = 64 * 1024  # bytes of a cursor that is unpacked
ROUNDS = 20  # times of reading on before an empty page is answered
PUBLIC = {name: kind for name, kind in BY_NAME.items() if ".internal." not in kind.topic}
Places = dict[TopicPartition, int]


def router(bus: Bus) -> APIRouter:
    routes = APIRouter(tags=["events"])

    @routes.get("/v1/events", response_model=ToldEvents,
                summary="What was said, from a place on: a feed to be replayed")
    async def told(
        request: Request, types: Annotated[str | None, Query(max_length=LONGEST)] = None,
        after: Annotated[str | None, Query(max_length=LONGEST)] = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    ) -> Response:
        """`types`: with commas; all without. `after`: `next` of an answer before, or `latest` to begin with what comes;
        from the beginning without. `next` is always there: ask with it again, later too. A page may hold fewer."""
        caller: Caller = request.state.caller
        if not caller.scope("events:read").all:
            raise Problem(403, "outside_scope", "The feed has everybody's events: it is for who may see all of them.")
        wanted = _types(types)
        topics = list(dict.fromkeys(kind.topic for name, kind in PUBLIC.items() if name in wanted))
        log = hashlib.sha256((await bus.identity()).encode()).hexdigest()[:8]
        ends = await bus.end_offsets(topics)
        if after == LATEST:
            return _answered(request, [], log, dict(ends))
        at = _read(after, log)
        begins = await bus.begin_offsets(topics)
        for place, begin in begins.items():
            at[place] = max(at.get(place, 0), begin)
        items: list[dict[str, Any]] = []
        for _ in range(ROUNDS):
            records = await _some(bus, at, ends, limit)
            items = [made for record in records if (made := _event(record, wanted)) is not None]
            if items or not records:
                break
        return _answered(request, items, log, at)

    return routes


async def _some(bus: Bus, at: Places, ends: Mapping[TopicPartition, int], limit: int) -> list[Record]:
    """At most so many of what waits, fairly from each partition; `at` goes past them."""
    waiting = [place for place, end in sorted(ends.items()) if at.get(place, 0) < end][:limit]
    found: list[Record] = []
    for place in waiting:
        records = await bus.read(place, at.get(place, 0), max(1, limit // len(waiting)))
        records = [r for r in records if r.offset < ends[place]]
        at[place] = records[-1].offset + 1 if records else ends[place]
        found += records
    return sorted(found, key=lambda r: (r.timestamp_ms, r.topic, r.partition, r.offset))


def _event(record: Record, wanted: Sequence[str]) -> dict[str, Any] | None:
    """As it was said, unknown fields included; None for what is no event of ours, or not asked for."""
    message = decode(record)
    headers = {n.removeprefix("ce_"): v.decode("utf-8", "replace") for n, v in record.headers if n.startswith("ce_")}
    if not isinstance(message, Message) or headers.get("type") not in wanted:
        return None
    return {**headers, "datacontenttype": "application/json", "data": orjson.loads(record.value or b"null")}


def _types(text: str | None) -> Sequence[str]:
    if text is None:
        return list(PUBLIC)
    names = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    faults = [Fault("unknown_type", "/query/types", f"There is no event type {n[:200]!r}.") for n in names
              if n not in PUBLIC]
    if faults or not names:
        raise Problem(422, "invalid", faults[0].message if faults else "Name the types with commas.", faults)
    return names


# --- the cursor ------------------------------------------------------------------------------------------------------


def _answered(request: Request, items: list[dict[str, Any]], log: str, at: Places) -> Response:
    return page(request, items, _written(log, at), cursor_name="after")


def _written(log: str, at: Places) -> str:
    offsets: dict[str, dict[str, int]] = {}
    for place, offset in sorted(at.items()):
        if offset:
            offsets.setdefault(place.topic, {})[str(place.partition)] = offset
    return urlsafe_b64encode(zlib.compress(orjson.dumps([log, offsets]), 9)).decode().rstrip("=")


def _read(after: str | None, log: str) -> Places:
    """Raises Problem 400 for what is no cursor of ours, or of another log: its places would lie elsewhere there."""
    if after is None:
        return {}
    try:
        packed = zlib.decompressobj()
        name, offsets = orjson.loads(packed.decompress(urlsafe_b64decode(after + "=" * (-len(after) % 4)), LARGEST))
        at = {TopicPartition(topic, int(partition)): offset for topic, held in offsets.items()
              for partition, offset in held.items()}
    except (ValueError, TypeError, AttributeError, zlib.error):
        name, at = "", {}
    fits = all(type(offset) is int and 0 <= offset < 2**63 and 0 <= place.partition < 2**31
               for place, offset in at.items())
    if name != log or not fits:
        raise Problem(400, "bad_cursor", "This place is not one of this log: begin anew, or with `latest`.")
    return at
