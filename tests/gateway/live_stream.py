"""Client of the live stream: an open request and the events received so far."""
import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.adapters.waiting import until
from tests.gateway.harness import GatewayHarness


@dataclass
class LiveStream:
    """One open request, sent to the ASGI application directly: an HTTP client would wait for its end."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def events(self) -> list[dict[str, Any]]:
        found = []
        for block in self.text.split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.splitlines() if line.partition(": ")[0] and ": " in line)
            if "data" in lines:
                found.append({"event": lines["event"], "id": lines.get("id"), **json.loads(lines["data"])})
        return found

    def of(self, channel: str, kind: str = "delta") -> list[dict[str, Any]]:
        return [e for e in self.events if e.get("channel") == channel and e["event"] == kind]

    async def until(self, condition: Any, description: str) -> None:
        await until(condition, description)


@asynccontextmanager
async def open_stream(
    harness: GatewayHarness, channels: str, cookie: str = "", **headers: str,
) -> AsyncIterator[LiveStream]:
    stream, closed = LiveStream(), asyncio.Event()
    headers_sent = {"host": "127.0.0.1:8080", **({"cookie": cookie} if cookie else {}), **headers}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": "/v1/live", "raw_path": b"/v1/live", "query_string": f"channels={channels}".encode(),
        "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in headers_sent.items()],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8080), "root_path": ""}
    requested = False

    async def receive() -> dict[str, Any]:
        nonlocal requested
        if not requested:
            requested = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await closed.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            stream.status = message["status"]
            stream.headers = {k.decode(): v.decode() for k, v in message["headers"]}
        else:
            stream.text += message.get("body", b"").decode()

    async def serve() -> None:
        await harness.gateway.asgi(scope, receive, send)
        stream.done.set()

    task = asyncio.create_task(serve())
    try:
        await stream.until(lambda: stream.done.is_set() or "\n\n" in stream.text, "the stream has started")
        yield stream
    finally:
        closed.set()
        await asyncio.wait_for(task, 5)
