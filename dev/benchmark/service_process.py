"""One service in a process of its own, as `triptych up` runs it, until it has taken a number of records.

    python -m dev.benchmark.service_process SERVICE RECORDS [LAST [kill|shared]]

Settings come from TRIPTYCH_*; it prints one JSON object.

With LAST other than 0 only the last so many records are timed. With `kill` it ends by kill -9 in the midst of its work.
With `shared` it works until its group has nothing left, however much of that others have taken.
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

LOOK_SECONDS = 0.01  # looking costs time that is not the service's


def taken(application: Application) -> float:
    """Records committed so far, as the service's own metrics tell it."""
    labelled = [application.metrics.consumed.labels(application.service, topic) for topic in application.topics]
    return float(sum(counter._value.get() for counter in labelled))


async def serve(name: str, records: int, last: int = 0, how: str = "") -> dict[str, float]:
    chosen = settings()
    async with open_ports(chosen) as (bus, store):
        definitions = await publish(store, load_definitions(chosen))
        application = Application(find_service(name), chosen, store, bus, definitions)
        await application.start()
        if how == "shared":
            return await taken_with_others(application)
        return await taken_all(application, records, last, kill=how == "kill")


async def taken_with_others(application: Application) -> dict[str, float]:
    """Until nothing is left; `began` and `ended` by a clock that all processes of a machine have in common."""
    running = asyncio.create_task(application.run())
    try:
        first = 0.0
        while not first and await _left(application):  # the others may have been faster
            await asyncio.sleep(LOOK_SECONDS)
            first = taken(application)
        began, cpu = time.monotonic(), time.process_time()
        while await _left(application):  # noqa: ASYNC110 (others work on it too)
            await asyncio.sleep(5 * LOOK_SECONDS)
        ended, used = time.monotonic(), time.process_time() - cpu
        found = _found(taken(application) - first, ended - began, used)
    finally:
        await application.stop()
        await running
    return found | {"began": began, "ended": ended}


async def taken_all(
    application: Application, records: int, last: int = 0, *, kill: bool = False,
) -> dict[str, float]:
    """From the first commit to the last; with `last`, only the last so many records."""
    running = asyncio.create_task(application.run())
    try:
        first = await _at_least(application, max(1, records - last if last else 1), running)
        began, cpu = time.perf_counter(), time.process_time()
        end = await _at_least(application, records, running)
        if not last and not kill:
            end = await _to_the_end(application, end)
        seconds, used = time.perf_counter() - began, time.process_time() - cpu
        if kill:
            print(json.dumps(_found(end - first, seconds, used)), flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
    finally:
        await application.stop()
        await running
    return _found(end - first, seconds, used)


def _found(records: float, seconds: float, cpu: float) -> dict[str, float]:
    return {"records": records, "seconds": seconds, "cpu_seconds": cpu, "peak_mb": peak_mb()}


def peak_mb() -> float:
    """Resident memory at the most. `getrusage` would count the memory of who started us, before we became ourselves."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)


async def _at_least(application: Application, records: int, running: "asyncio.Task[None]") -> float:
    while (n := taken(application)) < records:
        if running.done():
            running.result()
            raise SystemExit("the service ended before it had taken everything")
        await asyncio.sleep(LOOK_SECONDS)
    return n


async def _to_the_end(application: Application, end: float) -> float:
    """After a kill some records are taken twice: then not their number says that all is taken, but the log."""
    while await _left(application):
        await asyncio.sleep(LOOK_SECONDS)
        end = taken(application)
    return end


async def _left(application: Application) -> bool:
    return any((await application.freshness())["lag"].values())


def quiet(name: str) -> None:
    """Begin as a service's process does, with logs on stderr."""
    configure_logs(settings(), name)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    tune_garbage_collector()


def main() -> None:
    import uvloop

    name, records, *rest = sys.argv[1:]
    last, how = (*rest, *("0", "")[len(rest):])
    quiet(name)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(serve(name, int(records), int(last), how))))


if __name__ == "__main__":
    main()
