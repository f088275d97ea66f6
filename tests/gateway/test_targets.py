"""Targets by scope: a rep has access to own targets, a manager to those led, a director to all."""
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from chassis.http.access import Scope
from tests.gateway.harness import GatewayHarness
from tests.gateway.scenarios import company_harness, event, new_client, signed_in_as, status_and_code

pytestmark = pytest.mark.slow
SCOPES: dict[str, dict[str, str]] = {
    "all": {}, "anna": {"rep": "anna"}, "cleo": {"rep": "cleo"}, "hill": {"team": "Hill"}, "lake": {"team": "Lake"},
    "west": {"region": "West"}, "east": {"region": "East"}, "hardware": {"business_line": "hardware"},
    "hill-hardware": {"team": "Hill", "business_line": "hardware"}, "west-kind": {"region": "West", "kind": "visit"}}
PATHS = ("/v1/targets/2026-02", "/v1/targets/2026-02/attainment")


@pytest.fixture(scope="module")
async def harness(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayHarness]:
    """Two visits on 2 February, by anna and by cleo; a target of activities for every scope."""
    async with company_harness(tmp_path_factory.mktemp("harness")) as running:
        visits = [event("crm.activity.logged.v1", f"v-{rep}", activity_id=f"v-{rep}", kind="visit", rep_id=rep,
                        subject={"kind": "opportunity", "id": f"deal-{rep}"}, business_line="hardware")
                  | {"time": "2026-02-02T12:00:00Z"} for rep in ("anna", "cleo")]
        assert (await running.publish(*visits)).status_code == 202
        hired = [event("crm.employee.assigned.v1", f"early-{id}", employee_id=id, name=id, team=team, region=region)
                 | {"time": "2026-01-01T00:00:00Z"} for id, team, region in (("anna", "Hill", "West"),
                                                                          ("cleo", "Lake", "East"))]
        assert (await running.publish(*hired)).status_code == 202
        response = await running.client.put(PATHS[0], json=[
            {"measure": "activities", "scope": scope, "value": 4} for scope in SCOPES.values()])
        assert response.status_code == 200, response.text
        yield running


async def visible_targets(browser: httpx.AsyncClient, path: str) -> set[str]:
    response = await browser.get(path)
    assert response.status_code == 200, response.text
    names = {tuple(sorted(scope.items())): name for name, scope in SCOPES.items()}
    return {names[tuple(sorted(item["scope"].items()))] for item in response.json()["items"]}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("role", "labels", "own"), [
    ("rep", {"rep_id": "anna"}, {"anna"}),
    ("manager", {"rep_id": "max"}, {"anna", "hill", "west", "hill-hardware", "west-kind"}),
    ("manager", {"rep_id": "nora"}, {"cleo", "lake", "east"}),
    ("manager", {"team": "Hill"}, {"anna", "hill", "west", "hill-hardware", "west-kind"}),
    ("manager", {"region": "East"}, {"cleo", "lake", "east"}),
    ("manager", {"business_line": "hardware"}, {"hardware", "hill-hardware"}),
    ("manager", {"region": "West", "business_line": "hardware"}, {"hill-hardware"}),
    ("manager", {"region": "Unknown"}, set()),
    ("analyst", {}, set(SCOPES)), ("director", {}, set(SCOPES)), ("admin", {}, set(SCOPES)),
])
async def test_each_role_lists_the_targets_of_its_scope(
    harness: GatewayHarness, role: str, labels: dict[str, str], own: set[str], path: str,
):
    async with signed_in_as(harness, role, **labels) as browser:
        assert await visible_targets(browser, path) == own


async def test_the_only_rep_of_a_team_has_no_access_to_its_team_target(harness: GatewayHarness):
    """A manager with the same single person in the team has access."""
    response = await harness.publish(event("crm.employee.assigned.v1", "dora", employee_id="dora", name="Dora",
                                         team="Solo",
                                      region="Isle", roles=["rep"]))
    assert response.status_code == 202
    solo = {"measure": "activities", "scope": {"team": "Solo"}, "value": 1}
    assert (await harness.client.put("/v1/targets/2026-05", json=[solo])).status_code == 200
    async with signed_in_as(harness, "rep", rep_id="dora") as dora, signed_in_as(harness, "manager",
                                                                                 rep_id="dora") as leader:
        assert (await dora.get("/v1/targets/2026-05")).json()["items"] == []
        assert len((await leader.get("/v1/targets/2026-05")).json()["items"]) == 1


