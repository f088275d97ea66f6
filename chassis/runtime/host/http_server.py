"""HTTP servers of a service process: bound sockets and uvicorn without its own signal handlers."""
import asyncio
import contextlib
import socket
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from chassis.service import addresses as service_ports
from chassis.service.discovery import find_services
from chassis.support.errors import ActionableError
from chassis.support.settings import Settings

LOOPBACK = "127.0.0.1"


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
