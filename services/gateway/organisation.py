"""The organisation directory: employees, teams and managers, from the definitions and then from `crm.organisation.v1`.

The events of an employee replace the entry of the definitions.
"""
import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from chassis.domain.definitions import Definition, Definitions, FaultReporter
from chassis.domain.definitions.schema import load
from chassis.http.access import Scope
from chassis.messages.envelope import Message, decode
from chassis.ports import Bus, BusUnavailable, Record, TopicPartition
from chassis.support import clock
from contracts.crm import EmployeeAssigned, EmployeeErased, EmployeeLeft
from contracts.kinds import EVENTS
from services.gateway.organisation_schema import OrganisationYaml
from services.gateway.permissions import ROLES

TOPIC = "crm.organisation.v1"
CONSUMED_TYPES = frozenset(EVENTS[c].name for c in (EmployeeAssigned, EmployeeLeft, EmployeeErased))
RETRY_SECONDS = 2.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Employee:
    """An employee on one day. `roles`: without those that this system does not know."""

    rep_id: str
    name: str | None = None
    team: str | None = None
    region: str | None = None
    department: str | None = None
    manager_id: str | None = None
    login: str | None = None
    roles: tuple[str, ...] = ()


@dataclass(slots=True)
class _Assignments:
    """Assignments of an employee by first day, each with its stamp (event time, source, id). The latest stamp wins."""

    days: dict[date, tuple[tuple[Any, ...], Employee | None]] = field(default_factory=dict)
    defined: bool = False  # by the definitions, until the first event

    def on(self, day: date) -> Employee | None:
        past = [d for d in self.days if d <= day]
        return self.days[max(past)][1] if past else None


class OrganisationDirectory:
    """The tree of managers. While it is empty, each employee sees own records only."""

    def __init__(self, definitions: Definitions | None = None, zone: ZoneInfo | None = None) -> None:
        self._assignments: dict[str, _Assignments] = {}
        self._zone = zone or ZoneInfo("UTC")
        self._today: tuple[date, dict[str, Employee]] | None = None
        self.loaded = True  # false until the events before the start of this process are read
        for definition in definitions.current("organisation") if definitions else ():
            self._define(definition)

    def today(self) -> date:
        return clock.today(self._zone)

    # --- updates -----------------------------------------------------------------------------------------------------

    def _define(self, definition: Definition) -> None:
        """Raises DefinitionError with every fault: the entries decide what an employee may see."""
        report = FaultReporter(definition)
        yaml = load(report, OrganisationYaml)
        report.raise_if_any()
        for entry in yaml.employees or () if yaml else ():
            employee = Employee(
                entry.employee_id, entry.name, entry.team, entry.region, entry.department, entry.manager_id,
                entry.login, entry.roles or ())
            self._assignments[employee.rep_id] = _Assignments({date.min: ((0,), employee)}, defined=True)

    def apply(self, event: EmployeeAssigned | EmployeeLeft | EmployeeErased, stamp: tuple[Any, ...], day: date) -> None:
        """`day`: the local day of the event, on which it takes effect unless it names another one."""
        self._today = None
        if isinstance(event, EmployeeErased):
            self._assignments[event.employee_id] = _Assignments({date.min: (stamp, None)})
            return
        assignments = self._assignments.get(event.employee_id)
        if assignments is None or assignments.defined:
            assignments = self._assignments[event.employee_id] = _Assignments()
        on = event.effective_on or day
        if on not in assignments.days or assignments.days[on][0] < stamp:
            employee = _assigned(event, assignments.on(on)) if isinstance(event, EmployeeAssigned) else None
            assignments.days[on] = (stamp, employee)

    # --- queries -----------------------------------------------------------------------------------------------------

    def employees(self) -> dict[str, Employee]:
        """The employees of today, by id."""
        today = self.today()
        if self._today is None or self._today[0] != today:
            employees = {id: employee for id, assignments in sorted(self._assignments.items())
                     if (employee := assignments.on(today))}
            self._today = (today, employees)
        return self._today[1]

    def by_login(self, login: str) -> Employee | None:
        """None also when two employees have the same login: neither may sign in as the other."""
        matching = [p for p in self.employees().values() if p.login and p.login.casefold() == login.casefold()]
        return matching[0] if len(matching) == 1 else None

    def reports_of(self, rep_id: str) -> tuple[str, ...]:
        """The employee and all direct and indirect reports. A cycle of managers does no harm."""
        direct: dict[str, list[str]] = {}
        for employee in self.employees().values():
            if employee.manager_id:
                direct.setdefault(employee.manager_id, []).append(employee.rep_id)
        reports, remaining = {rep_id}, [rep_id]
        while remaining:
            new = [id for id in direct.get(remaining.pop(), ()) if id not in reports]
            reports.update(new)
            remaining += new
        return tuple(sorted(reports))

    def team_members(self, teams: Iterable[str]) -> tuple[str, ...]:
        requested = set(teams)
        return tuple(sorted(p.rep_id for p in self.employees().values() if p.team in requested))

    def scope(self, roles: Iterable[str], rep_id: str | None, explicit: Scope | None) -> Scope:
        """A rep: own records. A manager: those of all reports. A credential's explicit scope replaces both.

        Teams are resolved to their members where the directory knows them, because few records name the team.
        """
        manages = "manager" in roles or (explicit is not None and "rep" not in roles)
        if explicit is not None:
            members = () if explicit.reps else self.team_members(explicit.teams)
            scope = replace(explicit, reps=members, teams=()) if members else explicit
        elif rep_id is None:
            return Scope()
        else:
            scope = Scope(reps=self.reports_of(rep_id) if manages else (rep_id,))
        return self._with_whole_groups(scope) if manages and not scope.all else scope

    def _with_whole_groups(self, scope: Scope) -> Scope:
        """Adds the teams and regions whose members are all in scope. Business lines limit records, not employees."""
        members = replace(scope, business_lines=())
        labels_of = {True: set[tuple[str, str]](), False: set[tuple[str, str]]()}
        for employee in self.employees().values():
            labels = {"rep_id": employee.rep_id, "team": employee.team, "region": employee.region}
            labels_of[members.matches(labels)] |= {(n, v) for n, v in labels.items() if v is not None}
        whole = labels_of[True] - labels_of[False]
        return replace(scope, whole_teams=tuple(sorted(v for n, v in whole if n == "team")),
                       whole_regions=tuple(sorted(v for n, v in whole if n == "region")))


