"""One service in a process of its own, as `triptych up` runs it, until it has taken a number of records.

    python -m tools.bench.serving SERVICE RECORDS        settings from TRIPTYCH_*; prints one JSON object
"""
import asyncio
import gc
import json
import logging
import resource
import sys
import time

from chassis.application import Application
from chassis.definitions import publish
from chassis.host import configure_logs, definitions_of, find_service, ports
from chassis.settings import settings

LOOK_SECONDS = 0.002


def taken(application: Application) -> float:
    """Records committed so far, as the service's own metrics tell it."""
    return sum(
        sample.value for metric in application.metrics.consumed.collect() for sample in metric.samples
        if sample.name.endswith("_total"))


async def serve(name: str, records: int) -> dict[str, float]:
    """From the first commit to the last."""
    chosen = settings()
    async with ports(chosen) as (bus, store):
        definitions = await publish(store, definitions_of(chosen))
        application = Application(find_service(name), chosen, store, bus, definitions)
        await application.start()
        running = asyncio.create_task(application.run())
        try:
            first = await _at_least(application, 1, running)
            began, cpu = time.perf_counter(), time.process_time()
            last = await _at_least(application, records, running)
            seconds, used = time.perf_counter() - began, time.process_time() - cpu
        finally:
            await application.stop()
            await running
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"records": last - first, "seconds": seconds, "cpu_seconds": used, "peak_mb": peak}


async def _at_least(application: Application, records: int, running: "asyncio.Task[None]") -> float:
    while (n := taken(application)) < records:
        if running.done():
            running.result()
            raise SystemExit("the service ended before it had taken everything")
        await asyncio.sleep(LOOK_SECONDS)
    return n


def main() -> None:
    import uvloop

    name, records = sys.argv[1], int(sys.argv[2])
    chosen = settings()
    configure_logs(chosen, name)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    gc.freeze()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(serve(name, records))))


if __name__ == "__main__":
    main()
