"""Whether a service is up: `/livez /readyz /startupz /metrics /version`, on a port of their own."""
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.responses import Response

from chassis.http.routing import answer, make_app
from chassis.support.metrics import CONTENT_TYPE, Metrics


@dataclass(slots=True)
class Health:
    """What a service says about itself. `troubles`: {part: reason} of what keeps it from being ready."""

    service: str
    started: bool = False
    draining: bool = False
    dead: str = ""  # why it must be started anew; "": it need not
    troubles: dict[str, str] = field(default_factory=dict)
    on_change: Callable[[bool], None] | None = None

    @property
    def ready(self) -> bool:
        return self.started and not self.draining and not self.dead and not self.troubles

    def trouble(self, part: str, reason: str) -> None:
        self.troubles[part] = reason
        self._tell()

    def well(self, part: str) -> None:
        if self.troubles.pop(part, None) is not None:
            self._tell()

    def start(self) -> None:
        self.started = True
        self._tell()

    def fail(self, reason: str) -> None:
        self.dead = reason
        self._tell()

    def drain(self) -> None:
        self.draining = True
        self._tell()

    def _tell(self) -> None:
        if self.on_change is not None:
            self.on_change(self.ready)

    def face(self) -> dict[str, Any]:
        made: dict[str, Any] = {"service": self.service, "ready": self.ready, "started": self.started}
        if self.draining:
            made["draining"] = True
        if self.dead or self.troubles:
            made["reasons"] = {**({"stopped": self.dead} if self.dead else {}), **self.troubles}
        return made


def management_app(health: Health, metrics: Metrics | None = None, *, version: str = "0.1.0") -> FastAPI:
    """Never public: it listens on the management port."""
    routes = APIRouter()

    @routes.get("/livez")
    async def live() -> Response:
        """503 only when a new start would help."""
        return answer(health.face(), 503 if health.dead else 200)

    @routes.get("/readyz")
    async def ready() -> Response:
        return answer(health.face(), 200 if health.ready else 503)

    @routes.get("/startupz")
    async def startup() -> Response:
        return answer(health.face(), 200 if health.started else 503)

    @routes.get("/metrics")
    async def measured() -> Response:
        return Response(metrics.text() if metrics else b"", media_type=CONTENT_TYPE)

    @routes.get("/version")
    async def versions() -> Response:
        return answer({"service": health.service, "version": version})

    return make_app(f"{health.service} management", [routes], version=version)
