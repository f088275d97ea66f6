"""The command: the history as fast as the log takes it, then the present, paced by the clock."""
import asyncio
import contextlib
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

import orjson
from rich.console import Console

from chassis.domain.definitions import read_directory
from chassis.messages.codec import from_builtins
from chassis.messages.envelope import encode, format_time
from chassis.ports import Bus, BusUnavailable, Outgoing
from chassis.runtime.host import open_bus
from chassis.support.clock import utc_now
from chassis.support.settings import Settings
from contracts.topics import TOPICS
from services.pipeline.definitions.compiler import compile_book
from services.pipeline.service import SERVICE as PIPELINE
from tools.simulation.company import SOURCE, Company, Happening

CHUNK = 100
PATIENCE = 60
NOBODY_HEARS = 5.0  # seconds in which no event was taken in


def company(settings: Settings, *, seed: int, until: datetime, history_days: int) -> Company:
    """The same seed, end and definitions give the same company."""
    start = datetime.combine((until - timedelta(days=history_days)).date(), datetime.min.time(), UTC)
    return Company(seed, start, until, compile_book(read_directory(settings.definitions)))


def run_simulation(
    settings: Settings, *, seed: int, until: str | None, history_days: int, speed: float, out_file: Path | None,
    console: Console,
) -> int:
    end = instant(until) if until else utc_now().replace(microsecond=0)
    made = company(settings, seed=seed, until=end, history_days=history_days)
    if out_file is not None:
        written = _write(history(made), out_file)
        console.print(f"{written:,} events from {made.start:%Y-%m-%d} to {end:%Y-%m-%d %H:%M} are in {out_file}.")
        return 0
    sent = asyncio.run(_publish(settings, made, speed))
    console.print(f"The simulated company has published {sent:,} events.")
    return 0


def instant(text: str) -> datetime:
    """A time without an offset is UTC, not the machine's: the same words give the same company everywhere."""
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def history(made: Company) -> Iterator[Happening]:
    for happening in made.happenings():
        if happening.time > made.until:
            return
        yield happening


def _write(happenings: Iterator[Happening], path: Path) -> int:
    n = 0
    with path.open("wb") as file:
        for h in happenings:
            n += 1
            file.write(orjson.dumps({"specversion": "1.0", "type": h.type, "source": SOURCE, "id": h.id,
                                     "time": format_time(h.time), "data": h.data}) + b"\n")
    return n


async def _publish(settings: Settings, made: Company, speed: float) -> int:
    bus = open_bus(settings)
    await bus.start()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(ValueError, NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    try:
        await bus.ensure_topics({t.name: t.partitions for t in TOPICS.values()})
        return await live(bus, made, speed, stop)
    finally:
        await bus.stop()


async def live(bus: Bus, made: Company, speed: float, stop: asyncio.Event) -> int:
    """First what lies before `until`; then, with a speed (simulated days per hour), one happening after the other.

    Live events carry the time they are due by our clock, so that the present of the simulated company is ours, and a
    restart says the same again.
    """
    stream = made.happenings()
    hearer = Hearer(bus)
    sent = 0
    pending: list[Outgoing] = []
    first: Happening | None = None
    for happening in stream:
        if happening.time > made.until:
            first = happening
            break
        pending.append(outgoing(happening, happening.time))
        if len(pending) >= CHUNK:
            sent += await _send(bus, pending, stop)
            pending = []
            await hearer.wait(stop)
            if stop.is_set():
                return sent
    sent += await _send(bus, pending, stop)
    for happening in chain([first], stream) if speed and first and not stop.is_set() else ():
        due = made.until + (happening.time - made.until) / (speed * 24)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), max(0.0, (due - utc_now()).total_seconds()))
        if stop.is_set():
            break
        sent += await _send(bus, [outgoing(happening, due)], stop)
    return sent


class Hearer:
    """Waits until pipeline has taken in what was told, so that it hears the past as it was lived.

    Activities and requests lie on different topics, and a service that has much of both before it may hear a request
    before the visit that it needs. Where nobody hears, nobody is waited for.
    """

    def __init__(self, bus: Bus) -> None:
        self.bus, self.there = bus, True

    async def wait(self, stop: asyncio.Event) -> None:
        left, since = await self._left(), time.monotonic()
        while self.there and left and not stop.is_set():
            await asyncio.sleep(0.01)
            now = await self._left()
            if now < left:
                left, since = now, time.monotonic()
            self.there = time.monotonic() - since < NOBODY_HEARS

    async def _left(self) -> int:
        if not self.there:
            return 0
        ends = await self.bus.end_offsets(PIPELINE.topics)
        taken = await self.bus.committed(f"triptych.{PIPELINE.name}", PIPELINE.topics)
        return sum(end - taken.get(place, 0) for place, end in ends.items())


async def _send(bus: Bus, messages: list[Outgoing], stop: asyncio.Event) -> int:
    """Again while the log is away for a moment: ids are stable, so a second sending is a repeat."""
    for attempt in range(PATIENCE):
        try:
            await bus.publish(messages)
        except BusUnavailable:
            if attempt == PATIENCE - 1 or stop.is_set():
                raise
            await asyncio.sleep(1)
        else:
            return len(messages)
    return 0


def outgoing(happening: Happening, time: datetime) -> Outgoing:
    return encode(from_builtins(happening.type, happening.data), id=happening.id, source=SOURCE, time=time)


def run_again(settings: Settings, *, seed: int, history_days: int, speed: float, console: Console) -> None:
    """The company of a data directory: its beginning is remembered, so a restart tells the same story and goes on."""
    mark = settings.data_dir / "simulation.json"
    if mark.exists():
        told = orjson.loads(mark.read_bytes())
    else:
        told = {"seed": seed, "history_days": history_days, "until": utc_now().isoformat(timespec="seconds")}
        mark.write_bytes(orjson.dumps(told))
    run_simulation(settings, seed=told["seed"], until=told["until"], history_days=told["history_days"], speed=speed,
                   out_file=None, console=console)
