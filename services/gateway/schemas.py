"""What the routes of the door itself answer."""
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict

from chassis.dead_letters.schemas import DeadLetter, RefusedRecord, ServicesLetter
from chassis.http.responses import NotRequired, Problem, Title, TypedDict, elsewhere
from services.gateway.auth.caller import Mode

Deal = Annotated[dict[str, Any], elsewhere("Deal")]
Transition = Annotated[dict[str, Any], elsewhere("Transition")]
HistoryRow = Annotated[dict[str, Any], elsewhere("HistoryRow")]
Lead = Annotated[dict[str, Any], elsewhere("Lead")]
LeadScore = Annotated[dict[str, Any], elsewhere("LeadScore")]
Customer = Annotated[dict[str, Any], elsewhere("Customer")]
Task = Annotated[dict[str, Any], elsewhere("Task")]
Issue = Annotated[dict[str, Any], elsewhere("Issue")]
Money = Annotated[dict[str, Any], elsewhere("Money")]

# --- who asks --------------------------------------------------------------------------------------------------------


class SeenScope(TypedDict):
    """The records that one may see at the widest: all, or those that meet every list that is not empty.

    `whole_teams`, `whole_regions`: whose targets are the caller's too.
    """

    all: bool
    reps: list[str]
    teams: list[str]
    regions: list[str]
    business_lines: list[str]
    whole_teams: list[str]
    whole_regions: list[str]


class WaysIn(TypedDict):
    modes: list[Literal["developer", "oidc", "token", "key"]]


class Me(TypedDict):
    """Who is signed in. `warning`: this sign-in asked for no password."""

    principal: str
    name: str | None
    rep_id: str | None
    roles: list[str]
    scope: SeenScope
    permissions: list[str]
    mode: Mode
    signed_in: bool
    sign_in: WaysIn
    warning: NotRequired[str]


class Signable(TypedDict):
    rep_id: str
    name: str | None
    team: str | None
    region: str | None
    roles: list[str]


class SignIn(TypedDict):
    """`people`, `warning`: of the developer's sign-in; `login_url`: of the provider's, where there is one."""

    mode: Literal["developer", "oidc"]
    roles: list[str]
    people: NotRequired[list[Signable]]
    warning: NotRequired[str]
    login_url: NotRequired[str | None]


class Rep(TypedDict):
    rep_id: str
    name: str | None
    team: str | None
    region: str | None
    department: str | None
    manager_id: str | None
    roles: list[str]


# --- events in -------------------------------------------------------------------------------------------------------


class EventVerdict(TypedDict):
    """`status` 202: the log has it; else `problem` says why not."""

    index: int
    id: Any
    status: int
    problem: NotRequired[Problem]


class Intake(TypedDict):
    accepted: int
    rejected: int
    items: list[EventVerdict]


class ToldEvent(TypedDict):
    """A CloudEvent, as it was said; extensions beside what is named here."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    specversion: str
    type: str
    id: str
    source: str
    time: datetime
    partitionkey: NotRequired[str]
    datacontenttype: str
    data: dict[str, Any]


class ToldEvents(TypedDict):
    """`next`: the place after these, to be asked with as `after`; there is always one."""

    items: list[ToldEvent]
    next: str


# --- several services in one answer ----------------------------------------------------------------------------------


class DealOverview(TypedDict):
    """What the caller may not read, or what is not known, is null."""

    opportunity: Deal
    transitions: list[Transition] | None
    history: list[HistoryRow] | None
    lead: Lead | None
    score: LeadScore | None
    customer: Customer | None
    rep: Rep | None


class Worklist(TypedDict):
    """Deals by urgency, and of the leads and issues those that are open."""

    rep_id: str
    overdue: list[Task]
    due_today: list[Task]
    next: list[Task]
    leads: list[Lead]
    issues: list[Issue]


class SearchHit(TypedDict):
    """`id` and what its kind has of the rest."""

    kind: Literal["opportunity", "lead", "customer", "rep"]
    id: str
    name: NotRequired[str | None]
    status: NotRequired[str]
    stage: NotRequired[str]
    score: NotRequired[int]
    grade: NotRequired[str]
    customer_id: NotRequired[str]
    rep_id: NotRequired[str]
    business_line: NotRequired[str]
    amount: NotRequired[Money]


class Found(TypedDict):
    q: str
    items: list[SearchHit]
    next: None


# --- operators -------------------------------------------------------------------------------------------------------


class ServiceLag(TypedDict):
    """`lag`: records not yet processed, by topic."""

    complete_until: datetime
    lag: dict[str, int]
    total: int


class Lag(TypedDict):
    total: int
    services: dict[str, ServiceLag]


class ServiceHealth(TypedDict):
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
    """`repeated`: equal refusals of the minute before, which were counted and not written."""

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
    """A record that lay in the log, with the letter of each service that could not take it."""

    letters: list[ServicesLetter]


class DeadLetters(TypedDict):
    """With `grouped=true` each item is a group."""

    items: list[DeadLetter] | list[DeadLetterGroup]
    next: str | None


class ServiceLetters(TypedDict):
    service: str
    status: dict[str, int]
    code: dict[str, int]
    topic: dict[str, int]


class DeadLetterStats(TypedDict):
    """How many by status; those that wait by code and by topic."""

    status: dict[str, int]
    code: dict[str, int]
    topic: dict[str, int]
    services: dict[str, ServiceLetters]
