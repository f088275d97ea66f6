"""A service is a value: what it hears, what it decides, what it says, what it answers."""
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chassis.domain.decider import Aggregate
from chassis.domain.definitions import Definitions
from chassis.domain.handlers import Handlers
from chassis.domain.projection import Projection
from chassis.ports import Collection

if TYPE_CHECKING:
    from fastapi import APIRouter

    from chassis.service.context import Context


@dataclass(frozen=True, slots=True)
class Parts:
    """What a service is made of once its definitions are compiled."""

    aggregates: tuple[Aggregate[Any], ...] = ()
    handlers: Handlers = field(default_factory=dict)
    projection: Projection | None = None
    generation: str = "g1"  # of the projection's figures: another one is counted anew from the log
    collections: tuple[Collection, ...] = ()  # further ones that its queries or jobs keep
    extra: Any = None  # what its queries need of the compiled definitions


@dataclass(frozen=True, slots=True)
class Job:
    """Something a service does by itself from time to time, by asking its own documents."""

    name: str
    every_seconds: float
    run: "Callable[[Context], Any]"  # an async function


@dataclass(frozen=True, slots=True)
class Service:
    """`definitions` names the kinds of YAML it reads; `build` compiles them into its parts (pure, at start-up)."""

    name: str
    purpose: str  # one sentence
    build: Callable[[Definitions], Parts]
    says: tuple[type, ...]
    hears: tuple[type, ...]
    definitions: tuple[str, ...] = ()
    api: "Callable[[Context], APIRouter] | None" = None
    jobs: tuple[Job, ...] = ()

    @property
    def topics(self) -> tuple[str, ...]:
        from contracts.kinds import EVENTS

        return tuple(dict.fromkeys(EVENTS[cls].topic for cls in self.hears))


Names = Mapping[str, Any]