def _known_roles(roles: Any) -> tuple[str, ...]:
    return tuple(r for r in roles or () if r in ROLES)


def _assigned(event: EmployeeAssigned, before: Employee | None) -> Employee:
    """Team, region, department and manager are those of the event; an absent name, login or roles stay as they were."""
    old = before or Employee(event.employee_id)
    return Employee(
        event.employee_id, event.name or old.name, event.team, event.region, event.department, event.manager_id,
        event.login or old.login, _known_roles(event.roles) if event.roles is not None else old.roles)


class OrganisationReader:
    """Updates the directory from its topic, from the beginning and without a consumer group: it has no checkpoint."""

    def __init__(self, bus: Bus, directory: OrganisationDirectory, zone: ZoneInfo) -> None:
        self._bus, self._directory, self._zone = bus, directory, zone
        self._unread: dict[TopicPartition, int] = {}

    async def run(self) -> None:
        while True:
            try:
                self._unread = await self._existing()
                self._directory.loaded = not self._unread
                async for record in self._bus.tail([TOPIC], "beginning"):
                    message = decode(record, consumes=CONSUMED_TYPES)
                    if isinstance(message, Message):
                        meta = message.meta
                        self._directory.apply(
                            message.event, (meta.time, meta.source, meta.id), meta.time.astimezone(self._zone).date())
                    if self._unread:
                        self._mark_read(record)
            except BusUnavailable as error:
                log.warning("organisation topic cannot be read; retrying", error=str(error))
            await asyncio.sleep(RETRY_SECONDS)

    async def _existing(self) -> dict[TopicPartition, int]:
        """The end offset of each partition that has records now."""
        begins, ends = await self._bus.begin_offsets([TOPIC]), await self._bus.end_offsets([TOPIC])
        return {partition: end for partition, end in ends.items() if end > begins.get(partition, 0)}

    def _mark_read(self, record: Record) -> None:
        if record.offset + 1 >= self._unread.get(record.topic_partition, 0):
            self._unread.pop(record.topic_partition, None)
        self._directory.loaded = not self._unread
