"""One service in its own process, as `triptych up` runs it, until it has processed a number of records.

    python -m dev.benchmark.service_process SERVICE RECORDS [LAST [kill|shared]]

Settings come from TRIPTYCH_*; it prints one JSON object.

With LAST other than 0 only the last LAST records are timed. With `kill` it ends by kill -9 while processing.
With `shared` it works until its group has no lag, however many records other members process.
"""
import asyncio
import json
import logging
import os
import resource
import signal
import sys
import time
from pathlib import Path

from chassis.domain.definitions import publish
from chassis.runtime.application import Application
from chassis.runtime.host import configure_logs, load_definitions, open_ports, tune_garbage_collector
from chassis.service.discovery import find_service
from chassis.support.settings import settings

POLL_SECONDS = 0.01  # polling costs time that is not the service's


def processed_records(application: Application) -> float:
    """Number of records committed so far, by the service's own metrics."""
    labelled = [application.metrics.consumed.labels(application.service, topic) for topic in application.topics]
    return float(sum(counter._value.get() for counter in labelled))


async def serve(name: str, records: int, last: int = 0, how: str = "") -> dict[str, float]:
    chosen = settings()
    async with open_ports(chosen) as (bus, store):
        definitions = await publish(store, load_definitions(chosen))
        application = Application(find_service(name), chosen, store, bus, definitions)
        await application.start()
        if how == "shared":
            return await process_shared(application)
        return await process_all(application, records, last, kill=how == "kill")


async def process_shared(application: Application) -> dict[str, float]:
    """Runs until the group has no lag; `began`, `ended`: by the monotonic clock, which all processes share."""
    running = asyncio.create_task(application.run())
    try:
        first = 0.0
        while not first and await _has_lag(application):  # the others may have been faster
            await asyncio.sleep(POLL_SECONDS)
            first = processed_records(application)
        began, cpu = time.monotonic(), time.process_time()
        while await _has_lag(application):  # noqa: ASYNC110 (others work on it too)
            await asyncio.sleep(5 * POLL_SECONDS)
        ended, used = time.monotonic(), time.process_time() - cpu
        result = _result(processed_records(application) - first, ended - began, used)
    finally:
        await application.stop()
        await running
    return result | {"began": began, "ended": ended}


async def process_all(
    application: Application, records: int, last: int = 0, *, kill: bool = False,
) -> dict[str, float]:
    """From the first commit to the last; with `last`, only the last so many records."""
    running = asyncio.create_task(application.run())
    try:
        first = await _wait_for(application, max(1, records - last if last else 1), running)
        began, cpu = time.perf_counter(), time.process_time()
        end = await _wait_for(application, records, running)
        if not last and not kill:
            end = await _wait_until_drained(application, end)
        seconds, used = time.perf_counter() - began, time.process_time() - cpu
        if kill:
            print(json.dumps(_result(end - first, seconds, used)), flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
    finally:
        await application.stop()
        await running
    return _result(end - first, seconds, used)


def _result(records: float, seconds: float, cpu: float) -> dict[str, float]:
    return {"records": records, "seconds": seconds, "cpu_seconds": cpu, "peak_mb": peak_mb()}


def peak_mb() -> float:
    """Peak resident memory. `getrusage` would include the memory of the parent process before `exec`."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)


async def _wait_for(application: Application, records: int, running: "asyncio.Task[None]") -> float:
    while (n := processed_records(application)) < records:
        if running.done():
            running.result()
            raise SystemExit("the service ended before it had processed everything")
        await asyncio.sleep(POLL_SECONDS)
    return n


async def _wait_until_drained(application: Application, end: float) -> float:
    """After a kill some records are processed twice, so the log decides, not the number of records."""
    while await _has_lag(application):
        await asyncio.sleep(POLL_SECONDS)
        end = processed_records(application)
    return end


async def _has_lag(application: Application) -> bool:
    return any((await application.freshness())["lag"].values())


def configure_process(name: str) -> None:
    """Configures logs (to stderr) and garbage collection as a process of a service does."""
    configure_logs(settings(), name)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    tune_garbage_collector()


def main() -> None:
    import uvloop

    name, records, *rest = sys.argv[1:]
    last, how = (*rest, *("0", "")[len(rest):])
    configure_process(name)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(serve(name, int(records), int(last), how))))


if __name__ == "__main__":
    main()
