"""Publishes the events of an import, by the public API or directly to the log, and waits for their processing."""
import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Protocol

import httpx

from chassis.messages.envelope import RejectedMessage, decode_structured, forward
from chassis.ports import Bus
from chassis.support.clock import utc_now
from tools.client import Unreachable
from tools.csv_import.rows import Event, Rejection, Tally

MAX_EVENTS = 1000
MAX_BYTES = 6 * 1024 * 1024
RETRY_SECONDS = 60.0  # after the first response, the system may be restarting
FIRST_RETRY_SECONDS = 6.0  # before the first response, there may be no system


class Sink(Protocol):
    async def take(self, chunk: Sequence[Event]) -> list[Rejection]: ...

    async def settle(self, patience: float) -> bool: ...


class ApiSink:
    """`POST /v1/events` of a running system."""

    def __init__(self, address: str, headers: Mapping[str, str] | None = None) -> None:
        self.client = httpx.AsyncClient(base_url=address, timeout=60, trust_env=False, headers=headers)
        self._connected = False

    async def take(self, chunk: Sequence[Event]) -> list[Rejection]:
        response = await self._post([e.body for e in chunk])
        if response.status_code == 202:
            return []
        if response.status_code not in (207, 400):
            raise Unreachable(f"The API answered {response.status_code}: {response.text[:300]}")
        results = response.json().get("items", [])
        return [Rejection(chunk[v["index"]].file, chunk[v["index"]].line, v["problem"]["code"], _reason(v["problem"]))
                for v in results if v["status"] == 400]

    async def _post(self, bodies: list[dict[str, object]]) -> httpx.Response:
        """Retries while the API is briefly unavailable: ids are stable, so a retry is a repeat."""
        end = time.monotonic() + (RETRY_SECONDS if self._connected else FIRST_RETRY_SECONDS)
        while True:
            try:
                response = await self.client.post("/v1/events", json=bodies)
            except httpx.TransportError as error:
                if time.monotonic() > end:
                    raise Unreachable(f"No system answers at {self.client.base_url}: {error}. "
                                      "Start one with `triptych up`, or import with --bus.") from None
            else:
                self._connected = True
                if response.status_code not in (502, 503, 504) or time.monotonic() > end:
                    return response
            await asyncio.sleep(0.5)

    async def settle(self, patience: float) -> bool:
        """Waits until the lag of all services is zero three times in a row; False after `patience` seconds."""
        end = time.monotonic() + patience
        idle_reads = 0
        while time.monotonic() < end:
            idle_reads = idle_reads + 1 if await self._is_idle() else 0
            if idle_reads >= 3:
                return True
            await asyncio.sleep(0.2)
        return False

    async def _is_idle(self) -> bool:
        try:
            response = await self.client.get("/v1/lag")
        except httpx.TransportError:
            return False
        return response.status_code == 200 and response.json()["total"] == 0


class LogSink:
    """Publishes directly to the log: for a large first load, or without a running gateway."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus

    async def take(self, chunk: Sequence[Event]) -> list[Rejection]:
        now = utc_now()
        checked = [(e, decode_structured(e.body, now=now)) for e in chunk]
        await self.bus.publish([forward(m) for _, m in checked if not isinstance(m, RejectedMessage)])
        return [Rejection(e.file, e.line, m.code, m.message) for e, m in checked if isinstance(m, RejectedMessage)]

    async def settle(self, patience: float) -> bool:
        return True


def _reason(problem: dict[str, object]) -> str:
    errors = problem.get("errors") or []
    assert isinstance(errors, list)
    return "; ".join(f"{e['pointer'] or '/'}: {e['message']}" for e in errors) or str(problem.get("detail", ""))


async def send(events: Iterable[Event], sink: Sink, tally: Tally, progress: Callable[[int], None]) -> None:
    """Sends in batches and in order: events of one key stay in the order of the file."""
    for chunk in chunks(iter(events)):
        rejected = await sink.take(chunk)
        tally.rejected += rejected
        tally.sent += len(chunk) - len(rejected)
        progress(len(chunk))


def chunks(events: Iterator[Event]) -> Iterator[list[Event]]:
    while chunk := list(islice(events, MAX_EVENTS)):
        yield from _by_size(chunk)


def _by_size(chunk: list[Event]) -> Iterator[list[Event]]:
    """Splits a batch until the request stays well below the size limit of the API."""
    if len(chunk) > 1 and sum(len(repr(e.body)) for e in chunk) > MAX_BYTES:
        half = len(chunk) // 2
        yield from _by_size(chunk[:half])
        yield from _by_size(chunk[half:])
    else:
        yield chunk
