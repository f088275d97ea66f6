"""Service context: what the routes, queries and jobs of a service may do.

The runner and the store do the work; a command over HTTP is executed like a message.
"""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol
from zoneinfo import ZoneInfo

from typing_extensions import TypeVar

from chassis.domain.decider import AggregateName, Command
from chassis.domain.definitions import Definitions
from chassis.ports import Bus, Group, Store, Where
from chassis.service.description import ServiceComponents
from chassis.support.settings import Settings

S = TypeVar("S", default=Any)
Q = TypeVar("Q", default=Any)


class CommandRefused(Exception):
    """A command over HTTP that is not decided: the response has this `status` and `code`."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True, slots=True)
class Entity(Generic[S]):
    """An aggregate as read. `rev` counts state changes: it is the ETag. `updated_at` is business time."""

    key: str
    state: S
    rev: int
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class CommandResult(Generic[S]):
    """`events`: all events in order, published or not. `replayed`: the idempotency key was used before."""

    entity: Entity[S]
    events: tuple[Any, ...]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class EntityPage(Generic[S]):
    items: tuple[Entity[S], ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One published event of an aggregate, as its consumers receive it. `sequence` counts per aggregate from 1."""

    sequence: int
    id: str
    type: str
    time: datetime
    data: Mapping[str, Any]


class ServiceContext(Protocol[Q]):
    """Within a request, entities of `scoped` aggregates outside its scope do not exist, in no read and no count.

    `Q` is the type of `components.extra`.
    """

    service: str
    settings: Settings
    store: Store
    bus: Bus
    definitions: Definitions
    components: ServiceComponents[Q]
    zone: ZoneInfo
    topics: tuple[str, ...]  # consumed by `group`
    group: str
    generation: str  # the live generation of the figures; it may change, so read it for every query

    def now(self) -> datetime:
        """The current time, aware, UTC; deciders and projections do not use it."""
        ...

    async def execute(
        self, aggregate: AggregateName[S] | str, key: str, command: Command, *, if_match: int | None = None,
        idempotency_key: str | None = None, body_hash: str = "", principal: str = "",
    ) -> CommandResult[S]:
        """Load, decide, save by compare-and-set (again on conflict, at most 5 times), publish for at most 2 s.

        Raises CommandRefused 412 `stale`, 422 `idempotency_key_reused`, 409 `in_flight`, 503 `busy`.
        """
        ...

    async def get(self, aggregate: AggregateName[S] | str, key: str) -> Entity[S] | None: ...

    async def get_many(self, aggregate: AggregateName[S] | str, keys: Sequence[str]) -> dict[str, Entity[S]]: ...

    async def find(
        self, aggregate: AggregateName[S] | str, where: Where, *, order: str | None = None, descending: bool = False,
        after: str | None = None, limit: int = 100, updated_since: datetime | None = None,
    ) -> EntityPage[S]:
        """A page of the entities that match `where`, last changed (in business time) at `updated_since` or later."""
        ...

    async def count(
        self, aggregate: str, where: Where, *, by: Sequence[str] = (), sums: Sequence[str] = (),
    ) -> list[Group]: ...

    async def find_by_prefix(
        self, aggregate: AggregateName[S] | str, prefix: str, *, limit: int = 100,
    ) -> list[Entity[S]]:
        """Entities whose key begins with the prefix."""
        ...

    async def history(self, aggregate: str, key: str, *, after: int = 0, limit: int = 100) -> list[HistoryRow]:
        """Rows with a sequence greater than `after`, in order."""
        ...

    async def publish(
        self, event: Any, *, time: datetime, source: str, id: str, extensions: Mapping[str, Any] | None = None,
    ) -> None:
        """Publish one event of the contracts on its topic, as an enterprise system does."""
        ...

    async def freshness(self) -> Mapping[str, Any]:
        """`{"complete_until": datetime, "lag": {topic: records}}`: every record appended until then is processed."""
        ...
