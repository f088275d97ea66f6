"""The route `GET /v1/live`: server-sent events `snapshot` and `delta`, comments as heartbeat, ids to resume from."""
import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response, StreamingResponse

from chassis.http.problems import ProblemError
from chassis.ports import Bus
from chassis.support.settings import Settings
from services.gateway.auth.caller import Caller
from services.gateway.auth.identification import Authenticator
from services.gateway.stream.feed import LiveFeed
from services.gateway.stream.positions import missed_keys
from services.gateway.stream.subscription import (
    OPPORTUNITIES,
    LiveChannel,
    LiveMessage,
    LiveSubscription,
    parse_channels,
)

HEARTBEAT_SECONDS = 15.0
REAUTHENTICATE_SECONDS = 30.0
MAX_STREAMS = 200
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


class LiveStreams:
    """The open streams of this process. `stop` ends them, so that shutdown does not wait for their clients."""

    def __init__(self, settings: Settings, bus: Bus, feed: LiveFeed, authenticator: Authenticator) -> None:
        self._settings, self._bus, self._feed, self._authenticator = settings, bus, feed, authenticator
        self._open: Counter[str] = Counter()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        self._stopping.set()
        self._feed.wake_all()

    def router(self) -> APIRouter:
        routes = APIRouter(tags=["live"])

        @routes.get("/v1/live", summary="Changes as they happen (server-sent events)", response_class=Response,
                    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}})
        async def live(
            request: Request, channels: Annotated[str, Query(max_length=2000)],
            last_event_id: Annotated[str | None, Header(max_length=500)] = None,
        ) -> Response:
            """`channels`: `opportunities`, `worklist[:rep]`, `kpis:<measure>`, separated by commas. A snapshot of each,
            then deltas; with `Last-Event-ID` only the deals changed since, instead of their snapshot."""
            caller: Caller = request.state.caller
            parsed = parse_channels(channels, caller)
            self._admit(caller)
            try:
                subscription = await self._feed.subscribe(parsed)
                first = await self._first_messages(subscription, last_event_id)
            except BaseException:
                self._release(caller)
                raise
            return StreamingResponse(self._events(request, caller, subscription, first), headers=HEADERS,
                                     media_type="text/event-stream")

        return routes

    def _admit(self, caller: Caller) -> None:
        limit = self._settings.live_streams
        if self._open[caller.principal] >= limit or self._open.total() >= MAX_STREAMS:
            raise ProblemError(429, "too_many_streams", f"At most {limit} live streams at the same time are allowed.",
                               headers={"Retry-After": "10"})
        self._open[caller.principal] += 1

    def _release(self, caller: Caller) -> None:
        self._open[caller.principal] -= 1
        self._open += Counter()  # removes zeros

    async def _first_messages(self, subscription: LiveSubscription, last: str | None) -> list[LiveMessage]:
        """Snapshots, or the missed deltas. Before the response starts, so that an error still has a status code."""
        messages: list[LiveMessage] = []
        for channel in subscription.channels:
            missed = await self._missed(subscription, channel, last) if channel.kind == OPPORTUNITIES else None
            messages += [await self._feed.snapshot(subscription, channel)] if missed is None else missed
        return messages

    async def _missed(
        self, subscription: LiveSubscription, channel: LiveChannel, last: str | None,
    ) -> list[LiveMessage] | None:
        """Deltas since the position `last`; None when they are not known completely, so a snapshot is needed."""
        assert self._feed.positions is not None
        since = self._feed.positions.parse(last)
        ids = None if since is None else await missed_keys(self._bus, since)
        if ids is None:
            return None
        at = self._feed.position()
        items = await self._feed.deals(ids)
        deltas = [delta for id in ids
                  if (delta := self._feed.delta(subscription, channel, id, items.get(id), None)) is not None]
        if len(deltas) < len(ids):  # a deal out of scope now may have been visible before: only a snapshot shows that
            return None
        return [LiveMessage("delta", delta, at) for delta in deltas]

    async def _events(
        self, request: Request, caller: Caller, subscription: LiveSubscription, first: list[LiveMessage],
    ) -> AsyncIterator[bytes]:
        try:
            yield b"retry: 2000\n\n"
            for message in first:
                yield to_event(message)
            authenticated_at = time.monotonic()
            while not self._stopping.is_set():
                messages, overflowed = await subscription.receive(HEARTBEAT_SECONDS)
                if time.monotonic() - authenticated_at > REAUTHENTICATE_SECONDS:
                    authenticated_at = time.monotonic()
                    if not await self._is_unchanged(request, caller):
                        yield b"event: bye\ndata: {\"reason\":\"signed_out\"}\n\n"
                        return
                if overflowed:
                    messages = [await self._feed.snapshot(subscription, channel) for channel in subscription.channels]
                for message in messages:
                    yield to_event(message)
                if not messages:
                    yield b": beat\n\n"
        finally:
            self._feed.unsubscribe(subscription)
            self._release(caller)

    async def _is_unchanged(self, request: Request, caller: Caller) -> bool:
        """Whether the credential still gives the same rights. Otherwise the stream ends and the client reconnects."""
        try:
            return await self._authenticator.caller(request.headers) == caller
        except ProblemError:
            return False


def to_event(message: LiveMessage) -> bytes:
    parts = [f"event: {message.event}\n".encode()]
    if message.id is not None:
        parts.append(f"id: {message.id}\n".encode())
    return b"".join([*parts, b"data: ", orjson.dumps(message.data), b"\n\n"])
