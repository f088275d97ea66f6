"""Who works where and under whom: the seed of the definitions, then what `crm.organisation.v1` says, which wins."""
import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from chassis.domain.definitions import DefinitionError, Definitions
from chassis.http.access import Scope
from chassis.messages.envelope import Message, decode
from chassis.ports import Bus, BusUnavailable, Record, TopicPartition
from contracts.crm import EmployeeAssigned, EmployeeErased, EmployeeLeft
from contracts.kinds import EVENTS, ID_PATTERN
from services.gateway.permissions import ROLES

TOPIC = "crm.organisation.v1"
HEARD = frozenset(EVENTS[c].name for c in (EmployeeAssigned, EmployeeLeft, EmployeeErased))
AGAIN = 2.0
SEEDED = frozenset({"employee_id", "name", "team", "region", "department", "manager_id", "login", "roles"})
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Person:
    """An employee as of a day. `roles` are those that this system knows."""

    rep_id: str
    name: str | None = None
    team: str | None = None
    region: str | None = None
    department: str | None = None
    manager_id: str | None = None
    login: str | None = None
    roles: tuple[str, ...] = ()


@dataclass(slots=True)
class _Career:
    """Assignments by their first day, each with its stamp (event time, source, id): the later word on a day wins."""

    days: dict[date, tuple[tuple[Any, ...], Person | None]] = field(default_factory=dict)
    seeded: bool = False

    def on(self, day: date) -> Person | None:
        past = [d for d in self.days if d <= day]
        return self.days[max(past)][1] if past else None


class Organisation:
    """The tree. Empty until it is told something: then nobody is below anybody, and everyone sees only his own."""

    def __init__(self, definitions: Definitions | None = None, zone: ZoneInfo | None = None) -> None:
        self._careers: dict[str, _Career] = {}
        self._zone = zone or ZoneInfo("UTC")
        self._seen: tuple[date, dict[str, Person]] | None = None
        self.whole = True  # false while what was said before this process began is still being read
        for definition in definitions.current("organisation") if definitions else ():
            self._seed(definition.body.get("employees") or (), definition.path or definition.name)

    def today(self) -> date:
        return datetime.now(UTC).astimezone(self._zone).date()

    # --- what is heard -----------------------------------------------------------------------------------------------

    def _seed(self, employees: Any, where: str) -> None:
        """Raises DefinitionError: what is not understood here would decide what somebody sees."""
        if not isinstance(employees, list):
            raise DefinitionError(f"{where}: `employees` is a list")
        for place, said in enumerate(employees, 1):
            if not isinstance(said, dict) or set(said) - SEEDED or not _id(said.get("employee_id")):
                raise DefinitionError(
                    f"{where}: employee {place} has an employee_id, and of {', '.join(sorted(SEEDED))}")
            texts = {name: said.get(name) for name in SEEDED - {"employee_id", "roles"}}
            roles = said.get("roles") or []
            if not all(v is None or isinstance(v, str) for v in texts.values()) or not isinstance(roles, list):
                raise DefinitionError(f"{where}: employee {place}: texts, and `roles` as a list")
            if unknown := [r for r in roles if r not in ROLES]:
                raise DefinitionError(f"{where}: employee {place}: {unknown[0]!r} is none of {', '.join(ROLES)}")
            person = Person(said["employee_id"], **texts, roles=tuple(roles))
            self._careers[person.rep_id] = _Career({date.min: ((0,), person)}, seeded=True)

    def hear(self, event: EmployeeAssigned | EmployeeLeft | EmployeeErased, stamp: tuple[Any, ...], day: date) -> None:
        """`day`: the local day of the event, on which it takes effect unless it names another one."""
        self._seen = None
        if isinstance(event, EmployeeErased):
            self._careers[event.employee_id] = _Career({date.min: (stamp, None)})
            return
        career = self._careers.get(event.employee_id)
        if career is None or career.seeded:
            career = self._careers[event.employee_id] = _Career()
        on = event.effective_on or day
        if on not in career.days or career.days[on][0] < stamp:
            career.days[on] = (stamp, _assigned(event, career.on(on)) if isinstance(event, EmployeeAssigned) else None)

    # --- what is asked -----------------------------------------------------------------------------------------------

    def people(self) -> dict[str, Person]:
        """Everyone who works here today, by id."""
        today = self.today()
        if self._seen is None or self._seen[0] != today:
            found = {id: person for id, career in sorted(self._careers.items()) if (person := career.on(today))}
            self._seen = (today, found)
        return self._seen[1]

    def by_login(self, login: str) -> Person | None:
        """None also when two people have the same: neither is let in for the other."""
        found = [p for p in self.people().values() if p.login and p.login.casefold() == login.casefold()]
        return found[0] if len(found) == 1 else None

    def below(self, rep_id: str) -> tuple[str, ...]:
        """The person and everyone under that person, however deep; a circle ends where it began."""
        under: dict[str, list[str]] = {}
        for person in self.people().values():
            if person.manager_id:
                under.setdefault(person.manager_id, []).append(person.rep_id)
        found, left = {rep_id}, [rep_id]
        while left:
            fresh = [id for id in under.get(left.pop(), ()) if id not in found]
            found.update(fresh)
            left += fresh
        return tuple(sorted(found))

    def of_teams(self, teams: Iterable[str]) -> tuple[str, ...]:
        wanted = set(teams)
        return tuple(sorted(p.rep_id for p in self.people().values() if p.team in wanted))

    def scope(self, roles: Iterable[str], rep_id: str | None, explicit: Scope | None) -> Scope:
        """A rep: own records. A manager: those of the subtree. What a credential names explicitly stands instead.

        Teams are told as their members once the tree knows these: records name the rep, and seldom the team.
        """
        leads = "manager" in roles or (explicit is not None and "rep" not in roles)
        if explicit is not None:
            members = () if explicit.reps else self.of_teams(explicit.teams)
            found = replace(explicit, reps=members, teams=()) if members else explicit
        elif rep_id is None:
            return Scope()
        else:
            found = Scope(reps=self.below(rep_id) if leads else (rep_id,))
        return self._with_wholes(found) if leads and not found.all else found

    def _with_wholes(self, scope: Scope) -> Scope:
        """With the teams and regions all of whose people are within. A line limits records, not people."""
        people = replace(scope, business_lines=())
        held = {True: set[tuple[str, str]](), False: set[tuple[str, str]]()}
        for person in self.people().values():
            labels = {"rep_id": person.rep_id, "team": person.team, "region": person.region}
            held[people.holds(labels)] |= {(n, v) for n, v in labels.items() if v is not None}
        whole = held[True] - held[False]
        return replace(scope, whole_teams=tuple(sorted(v for n, v in whole if n == "team")),
                       whole_regions=tuple(sorted(v for n, v in whole if n == "region")))


