"""Response schemas of the routes for operators."""
from datetime import datetime
from typing import Any, Literal

from chassis.dead_letters.schemas import DeadLetter, RefusedRecord, ServicesLetter
from chassis.http.responses import NotRequired, Title, TypedDict
from services.gateway.schemas.sign_in import Mode


class ServiceLag(TypedDict):
    """`lag`: number of unprocessed records by topic."""

    complete_until: datetime
    lag: dict[str, int]
    total: int


class Lag(TypedDict):
    total: int
    services: dict[str, ServiceLag]


class ServiceHealth(TypedDict):
    """`title`: the service's name by language. `reasons`: of each check that fails."""

    title: Title
    ready: bool
    service: NotRequired[str]
    started: NotRequired[bool]
    draining: NotRequired[bool]
    reason: NotRequired[str]
    reasons: NotRequired[dict[str, str]]


class Health(TypedDict):
    status: Literal["ready", "degraded"]
    services: dict[str, ServiceHealth]


class PublishedDefinition(TypedDict):
    kind: str
    name: str
    version: int | str
    title: Title | None
    body: dict[str, Any]


class AuditEntry(TypedDict):
    """`repeated`: equal refusals within the minute before, which were counted but not stored."""

    id: str
    at: datetime
    principal: str | None
    mode: Mode | None
    roles: list[str]
    method: str
    path: str
    permission: str | None
    status: int
    code: str | None
    outcome: Literal["done", "refused", "failed"]
    milliseconds: int
    repeated: int


class DeadLetterGroup(RefusedRecord):
    """A record of the log, with the dead letter of each service that could not process it."""

    letters: list[ServicesLetter]


class DeadLetterList(TypedDict):
    """With `grouped=true` each item is a group."""

    items: list[DeadLetter] | list[DeadLetterGroup]
    next: str | None


class ServiceDeadLetterCounts(TypedDict):
    service: str
    status: dict[str, int]
    code: dict[str, int]
    topic: dict[str, int]


class DeadLetterStats(TypedDict):
    """Numbers by status; of the open ones also by code and topic."""

    status: dict[str, int]
    code: dict[str, int]
    topic: dict[str, int]
    services: dict[str, ServiceDeadLetterCounts]
