"""Starts, drains and stops services; the only file that chooses adapters."""
import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog
import uvicorn
from starlette.types import ASGIApp

from chassis.domain.definitions import Definition, Definitions, publish, read_directory
from chassis.http.access import sealer_from_settings
from chassis.http.health import HealthState, management_app
from chassis.ports import Bus, Store, UnsafeSetting
from chassis.runtime.application import Application, group_of
from chassis.runtime.supervisor import MISCONFIGURED
from chassis.service import addresses as service_ports
from chassis.service.description import Service
from chassis.service.discovery import find_service, find_services, internal_services
from chassis.support import clock, failpoints
from chassis.support.errors import ActionableError
from chassis.support.metrics import Metrics
from chassis.support.settings import Settings
from contracts.topics import TOPICS

LOOPBACK = "127.0.0.1"
DATABASE = "triptych.db"
VERSION = "0.1.0"


def consumer_groups_by_topic() -> dict[str, list[str]]:
    """{topic: groups of the services that consume it}."""
    groups: dict[str, list[str]] = {}
    for service in internal_services():
        for topic in service.topics:
            groups.setdefault(topic, []).append(group_of(service.name))
    return groups


# --- adapters --------------------------------------------------------------------------------------------------------


def open_bus(settings: Settings) -> Bus:
    """Kafka when its address is set, else the embedded log. Not started yet."""
    if settings.kafka:
        from chassis.adapters.kafka import KafkaBus

        return KafkaBus(settings.kafka, session=settings.session or 45.0, instance=settings.instance,
                        copies=settings.kafka_copies)
    from chassis.adapters.sqlite import SqliteBus

    session = settings.session or 6.0
    return SqliteBus(database_file(settings), sync=settings.sync, heartbeat=session / 3, session=session)


def open_store(settings: Settings, bus: Bus | None = None) -> Store:
    """MongoDB when its URL is set, else the embedded store, in one file and one writer with an embedded log."""
    if settings.mongo:
        from chassis.adapters.mongo import MongoStore

        return MongoStore(settings.mongo, settings.mongo_database, settings.mongo_driver)
    from chassis.adapters.sqlite import SqliteBus, SqliteStore

    shared = bus.database if isinstance(bus, SqliteBus) else database_file(settings)
    return SqliteStore(shared, sync=settings.sync)


def database_file(settings: Settings) -> Path:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return settings.data_dir / DATABASE


def load_definitions(settings: Settings) -> Definitions:
    """The definitions of the files; TRIPTYCH_TIMEZONE, if set, replaces the company zone."""
    definitions = read_directory(settings.definitions)
    if settings.timezone is None:
        return definitions
    current = [d for kind in definitions.kinds() for d in definitions.current(kind)]
    return Definitions(_with_zone(definition, settings.timezone) for definition in current)


def _with_zone(definition: Definition, zone: str) -> Definition:
    if definition.kind != "calendar":
        return definition
    return replace(definition, body={**definition.body, "timezone": zone})


@asynccontextmanager
async def open_ports(settings: Settings) -> AsyncIterator[tuple[Bus, Store]]:
    """Log and store, started; stopped in reverse order."""
    bus = open_bus(settings)
    store = open_store(settings, bus)
    await bus.start()
    try:
        await store.start()
        try:
            yield bus, store
        finally:
            await store.stop()
    finally:
        await bus.stop()


# --- serving ---------------------------------------------------------------------------------------------------------


class Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the host drains all parts in order."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._exit_requested = asyncio.Event()

    def leave(self) -> None:
        self.should_exit = True
        self._exit_requested.set()

    async def main_loop(self) -> None:
        """Ticks once a second for the `Date` header, not ten times as uvicorn does, as each process has two servers."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._exit_requested.wait(), 1.0)

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


def listening(app: ASGIApp, host: str, port: int) -> tuple[Server, socket.socket]:
    """The server and its bound socket. Raises PortInUse."""
    bound = bind(host, port)
    bound.listen(512)
    bound.setblocking(False)
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", server_header=False,
                            timeout_graceful_shutdown=5, limit_concurrency=512, loop="none")
    return Server(config), bound


class PortInUse(ActionableError):
    """Another process listens on the address."""


def bind(host: str, port: int) -> socket.socket:
    """A socket on this address. Raises PortInUse."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise PortInUse(f"{host}:{port} cannot be bound: {error.strerror}. Is another system running? Set "
                        "TRIPTYCH_HTTP and TRIPTYCH_FIRST_PORT to choose other addresses.") from None
    return bound


def check_ports(settings: Settings, workers: int = 0) -> None:
    """Bind every port once before anything starts. `workers`: additional processes. Raises PortInUse."""
    addresses = [(LOOPBACK, service_ports.worker_port(settings, n)) for n in range(1, workers + 1)]
    for service in find_services():
        api = (LOOPBACK, service_ports.api_port(settings, service.name))
        addresses += [service.public.address(settings) if service.public else api,
                      (LOOPBACK, service_ports.management_port(settings, service.name))]
    for host, port in addresses:
        bind(host, port).close()


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
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, force=True)
    logging.getLogger("transitions").setLevel(logging.WARNING)
