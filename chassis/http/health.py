"""Health state of a service and its management app: `/livez /readyz /startupz /metrics /version`."""
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.responses import Response

from chassis.http.routing import create_app, json_response
from chassis.support.metrics import CONTENT_TYPE, Metrics


@dataclass(slots=True)
class HealthState:
    """Liveness and readiness of one service. `problems`: {component: reason} of what makes it not ready."""

    service: str
    started: bool = False
    draining: bool = False
    dead: str = ""  # why it must be restarted; "" while it is alive
    problems: dict[str, str] = field(default_factory=dict)
    on_change: Callable[[bool], None] | None = None

    @property
    def ready(self) -> bool:
        return self.started and not self.draining and not self.dead and not self.problems

    def report_problem(self, part: str, reason: str) -> None:
        self.problems[part] = reason
        self._notify()

    def clear_problem(self, part: str) -> None:
        if self.problems.pop(part, None) is not None:
            self._notify()

    def start(self) -> None:
        self.started = True
        self._notify()

    def fail(self, reason: str) -> None:
        self.dead = reason
        self._notify()

    def drain(self) -> None:
        self.draining = True
        self._notify()

    def _notify(self) -> None:
        if self.on_change is not None:
            self.on_change(self.ready)

    def to_json(self) -> dict[str, Any]:
        body: dict[str, Any] = {"service": self.service, "ready": self.ready, "started": self.started}
        if self.draining:
            body["draining"] = True
        if self.dead or self.problems:
            body["reasons"] = {**({"stopped": self.dead} if self.dead else {}), **self.problems}
        return body


def management_app(health: HealthState, metrics: Metrics | None = None, *, version: str = "0.1.0") -> FastAPI:
    """The app of the management port, which is never public."""
    routes = APIRouter()

    @routes.get("/livez")
    async def live() -> Response:
        """503 only when a restart would help."""
        return json_response(health.to_json(), 503 if health.dead else 200)

    @routes.get("/readyz")
    async def ready() -> Response:
        return json_response(health.to_json(), 200 if health.ready else 503)

    @routes.get("/startupz")
    async def startup() -> Response:
        return json_response(health.to_json(), 200 if health.started else 503)

    @routes.get("/metrics")
    async def measured() -> Response:
        return Response(metrics.text() if metrics else b"", media_type=CONTENT_TYPE)

    @routes.get("/version")
    async def versions() -> Response:
        return json_response({"service": health.service, "version": version})

    return create_app(f"{health.service} management", [routes], version=version)
