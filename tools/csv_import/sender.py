"""Publishes the events of an import, through the public API or directly to the log, and waits until they count."""
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

CHUNK = 1000
BYTES = 6 * 1024 * 1024
PATIENCE = 60.0  # a system that has answered before may be starting again
FIRST_PATIENCE = 6.0  # one that never has may not be there at all


class Sink(Protocol):
    async def take(self, chunk: Sequence[Event]) -> list[Rejection]: ...

    async def settle(self, patience: float) -> bool: ...


class ApiSink:
    """`POST /v1/events` of a running system."""

    def __init__(self, address: str, headers: Mapping[str, str] | None = None) -> None:
        self.client = httpx.AsyncClient(base_url=address, timeout=60, trust_env=False, headers=headers)
        self._met = False

    async def take(self, chunk: Sequence[Event]) -> list[Rejection]:
        answer = await self._post([e.body for e in chunk])
        if answer.status_code == 202:
            return []
        if answer.status_code not in (207, 400):
            raise Unreachable(f"The API answered {answer.status_code}: {answer.text[:300]}")
        found = answer.json().get("items", [])
        return [Rejection(chunk[v["index"]].file, chunk[v["index"]].line, v["problem"]["code"], _why(v["problem"]))
                for v in found if v["status"] == 400]

    async def _post(self, bodies: list[dict[str, object]]) -> httpx.Response:
        """Retries while the API is briefly unavailable: ids are stable, so a retry is a repeat."""
        end = time.monotonic() + (PATIENCE if self._met else FIRST_PATIENCE)
        while True:
            try:
                answer = await self.client.post("/v1/events", json=bodies)
            except httpx.TransportError as error:
                if time.monotonic() > end:
                    raise Unreachable(f"No system answers at {self.client.base_url}: {error}. "
                                      "Start one with `triptych up`, or import with --bus.") from None
            else:
                self._met = True
                if answer.status_code not in (502, 503, 504) or time.monotonic() > end:
                    return answer
            await asyncio.sleep(0.5)

    async def settle(self, patience: float) -> bool:
        """Until no service has anything left to process, twice in a row; False when patience runs out."""
        end = time.monotonic() + patience
        quiet = 0
        while time.monotonic() < end:
            quiet = quiet + 1 if await self._quiet() else 0
            if quiet >= 3:
                return True
            await asyncio.sleep(0.2)
        return False

    async def _quiet(self) -> bool:
        try:
            answer = await self.client.get("/v1/lag")
        except httpx.TransportError:
            return False
        return answer.status_code == 200 and answer.json()["total"] == 0


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


def _why(problem: dict[str, object]) -> str:
    errors = problem.get("errors") or []
    assert isinstance(errors, list)
    return "; ".join(f"{e['pointer'] or '/'}: {e['message']}" for e in errors) or str(problem.get("detail", ""))


async def send(events: Iterable[Event], sink: Sink, tally: Tally, progress: Callable[[int], None]) -> None:
    """In order, chunk by chunk: what is of one key stays in the order of the file."""
    for chunk in chunks(iter(events)):
        rejected = await sink.take(chunk)
        tally.rejected += rejected
        tally.sent += len(chunk) - len(rejected)
        progress(len(chunk))


def chunks(events: Iterator[Event]) -> Iterator[list[Event]]:
    while chunk := list(islice(events, CHUNK)):
        yield from _by_size(chunk)


def _by_size(chunk: list[Event]) -> Iterator[list[Event]]:
    """Splits a batch until the request stays well below the size limit of the API."""
    if len(chunk) > 1 and sum(len(repr(e.body)) for e in chunk) > BYTES:
        half = len(chunk) // 2
        yield from _by_size(chunk[:half])
        yield from _by_size(chunk[half:])
    else:
        yield chunk
