"""A live stream as a browser would hold it open."""
import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.adapters.waiting import until
from tests.gateway.town import Town


@dataclass
class Stream:
    """One open request, spoken to the app itself: a client library would wait for its end."""

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

    async def until(self, holds: Any, what: str) -> None:
        async def now() -> bool:
            return bool(holds())

        await until(now, what)


@asynccontextmanager
async def opened(home: Town, channels: str, cookie: str = "", **headers: str) -> AsyncIterator[Stream]:
    stream, left = Stream(), asyncio.Event()
    sent = {"host": "127.0.0.1:8080", **({"cookie": cookie} if cookie else {}), **headers}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": "/v1/live", "raw_path": b"/v1/live", "query_string": f"channels={channels}".encode(),
        "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in sent.items()],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8080), "root_path": ""}
    begun = False

    async def receive() -> dict[str, Any]:
        nonlocal begun
        if not begun:
            begun = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            stream.status = message["status"]
            stream.headers = {k.decode(): v.decode() for k, v in message["headers"]}
        else:
            stream.text += message.get("body", b"").decode()

    async def whole() -> None:
        await home.app(scope, receive, send)
        stream.done.set()

    task = asyncio.create_task(whole())
    try:
        await stream.until(lambda: stream.done.is_set() or "\n\n" in stream.text, "the stream has begun")
        yield stream
    finally:
        left.set()
        await asyncio.wait_for(task, 5)