def _id(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(ID_PATTERN, value) is not None


def _known(roles: Any) -> tuple[str, ...]:
    return tuple(r for r in roles or () if r in ROLES)


def _assigned(event: EmployeeAssigned, before: Person | None) -> Person:
    """Places are those of this assignment; name, login and roles stay until they are said anew."""
    old = before or Person(event.employee_id)
    return Person(
        event.employee_id, event.name or old.name, event.team, event.region, event.department, event.manager_id,
        event.login or old.login, _known(event.roles) if event.roles is not None else old.roles)


class OrganisationReader:
    """Keeps an `Organisation` by reading its topic from the beginning, without a group: it remembers nothing."""

    def __init__(self, bus: Bus, organisation: Organisation, zone: ZoneInfo) -> None:
        self._bus, self._organisation, self._zone = bus, organisation, zone
        self._left: dict[TopicPartition, int] = {}

    async def run(self) -> None:
        while True:
            try:
                self._left = await self._before()
                self._organisation.whole = not self._left
                async for record in self._bus.tail([TOPIC], "beginning"):
                    message = decode(record, hears=HEARD)
                    if isinstance(message, Message):
                        meta = message.meta
                        self._organisation.hear(
                            message.event, (meta.time, meta.source, meta.id), meta.time.astimezone(self._zone).date())
                    if self._left:
                        self._passed(record)
            except BusUnavailable as error:
                log.warning("organisation cannot be read", error=str(error))
            await asyncio.sleep(AGAIN)

    async def _before(self) -> dict[TopicPartition, int]:
        """How far each partition had come when we began; those that hold nothing are left out."""
        begins, ends = await self._bus.begin_offsets([TOPIC]), await self._bus.end_offsets([TOPIC])
        return {place: end for place, end in ends.items() if end > begins.get(place, 0)}

    def _passed(self, record: Record) -> None:
        if record.offset + 1 >= self._left.get(record.place, 0):
            self._left.pop(record.place, None)
        self._organisation.whole = not self._left
