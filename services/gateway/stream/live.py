"""`GET /v1/live`: server-sent events `snapshot` and `delta`, a comment as heartbeat, ids to go on from."""
import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response, StreamingResponse

from chassis.http.routing import Problem
from chassis.ports import Bus
from chassis.support.settings import Settings
from services.gateway.auth.caller import Caller
from services.gateway.auth.identification import Identifier
from services.gateway.stream.feed import Feed
from services.gateway.stream.listener import OPPORTUNITIES, Channel, Listener, Told, channels_of
from services.gateway.stream.positions import missed

BEAT = 15.0
LOOK_AGAIN = 30.0  # seconds between two looks at whether the credential still holds
MOST = 200
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


class Live:
    """The open streams of this process. `stop` ends them, so that a drain need not wait for their readers."""

    def __init__(self, settings: Settings, bus: Bus, feed: Feed, identifier: Identifier) -> None:
        self._settings, self._bus, self._feed, self._identifier = settings, bus, feed, identifier
        self._open: Counter[str] = Counter()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        self._stopping.set()
        self._feed.wake()

    def router(self) -> APIRouter:
        routes = APIRouter(tags=["live"])

        @routes.get("/v1/live", summary="What changes, as it changes (server-sent events)", response_class=Response,
                    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}})
        async def live(
            request: Request, channels: Annotated[str, Query(max_length=2000)],
            last_event_id: Annotated[str | None, Header(max_length=500)] = None,
        ) -> Response:
            """`channels`: `opportunities`, `worklist[:rep]`, `kpis:<measure>`, with commas. A snapshot of each, then
            deltas; with `Last-Event-ID` only the deals that changed since."""
            caller: Caller = request.state.caller
            asked = channels_of(channels, caller)
            self._admit(caller)
            try:
                listener = await self._feed.join(asked)
                first = await self._first(listener, last_event_id)
            except BaseException:
                self._release(caller)
                raise
            return StreamingResponse(self._events(request, caller, listener, first), headers=HEADERS,
                                     media_type="text/event-stream")

        return routes

    def _admit(self, caller: Caller) -> None:
        most = self._settings.live_streams
        if self._open[caller.principal] >= most or self._open.total() >= MOST:
            raise Problem(429, "too_many_streams", f"At most {most} live streams at the same time.",
                          headers={"Retry-After": "10"})
        self._open[caller.principal] += 1

    def _release(self, caller: Caller) -> None:
        self._open[caller.principal] -= 1
        self._open += Counter()  # those at zero are dropped

    async def _first(self, listener: Listener, last: str | None) -> list[Told]:
        """What stands, or what was missed. Before the first byte, so that a fault is still an answer with a status."""
        told: list[Told] = []
        for channel in listener.channels:
            since = await self._since(listener, channel, last) if channel.kind == OPPORTUNITIES else None
            told += [await self._feed.snapshot(listener, channel)] if since is None else since
        return told

    async def _since(self, listener: Listener, channel: Channel, last: str | None) -> list[Told] | None:
        """None: it cannot be told what was missed, so a snapshot must do."""
        assert self._feed.positions is not None
        heard = self._feed.positions.read(last)
        ids = None if heard is None else await missed(self._bus, heard)
        if ids is None:
            return None
        at = self._feed.position()
        items = await self._feed.deals(ids)
        made = [m for id in ids if (m := self._feed.delta(listener, channel, id, items.get(id), None)) is not None]
        if len(made) < len(ids):  # one that is not seen now may have been seen before: only a whole list tells so
            return None
        return [Told("delta", m, at) for m in made]

    async def _events(
        self, request: Request, caller: Caller, listener: Listener, first: list[Told],
    ) -> AsyncIterator[bytes]:
        try:
            yield b"retry: 2000\n\n"
            for told in first:
                yield written(told)
            looked = time.monotonic()
            while not self._stopping.is_set():
                found, overrun = await listener.take(BEAT)
                if time.monotonic() - looked > LOOK_AGAIN:
                    looked = time.monotonic()
                    if not await self._still(request, caller):
                        yield b"event: bye\ndata: {\"reason\":\"signed_out\"}\n\n"
                        return
                if overrun:
                    found = [await self._feed.snapshot(listener, channel) for channel in listener.channels]
                for told in found:
                    yield written(told)
                if not found:
                    yield b": beat\n\n"
        finally:
            self._feed.leave(listener)
            self._release(caller)

    async def _still(self, request: Request, caller: Caller) -> bool:
        """Whether the same credential still gives the same rights: otherwise the browser comes again, and is asked."""
        try:
            return await self._identifier.caller(request.headers) == caller
        except Problem:
            return False


def written(told: Told) -> bytes:
    parts = [f"event: {told.event}\n".encode()]
    if told.id is not None:
        parts.append(f"id: {told.id}\n".encode())
    return b"".join([*parts, b"data: ", _json(told.data), b"\n\n"])


def _json(data: Mapping[str, Any]) -> bytes:
    return orjson.dumps(data)
