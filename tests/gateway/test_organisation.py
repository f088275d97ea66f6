"""Organisation directory: employees and managers from the definition and from events in any order."""
import asyncio
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chassis.domain.definitions import Definition, DefinitionError, Definitions
from chassis.http.access import NOTHING, Scope
from chassis.support.clock import today, utc_now
from contracts.crm import EmployeeAssigned, EmployeeErased, EmployeeLeft
from services.gateway.organisation import OrganisationDirectory
from tests.adapters.waiting import until
from tests.gateway.harness import GatewayHarness
from tests.gateway.scenarios import signed_in_as, status_and_code

TODAY = today()
BEFORE, LATER = TODAY - timedelta(days=30), TODAY + timedelta(days=30)


def seeded(*employees: Any) -> OrganisationDirectory:
    body = {"name": "organisation", "version": 1, "employees": list(employees)}
    return OrganisationDirectory(Definitions([Definition("organisation", "organisation", 1, body,
                                                         "organisation.yaml")]))


def directory_of(*events: tuple[Any, date], directory: OrganisationDirectory | None = None) -> OrganisationDirectory:
    directory = directory or OrganisationDirectory()
    for n, (event, day) in enumerate(events):
        directory.apply(event, (datetime(day.year, day.month, day.day, tzinfo=UTC), "/hr", f"e{n}"), day)
    return directory


def hired(id: str, **more: Any) -> EmployeeAssigned:
    return EmployeeAssigned(employee_id=id, name=id.title(), **more)


def test_the_definition_of_an_employee_applies_until_the_first_event():
    directory = seeded(
        {"employee_id": "anna", "name": "Seed", "team": "Old", "roles": ["rep"]}, {"employee_id": "bert"})
    assert directory.employees()["anna"].team == "Old"
    directory_of((hired("anna", team="New"), BEFORE), directory=directory)
    anna = directory.employees()["anna"]
    assert (anna.name, anna.team, anna.roles) == ("Anna", "New", ())
    assert directory.employees()["bert"].rep_id == "bert"


@pytest.mark.parametrize("employees", [
    "anna", [["anna"]], [{"name": "x"}], [{"employee_id": "a b"}], [{"employee_id": "a", "role": "rep"}],
    [{"employee_id": "a", "roles": "rep"}], [{"employee_id": "a", "roles": ["king"]}],
    [{"employee_id": "a", "team": 7}],
])
def test_an_invalid_definition_is_refused_at_start(employees: Any):
    body = {"name": "organisation", "version": 1, "employees": employees}
    with pytest.raises(DefinitionError, match=r"organisation\.yaml"):
        OrganisationDirectory(Definitions([Definition("organisation", "organisation", 1, body, "organisation.yaml")]))


def test_an_assignment_applies_from_its_day():
    directory = directory_of((hired("anna", team="Hill", effective_on=BEFORE), BEFORE),
                 (hired("anna", team="Lake", effective_on=LATER), BEFORE))
    assert directory.employees()["anna"].team == "Hill"


def test_employees_who_left_or_were_erased_are_not_listed():
    directory = directory_of((hired("anna"), BEFORE), (hired("bert"), BEFORE), (hired("cleo"), BEFORE),
                 (EmployeeLeft(employee_id="anna"), TODAY), (EmployeeErased(employee_id="bert"), TODAY),
                 (EmployeeLeft(employee_id="cleo", effective_on=LATER), TODAY))
    assert set(directory.employees()) == {"cleo"}


def test_the_latest_assignment_applies_in_any_order_of_events():
    assignments = (("A", BEFORE, "1"), ("B", TODAY, "2"), ("C", TODAY, "3"))
    events = [(hired("anna", team=team, effective_on=day), (stamp,)) for team, day, stamp in assignments]
    for order in permutations(events):
        directory = OrganisationDirectory()
        for event, stamp in order:
            directory.apply(event, stamp, TODAY)
        assert directory.employees()["anna"].team == "C"


