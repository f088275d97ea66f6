"""The life of one service process: start, serve until SIGTERM, drain, stop."""
import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from chassis.domain.definitions import publish
from chassis.http.access import sealer_from_settings
from chassis.http.health import HealthState, management_app
from chassis.ports import UnsafeSetting
from chassis.runtime.application import Application
from chassis.runtime.host.adapters import consumer_groups_by_topic, load_definitions, open_ports
from chassis.runtime.host.http_server import LOOPBACK, Server, listening
from chassis.runtime.supervisor import MISCONFIGURED
from chassis.service import addresses as service_ports
from chassis.service.description import Service
from chassis.service.discovery import find_service
from chassis.support import clock, failpoints
from chassis.support.metrics import Metrics
from chassis.support.settings import Settings
from contracts.topics import TOPICS

VERSION = "0.1.0"


async def serve_service(service: Service, settings: Settings, ready: Callable[[], None], further: int = 0) -> None:
    """One service until SIGTERM: its consumer, deadlines and jobs, its API and its management port.

    `further`: number of an additional process, which shares the partitions and has no API; 0 for the first process.
    """
    async with open_ports(settings) as (bus, store):
        definitions = await publish(store, load_definitions(settings))
        application = Application(
            service, settings, store, bus, definitions, version=VERSION,
            readers=consumer_groups_by_topic() if settings.keep_days else None)
        await application.start()
        if further:
            servers = [listening(application.management(), LOOPBACK, service_ports.worker_port(settings, further))]
        else:
            servers = [
                listening(application.guarded(sealer_from_settings(settings)), LOOPBACK,
                          service_ports.api_port(settings, service.name)),
                listening(application.management(), LOOPBACK, service_ports.management_port(settings, service.name)),
            ]
        await _run_until_signal(servers, application.run, application.stop, ready)


async def serve_public(service: Service, settings: Settings, ready: Callable[[], None]) -> None:
    """The service with the public interface until SIGTERM: its application, and its management port."""
    assert service.public is not None
    host, port = service.public.address(settings)
    async with open_ports(settings) as (bus, store):
        definitions = await publish(store, load_definitions(settings))
        await bus.ensure_topics({t.name: t.partitions for t in TOPICS.values()})  # also those without a consumer
        health = HealthState(service.name)
        app = service.public.load()(settings, bus, store, definitions)
        servers = [
            listening(app.asgi, host, port),
            listening(management_app(health, Metrics(service.name, VERSION), version=VERSION), LOOPBACK,
                      service_ports.management_port(settings, service.name)),
        ]

        async def stop() -> None:
            health.drain()
            await app.stop()

        health.start()
        try:
            await _run_until_signal(servers, app.run, stop, ready)
        finally:
            await app.close()


async def _run_until_signal(
    servers: Sequence[tuple[Server, socket.socket]], run: Callable[[], Any] | None, stop: Callable[[], Any],
    ready: Callable[[], None],
) -> None:
    """Serves until SIGTERM: then not ready, finishes the batch, commits, leaves the group, and closes the servers."""
    stop_requested = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop_requested.set)
    server_tasks = [asyncio.create_task(server.serve(sockets=[bound])) for server, bound in servers]
    work = asyncio.create_task(run()) if run else None
    while not all(server.started for server, _ in servers):  # noqa: ASYNC110 (uvicorn only sets a flag)
        await asyncio.sleep(0.005)
    ready()
    waiting = asyncio.create_task(stop_requested.wait())
    tasks = {waiting, *server_tasks, *([work] if work else [])}
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    await stop()
    if work is not None:
        await asyncio.wait({work}, timeout=25)
    for server, _ in servers:
        server.leave()
    await asyncio.gather(*server_tasks, return_exceptions=True)
    waiting.cancel()
    for task in done - {waiting}:
        task.result()


def run_process(name: str, settings: Settings, ready: Callable[[], None], further: int = 0) -> None:
    """Main function of a service's process; `further`: see `serve_service`."""
    configure_logs(settings, name)
    failpoints.arm(os.environ.get(failpoints.VARIABLE))
    clock.skew(os.environ.get(clock.SKEW_VARIABLE))
    tune_garbage_collector()
    service = find_service(name)
    if service.public is not None:
        work = serve_public(service, settings, ready)
    else:
        work = serve_service(service, settings, ready, further)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(work)
    except UnsafeSetting as error:
        print(f"triptych: {name} does not start.\n{error}", file=sys.stderr, flush=True)
        raise SystemExit(MISCONFIGURED) from None


def tune_garbage_collector() -> None:
    """Freezes the objects of the start-up and raises the thresholds: a batch creates tens of thousands of objects,
    hardly any in a reference cycle, and Python's default, a collection every 700, took 10 % of a command's time."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop


class _CurrentStderr:
    """Writes to what `sys.stderr` is at that moment: loggers are cached, and the stream can be replaced and closed."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure_logs(settings: Settings, service: str) -> None:
    """Logs one JSON object per line to stderr, readable lines on a terminal; without personal data."""
    level = getattr(logging, settings.log_level.upper())
    renderer: Any = structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(_CurrentStderr()),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(level=logging.WARNING, stream=_CurrentStderr(), force=True)
    logging.getLogger("transitions").setLevel(logging.WARNING)
