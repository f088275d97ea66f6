"""The simulation command: publishes the history at full speed, then the present, paced by the clock."""
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
from tools.simulation.company import SOURCE, Company, SimulatedEvent

CHUNK = 100
MAX_ATTEMPTS = 60
NO_PROGRESS_SECONDS = 5.0  # without progress, no consumer is assumed to run


def company(settings: Settings, *, seed: int, until: datetime, history_days: int) -> Company:
    """The same seed, end and definitions give the same company."""
    start = datetime.combine((until - timedelta(days=history_days)).date(), datetime.min.time(), UTC)
    return Company(seed, start, until, compile_book(read_directory(settings.definitions)))


def run_simulation(
    settings: Settings, *, seed: int, until: str | None, history_days: int, speed: float, out_file: Path | None,
    console: Console,
) -> int:
    end = instant(until) if until else utc_now().replace(microsecond=0)
    simulated = company(settings, seed=seed, until=end, history_days=history_days)
    if out_file is not None:
        written = _write(history(simulated), out_file)
        console.print(f"{written:,} events from {simulated.start:%Y-%m-%d} to {end:%Y-%m-%d %H:%M} are in {out_file}.")
        return 0
    sent = asyncio.run(_publish(settings, simulated, speed))
    console.print(f"The simulated company has published {sent:,} events.")
    return 0


def instant(text: str) -> datetime:
    """A time without an offset is UTC, not the machine's: the same text gives the same company everywhere."""
    time = datetime.fromisoformat(text)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)


def history(company: Company) -> Iterator[SimulatedEvent]:
    for event in company.events():
        if event.time > company.until:
            return
        yield event


def _write(events: Iterator[SimulatedEvent], path: Path) -> int:
    n = 0
    with path.open("wb") as file:
        for h in events:
            n += 1
            file.write(orjson.dumps({"specversion": "1.0", "type": h.type, "source": SOURCE, "id": h.id,
                                     "time": format_time(h.time), "data": h.data}) + b"\n")
    return n


async def _publish(settings: Settings, company: Company, speed: float) -> int:
    bus = open_bus(settings)
    await bus.start()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(ValueError, NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    try:
        await bus.ensure_topics({t.name: t.partitions for t in TOPICS.values()})
        return await live(bus, company, speed, stop)
    finally:
        await bus.stop()


async def live(bus: Bus, company: Company, speed: float, stop: asyncio.Event) -> int:
    """Publishes the events before `until`; then, with a speed (simulated days per hour), the later ones at their time.

    Live events carry the time at which they are due by the real clock, so a restart publishes the same events again.
    """
    stream = company.events()
    progress = PipelineProgress(bus)
    sent = 0
    pending: list[Outgoing] = []
    first: SimulatedEvent | None = None
    for event in stream:
        if event.time > company.until:
            first = event
            break
        pending.append(outgoing(event, event.time))
        if len(pending) >= CHUNK:
            sent += await _send(bus, pending, stop)
            pending = []
            await progress.wait(stop)
            if stop.is_set():
                return sent
    sent += await _send(bus, pending, stop)
    for event in chain([first], stream) if speed and first and not stop.is_set() else ():
        due = company.until + (event.time - company.until) / (speed * 24)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), max(0.0, (due - utc_now()).total_seconds()))
        if stop.is_set():
            break
        sent += await _send(bus, [outgoing(event, due)], stop)
    return sent


class PipelineProgress:
    """Waits until the pipeline service has processed the published history, so that it sees events in their order.

    Activities and requests are on different topics; with a large backlog a request could be processed before the visit
    that it requires. Without a running consumer there is no waiting.
    """

    def __init__(self, bus: Bus) -> None:
        self.bus, self.consuming = bus, True

    async def wait(self, stop: asyncio.Event) -> None:
        lag, since = await self._lag(), time.monotonic()
        while self.consuming and lag and not stop.is_set():
            await asyncio.sleep(0.01)
            now = await self._lag()
            if now < lag:
                lag, since = now, time.monotonic()
            self.consuming = time.monotonic() - since < NO_PROGRESS_SECONDS

    async def _lag(self) -> int:
        if not self.consuming:
            return 0
        ends = await self.bus.end_offsets(PIPELINE.topics)
        committed = await self.bus.committed(f"triptych.{PIPELINE.name}", PIPELINE.topics)
        return sum(end - committed.get(partition, 0) for partition, end in ends.items())


async def _send(bus: Bus, messages: list[Outgoing], stop: asyncio.Event) -> int:
    """Retries while the log is briefly unavailable: ids are stable, so a second publish is a repeat."""
    for attempt in range(MAX_ATTEMPTS):
        try:
            await bus.publish(messages)
        except BusUnavailable:
            if attempt == MAX_ATTEMPTS - 1 or stop.is_set():
                raise
            await asyncio.sleep(1)
        else:
            return len(messages)
    return 0


def outgoing(event: SimulatedEvent, time: datetime) -> Outgoing:
    return encode(from_builtins(event.type, event.data), id=event.id, source=SOURCE, time=time)


def resume_simulation(settings: Settings, *, seed: int, history_days: int, speed: float, console: Console) -> None:
    """Resumes the simulation of a data directory: its parameters are stored there, so a restart repeats its events."""
    mark = settings.data_dir / "simulation.json"
    if mark.exists():
        parameters = orjson.loads(mark.read_bytes())
    else:
        parameters = {"seed": seed, "history_days": history_days, "until": utc_now().isoformat(timespec="seconds")}
        mark.write_bytes(orjson.dumps(parameters))
    run_simulation(settings, seed=parameters["seed"], until=parameters["until"],
                   history_days=parameters["history_days"], speed=speed, out_file=None, console=console)