async def test_a_team_with_a_member_of_another_manager_is_not_visible_as_a_whole(harness: GatewayHarness):
    moved = event("crm.employee.assigned.v1", "eve", employee_id="eve", name="Eve", team="Lake", region="West",
                  manager_id="max", roles=["rep"])
    assert (await harness.publish(moved)).status_code == 202
    try:
        async with signed_in_as(harness, "manager", rep_id="nora") as nora, signed_in_as(harness, "manager",
                                                                                         rep_id="max") as max:
            assert "lake" not in await visible_targets(nora, PATHS[0]) | await visible_targets(max, PATHS[0])
            assert "east" in await visible_targets(nora, PATHS[0]) and "west" in await visible_targets(max, PATHS[0])
    finally:
        await harness.publish(event("crm.employee.left.v1", "eve-left", employee_id="eve"))


async def test_the_attainment_is_equal_for_manager_and_director(harness: GatewayHarness):
    async with signed_in_as(harness, "manager", rep_id="max") as manager, signed_in_as(harness, "director") as director:
        own = {str(i["scope"]): i for i in (await manager.get(PATHS[1])).json()["items"]}
        all_items = {str(i["scope"]): i for i in (await director.get(PATHS[1])).json()["items"]}
        assert own and all(all_items[scope] == item for scope, item in own.items())
        assert {i["actual"] for i in own.values()} == {1} and {i["attainment"] for i in own.values()} == {0.25}
        assert all_items["{}"]["actual"] == 2


async def test_a_figure_has_the_target_of_its_scope(harness: GatewayHarness):
    async def targets_of(browser: httpx.AsyncClient, query: str = "") -> dict[str | None, Any]:
        rows = (await browser.get(f"/v1/kpis/activities?period=2026-02{query}")).json()["rows"]
        return {next(iter(r["dimensions"].values()), None): (r["value"], r.get("target"), r.get("attainment"))
                for r in rows}

    async with signed_in_as(harness, "manager", rep_id="max") as manager, signed_in_as(harness, "rep",
                                                                                       rep_id="anna") as rep:
        assert await targets_of(manager) == {None: (1, 4, 0.25)}, "the scope of the manager is exactly the team Hill"
        assert await targets_of(manager, "&by=team") == {"Hill": (1, 4, 0.25)}
        assert await targets_of(manager, "&by=region") == {"West": (1, 4, 0.25)}
        assert await targets_of(manager, "&by=rep") == {"anna": (1, 4, 0.25)}
        assert await targets_of(rep) == {None: (1, 4, 0.25)}
        assert (await targets_of(rep, "&by=region"))["West"] == (1, None, None), "not within the scope of a rep"
        board = (await manager.get("/v1/boards/activities?period=2026-02")).json()
        [tile] = [t for t in board["tiles"] if t["measure"] == "activities" and not t["by"] and t["grain"] == "total"]
        assert tile["rows"][0]["target"] == 4
    assert await targets_of(harness.client) == {None: (2, 4, 0.5)}


async def test_targets_can_be_set_only_within_the_scope(harness: GatewayHarness):
    key, _ = await harness.gateway.keys.create("west", ["targets:write", "figures:read"],
                                                      scope=Scope(regions=("West",)))
    async with new_client(harness, authorization=f"Bearer {key}") as program:
        for name in ("west", "hill", "anna", "west-kind"):
            body = [{"measure": "activities", "scope": SCOPES[name], "value": 5}]
            response = await program.put("/v1/targets/2026-03", json=body)
            assert response.status_code == 200, response.text
        for name in ("all", "east", "lake", "cleo", "hardware"):
            body = [{"measure": "activities", "scope": SCOPES[name], "value": 5} for name in ("west", name)]
            response = await program.put("/v1/targets/2026-03", json=body)
            assert status_and_code(response) == (403, "outside_scope")
            assert [e["pointer"] for e in response.json()["errors"]] == ["/1/scope"]
    stored = (await harness.client.get("/v1/targets/2026-03")).json()["items"]
    assert len(stored) == 4
    async with signed_in_as(harness, "manager", rep_id="max") as manager:
        body = [{"measure": "activities", "scope": SCOPES["west"], "value": 5}]
        assert status_and_code(await manager.put("/v1/targets/2026-03", json=body)) == (403, "not_permitted")
