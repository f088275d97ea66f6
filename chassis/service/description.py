"""A service is a value: the events it consumes and publishes, its aggregates, its routes and who may use them."""
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol

from typing_extensions import TypeVar

from chassis.domain.decider import Aggregate
from chassis.domain.definitions import Definitions
from chassis.domain.handlers import Handlers
from chassis.domain.projection import Projection
from chassis.ports import Bus, Collection, Store
from chassis.service.access_rules import AccessRule, Permission
from chassis.support.settings import Settings

if TYPE_CHECKING:
    from fastapi import APIRouter
    from starlette.types import ASGIApp

    from chassis.service.context import ServiceContext


Q = TypeVar("Q", default=Any)


@dataclass(frozen=True, slots=True)
class ServiceComponents(Generic[Q]):
    """The parts of a service, made of its compiled definitions."""

    aggregates: tuple[Aggregate[Any], ...] = ()
    handlers: Handlers = field(default_factory=dict)
    projection: Projection | None = None
    generation: str = "g1"  # of the projection's figures: another one is counted anew from the log
    collections: tuple[Collection, ...] = ()  # further ones that its queries or jobs keep
    extra: Q = None  # type: ignore[assignment]  # what its queries need of the compiled definitions


@dataclass(frozen=True, slots=True)
class Job:
    """A periodic task of a service, which sends commands to its own aggregates."""

    name: str
    every_seconds: float
    run: "Callable[[ServiceContext], Any]"  # an async function


class PublicApp(Protocol):
    """The ASGI application at the public address, and the tasks beside it."""

    @property
    def asgi(self) -> "ASGIApp": ...

    async def run(self) -> None:
        """Until `stop`. Raises what one of the tasks failed with."""
        ...

    async def stop(self) -> None:
        """End `run` and the open streams; requests in progress are still answered."""
        ...

    async def close(self) -> None:
        """Release connections, after the last response."""
        ...


@dataclass(frozen=True, slots=True)
class PublicInterface:
    """Makes a service the one that serves `TRIPTYCH_HTTP`; it consumes no topic by a group of its own."""

    address: Callable[[Settings], tuple[str, int]]  # (host, port); raises ActionableError when it is not safe
    load: Callable[[], Callable[[Settings, Bus, Store, Definitions], PublicApp]]  # imports the application's code


@dataclass(frozen=True, slots=True)
class Service:
    """What a service is: everything that other parts of the system need to know of it. They keep no list of services.

    `build` compiles its definitions into components (pure, at start-up). `port_offset` numbers its ports and its place
    in lists; it never changes once released.
    """

    name: str
    purpose: str  # one sentence
    build: Callable[[Definitions], ServiceComponents]
    publishes: tuple[type, ...]
    consumes: tuple[type, ...]
    definitions: tuple[str, ...] = ()  # kinds of YAML
    api: "Callable[[ServiceContext], APIRouter] | None" = None
    jobs: tuple[Job, ...] = ()
    title: Mapping[str, str] = field(default_factory=dict)  # by language
    port_offset: int = 0
    permissions: tuple[Permission, ...] = ()
    routes: tuple[AccessRule, ...] = ()  # public ones; of several that match, the first counts
    public: PublicInterface | None = None

    @property
    def topics(self) -> tuple[str, ...]:
        from contracts.kinds import EVENTS

        return tuple(dict.fromkeys(EVENTS[cls].topic for cls in self.consumes))