def test_the_reports_of_a_manager_are_the_subtree_also_with_a_cycle():
    managers = {"top": None, "mid": "top", "low": "mid", "x": "y", "y": "x"}
    directory = directory_of(*((hired(id, manager_id=manager), BEFORE) for id, manager in managers.items()))
    assert directory.reports_of("top") == ("low", "mid", "top") and directory.reports_of("mid") == ("low", "mid")
    assert directory.reports_of("x") == ("x", "y") and directory.reports_of("unknown") == ("unknown",)


def test_a_login_shared_by_two_employees_is_ignored():
    directory = directory_of(
        (hired("anna", login="Anna@Example.test"), BEFORE), (hired("bert", login="b@x.test"), BEFORE),
        (hired("bob", login="B@X.test"), BEFORE))
    found = directory.by_login("anna@example.test")
    assert found is not None and found.rep_id == "anna"
    assert directory.by_login("b@x.test") is None and directory.by_login("none") is None


def test_the_scope_of_each_role():
    directory = directory_of(
        (hired("max", team="Hill"), BEFORE), (hired("anna", team="Hill", manager_id="max"), BEFORE))
    assert directory.scope(("rep",), "anna", None) == Scope(reps=("anna",))
    assert directory.scope(("manager",), "max", None) == Scope(reps=("anna", "max"), whole_teams=("Hill",))
    assert directory.scope(("manager",), None, None) == NOTHING
    assert directory.scope(("manager",), None, Scope(teams=("Hill",), regions=("W",))) == Scope(
        reps=("anna", "max"), regions=("W",))
    assert directory.scope(("manager",), None, Scope(teams=("Unknown",))) == Scope(teams=("Unknown",))


def test_unknown_roles_of_an_employee_are_ignored():
    assert directory_of((hired("anna", roles=("king", "rep")), BEFORE)).employees()["anna"].roles == ("rep",)


async def test_the_directory_is_loaded_after_all_earlier_events():
    """A gateway that starts reads all earlier events; until then requests that depend on them are refused."""
    from chassis.adapters.memory import MemoryBus
    from chassis.messages.envelope import encode
    from services.gateway.organisation import TOPIC, OrganisationReader

    bus = MemoryBus()
    await bus.ensure_topics({TOPIC: 8})
    at = utc_now()
    await bus.publish([encode(hired(id), id=f"e-{id}", source="/hr", time=at) for id in ("a", "b", "c", "d")])
    directory = OrganisationDirectory()
    states: list[tuple[int, bool]] = []
    apply = directory.apply

    def recording(*arguments: Any) -> None:
        states.append((len(directory.employees()), directory.loaded))
        apply(*arguments)

    directory.apply = recording  # type: ignore[method-assign]
    task = asyncio.create_task(OrganisationReader(bus, directory, ZoneInfo("UTC")).run())

    async def loaded() -> bool:
        return len(directory.employees()) == 4 and directory.loaded

    try:
        await until(loaded, "all earlier events are read")
    finally:
        task.cancel()
    assert states == [(0, False), (1, False), (2, False), (3, False)]


async def test_an_empty_organisation_is_loaded_at_once():
    from chassis.adapters.memory import MemoryBus
    from services.gateway.organisation import TOPIC, OrganisationReader

    bus = MemoryBus()
    await bus.ensure_topics({TOPIC: 8})
    directory = OrganisationDirectory()
    task = asyncio.create_task(OrganisationReader(bus, directory, ZoneInfo("UTC")).run())
    await asyncio.sleep(0.05)
    task.cancel()
    assert directory.loaded


async def test_only_requests_that_depend_on_the_directory_are_refused_while_it_loads(harness: GatewayHarness):
    directory = harness.gateway.directory
    async with signed_in_as(harness, "rep", rep_id="anna") as anna, signed_in_as(harness, "director") as director:
        directory.loaded = False
        try:
            assert status_and_code(await anna.get("/v1/opportunities")) == (503, "starting")
            assert (await director.get("/v1/opportunities")).status_code == 200
        finally:
            directory.loaded = True
        assert (await anna.get("/v1/opportunities")).status_code == 200
