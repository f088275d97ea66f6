"""What a service's doors (api, queries, jobs) may do: ask a document, read, find, count; say an event. Nothing else.

The work is done by the runner and the store; this is their face towards the doors, so that an HTTP command takes the
same road as a message.
"""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from chassis.domain.decider import Command
from chassis.domain.definitions import Definitions
from chassis.ports import Bus, Group, Store, Where
from chassis.service.description import ServiceComponents
from chassis.support.settings import Settings


class CommandRefused(Exception):
    """An HTTP request that must not be decided: the door answers with `status` and `code`."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True, slots=True)
class Entity:
    """A document as the doors see it. `rev` counts state changes: it is the ETag. `updated_at` is business time."""

    key: str
    state: Any
    rev: int
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What a command led to. `events`: published ones and others, in order. `replayed`: the key was used before."""

    entity: Entity
    events: tuple[Any, ...]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class EntityPage:
    items: tuple[Entity, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One published event of a document, as it went out. `sequence` counts per document from 1."""

    sequence: int
    id: str
    type: str
    time: datetime
    data: Mapping[str, Any]


class ServiceContext(Protocol):
    """Within a request, documents of `scoped` aggregates that it may not see do not exist: in no read or count."""

    service: str
    settings: Settings
    store: Store
    bus: Bus
    definitions: Definitions
    components: ServiceComponents
    zone: ZoneInfo
    topics: tuple[str, ...]  # what the service hears, as the group of this name
    group: str
    generation: str  # of the figures that are the live ones now: ask at each reading

    def now(self) -> datetime:
        """The clock, for doors only; aware, UTC."""
        ...

    async def execute(
        self, aggregate: str, key: str, command: Command, *, if_match: int | None = None,
        idempotency_key: str | None = None, body_hash: str = "", principal: str = "",
    ) -> CommandResult:
        """Load, decide, save by compare-and-set (again on conflict, at most 5 times), publish for at most 2 s.

        Raises Refusal 412 `stale`, 422 `idempotency_key_reused`, 409 `in_flight`, 503 `busy`.
        """
        ...

    async def get(self, aggregate: str, key: str) -> Entity | None: ...

    async def get_many(self, aggregate: str, keys: Sequence[str]) -> dict[str, Entity]: ...

    async def find(
        self, aggregate: str, where: Where, *, order: str | None = None, descending: bool = False,
        after: str | None = None, limit: int = 100, updated_since: datetime | None = None,
    ) -> EntityPage:
        """A page of those that meet `where`; `updated_since`: whose last change, in business time, is not older."""
        ...

    async def count(
        self, aggregate: str, where: Where, *, by: Sequence[str] = (), sums: Sequence[str] = (),
    ) -> list[Group]: ...

    async def find_by_prefix(self, aggregate: str, text: str, *, limit: int = 100) -> list[Entity]:
        """Those whose key begins with the text."""
        ...

    async def history(self, aggregate: str, key: str, *, after: int = 0, limit: int = 100) -> list[HistoryRow]:
        """Rows with a higher sequence than `after`, in order."""
        ...

    async def publish(
        self, event: Any, *, time: datetime, source: str, id: str, extensions: Mapping[str, Any] | None = None,
    ) -> None:
        """Publish one event of the contracts, as an enterprise system would: on its topic, by its key."""
        ...

    async def freshness(self) -> Mapping[str, Any]:
        """`{"complete_until": datetime, "lag": {topic: records}}`: up to which append time every input is processed."""
        ...
