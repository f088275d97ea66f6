"""Who works where and under whom, from the seed and from events in any order."""
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


def heard(*events: tuple[Any, date], tree: OrganisationDirectory | None = None) -> OrganisationDirectory:
    made = tree or OrganisationDirectory()
    for n, (event, day) in enumerate(events):
        made.apply(event, (datetime(day.year, day.month, day.day, tzinfo=UTC), "/hr", f"e{n}"), day)
    return made


def hired(id: str, **more: Any) -> EmployeeAssigned:
    return EmployeeAssigned(employee_id=id, name=id.title(), **more)


def test_the_seed_stands_until_an_event_speaks_of_somebody():
    tree = seeded({"employee_id": "anna", "name": "Seed", "team": "Old", "roles": ["rep"]}, {"employee_id": "bert"})
    assert tree.employees()["anna"].team == "Old"
    heard((hired("anna", team="New"), BEFORE), tree=tree)
    assert (tree.employees()["anna"].name, tree.employees()["anna"].team, tree.employees()["anna"].roles) == ("Anna",
                                                                                                              "New", ())
    assert tree.employees()["bert"].rep_id == "bert"


@pytest.mark.parametrize("employees", [
    "anna", [["anna"]], [{"name": "x"}], [{"employee_id": "a b"}], [{"employee_id": "a", "role": "rep"}],
    [{"employee_id": "a", "roles": "rep"}], [{"employee_id": "a", "roles": ["king"]}],
    [{"employee_id": "a", "team": 7}],
])
def test_a_seed_that_cannot_be_meant_is_said_before_anybody_is_let_in(employees: Any):
    body = {"name": "organisation", "version": 1, "employees": employees}
    with pytest.raises(DefinitionError, match=r"organisation\.yaml"):
        OrganisationDirectory(Definitions([Definition("organisation", "organisation", 1, body, "organisation.yaml")]))


def test_an_assignment_counts_from_its_day():
    tree = heard((hired("anna", team="Hill", effective_on=BEFORE), BEFORE),
                 (hired("anna", team="Lake", effective_on=LATER), BEFORE))
    assert tree.employees()["anna"].team == "Hill"


def test_who_left_or_was_erased_is_nobody_any_more():
    tree = heard((hired("anna"), BEFORE), (hired("bert"), BEFORE), (hired("cleo"), BEFORE),
                 (EmployeeLeft(employee_id="anna"), TODAY), (EmployeeErased(employee_id="bert"), TODAY),
                 (EmployeeLeft(employee_id="cleo", effective_on=LATER), TODAY))
    assert set(tree.employees()) == {"cleo"}


def test_the_order_of_hearing_does_not_matter_for_where_somebody_works():
    said = (("A", BEFORE, "1"), ("B", TODAY, "2"), ("C", TODAY, "3"))
    events = [(hired("anna", team=team, effective_on=day), (stamp,)) for team, day, stamp in said]
    for order in permutations(events):
        tree = OrganisationDirectory()
        for event, stamp in order:
            tree.apply(event, stamp, TODAY)
        assert tree.employees()["anna"].team == "C"


def test_below_a_manager_is_the_whole_subtree_and_a_circle_ends():
    under = {"top": None, "mid": "top", "low": "mid", "x": "y", "y": "x"}
    tree = heard(*((hired(id, manager_id=manager), BEFORE) for id, manager in under.items()))
    assert tree.reports_of("top") == ("low", "mid", "top") and tree.reports_of("mid") == ("low", "mid")
    assert tree.reports_of("x") == ("x", "y") and tree.reports_of("nobody") == ("nobody",)


def test_a_login_that_two_share_is_nobodys():
    tree = heard((hired("anna", login="Anna@Example.test"), BEFORE), (hired("bert", login="b@x.test"), BEFORE),
                 (hired("bob", login="B@X.test"), BEFORE))
    found = tree.by_login("anna@example.test")
    assert found is not None and found.rep_id == "anna"
    assert tree.by_login("b@x.test") is None and tree.by_login("none") is None


def test_what_a_role_sees():
    tree = heard((hired("max", team="Hill"), BEFORE), (hired("anna", team="Hill", manager_id="max"), BEFORE))
    assert tree.scope(("rep",), "anna", None) == Scope(reps=("anna",))
    assert tree.scope(("manager",), "max", None) == Scope(reps=("anna", "max"), whole_teams=("Hill",))
    assert tree.scope(("manager",), None, None) == NOTHING
    assert tree.scope(("manager",), None, Scope(teams=("Hill",), regions=("W",))) == Scope(
        reps=("anna", "max"), regions=("W",))
    assert tree.scope(("manager",), None, Scope(teams=("Unknown",))) == Scope(teams=("Unknown",))


def test_roles_that_we_do_not_know_are_none():
    assert heard((hired("anna", roles=("king", "rep")), BEFORE)).employees()["anna"].roles == ("rep",)


async def test_nobody_is_judged_by_half_a_tree_and_reading_ends_where_it_had_come_to():
    """A gateway that begins anew reads all that was said before; until then, who depends on it comes again."""
    from chassis.adapters.memory import MemoryBus
    from chassis.messages.envelope import encode
    from services.gateway.organisation import TOPIC, OrganisationReader

    bus = MemoryBus()
    await bus.ensure_topics({TOPIC: 8})
    at = utc_now()
    await bus.publish([encode(hired(id), id=f"e-{id}", source="/hr", time=at) for id in ("a", "b", "c", "d")])
    tree = OrganisationDirectory()
    seen: list[tuple[int, bool]] = []
    hear = tree.apply

    def noted(*words: Any) -> None:
        seen.append((len(tree.employees()), tree.loaded))
        hear(*words)

    tree.apply = noted  # type: ignore[method-assign]
    task = asyncio.create_task(OrganisationReader(bus, tree, ZoneInfo("UTC")).run())

    async def read() -> bool:
        return len(tree.employees()) == 4 and tree.loaded

    try:
        await until(read, "all that was said is read")
    finally:
        task.cancel()
    assert seen == [(0, False), (1, False), (2, False), (3, False)]


async def test_an_empty_organisation_is_whole_at_once():
    from chassis.adapters.memory import MemoryBus
    from services.gateway.organisation import TOPIC, OrganisationReader

    bus = MemoryBus()
    await bus.ensure_topics({TOPIC: 8})
    tree = OrganisationDirectory()
    task = asyncio.create_task(OrganisationReader(bus, tree, ZoneInfo("UTC")).run())
    await asyncio.sleep(0.05)
    task.cancel()
    assert tree.loaded


async def test_who_depends_on_the_tree_is_asked_to_come_again_and_others_are_not(harness: GatewayHarness):
    tree = harness.gateway.directory
    async with signed_in_as(harness, "rep", rep_id="anna") as anna, signed_in_as(harness, "director") as director:
        tree.loaded = False
        try:
            assert status_and_code(await anna.get("/v1/opportunities")) == (503, "starting")
            assert (await director.get("/v1/opportunities")).status_code == 200
        finally:
            tree.loaded = True
        assert (await anna.get("/v1/opportunities")).status_code == 200
