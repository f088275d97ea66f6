"""Whose targets one sees and sets: a rep his own, who leads a team, a region or a line also theirs, a director all."""
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
    """Two visits on the second of February, of anna and of cleo; a target of visits for everybody and everything."""
    async with company_harness(tmp_path_factory.mktemp("harness")) as made:
        visits = [event("crm.activity.logged.v1", f"v-{rep}", activity_id=f"v-{rep}", kind="visit", rep_id=rep,
                        subject={"kind": "opportunity", "id": f"deal-{rep}"}, business_line="hardware")
                  | {"time": "2026-02-02T12:00:00Z"} for rep in ("anna", "cleo")]
        assert (await made.publish(*visits)).status_code == 202
        hired = [event("crm.employee.assigned.v1", f"early-{id}", employee_id=id, name=id, team=team, region=region)
                 | {"time": "2026-01-01T00:00:00Z"} for id, team, region in (("anna", "Hill", "West"),
                                                                          ("cleo", "Lake", "East"))]
        assert (await made.publish(*hired)).status_code == 202
        answer = await made.client.put(PATHS[0], json=[
            {"measure": "activities", "scope": scope, "value": 4} for scope in SCOPES.values()])
        assert answer.status_code == 200, answer.text
        yield made


async def seen(browser: httpx.AsyncClient, path: str) -> set[str]:
    answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    names = {tuple(sorted(scope.items())): name for name, scope in SCOPES.items()}
    return {names[tuple(sorted(item["scope"].items()))] for item in answer.json()["items"]}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("role", "place", "own"), [
    ("rep", {"rep_id": "anna"}, {"anna"}),
    ("manager", {"rep_id": "max"}, {"anna", "hill", "west", "hill-hardware", "west-kind"}),
    ("manager", {"rep_id": "nora"}, {"cleo", "lake", "east"}),
    ("manager", {"team": "Hill"}, {"anna", "hill", "west", "hill-hardware", "west-kind"}),
    ("manager", {"region": "East"}, {"cleo", "lake", "east"}),
    ("manager", {"business_line": "hardware"}, {"hardware", "hill-hardware"}),
    ("manager", {"region": "West", "business_line": "hardware"}, {"hill-hardware"}),
    ("manager", {"region": "Nowhere"}, set()),
    ("analyst", {}, set(SCOPES)), ("director", {}, set(SCOPES)), ("admin", {}, set(SCOPES)),
])
async def test_a_role_sees_the_targets_of_what_it_leads(
    harness: GatewayHarness, role: str, place: dict[str, str], own: set[str], path: str,
):
    async with signed_in_as(harness, role, **place) as browser:
        assert await seen(browser, path) == own


async def test_a_rep_who_is_alone_in_a_team_does_not_lead_it(harness: GatewayHarness):
    """Team and region of one person are that person's only in the eyes of whoever leads."""
    answer = await harness.publish(event("crm.employee.assigned.v1", "dora", employee_id="dora", name="Dora",
                                         team="Solo",
                                      region="Isle", roles=["rep"]))
    assert answer.status_code == 202
    solo = {"measure": "activities", "scope": {"team": "Solo"}, "value": 1}
    assert (await harness.client.put("/v1/targets/2026-05", json=[solo])).status_code == 200
    async with signed_in_as(harness, "rep", rep_id="dora") as dora, signed_in_as(harness, "manager",
                                                                                 rep_id="dora") as leader:
        assert (await dora.get("/v1/targets/2026-05")).json()["items"] == []
        assert len((await leader.get("/v1/targets/2026-05")).json()["items"]) == 1


async def test_a_team_of_which_somebody_is_led_by_another_is_not_seen_as_a_whole(harness: GatewayHarness):
    moved = event("crm.employee.assigned.v1", "eve", employee_id="eve", name="Eve", team="Lake", region="West",
                  manager_id="max", roles=["rep"])
    assert (await harness.publish(moved)).status_code == 202
    try:
        async with signed_in_as(harness, "manager", rep_id="nora") as nora, signed_in_as(harness, "manager",
                                                                                         rep_id="max") as max:
            assert "lake" not in await seen(nora, PATHS[0]) | await seen(max, PATHS[0])
            assert "east" in await seen(nora, PATHS[0]) and "west" in await seen(max, PATHS[0])
    finally:
        await harness.publish(event("crm.employee.left.v1", "eve-left", employee_id="eve"))


async def test_a_target_is_as_far_reached_for_who_leads_as_for_a_director(harness: GatewayHarness):
    async with signed_in_as(harness, "manager", rep_id="max") as manager, signed_in_as(harness, "director") as director:
        own = {str(i["scope"]): i for i in (await manager.get(PATHS[1])).json()["items"]}
        whole = {str(i["scope"]): i for i in (await director.get(PATHS[1])).json()["items"]}
        assert own and all(whole[scope] == item for scope, item in own.items())
        assert {i["actual"] for i in own.values()} == {1} and {i["attainment"] for i in own.values()} == {0.25}
        assert whole["{}"]["actual"] == 2


async def test_a_figure_shows_the_target_of_what_it_is_of(harness: GatewayHarness):
    async def aims(browser: httpx.AsyncClient, query: str = "") -> dict[str | None, Any]:
        rows = (await browser.get(f"/v1/kpis/activities?period=2026-02{query}")).json()["rows"]
        return {next(iter(r["dimensions"].values()), None): (r["value"], r.get("target"), r.get("attainment"))
                for r in rows}

    async with signed_in_as(harness, "manager", rep_id="max") as manager, signed_in_as(harness, "rep",
                                                                                       rep_id="anna") as rep:
        assert await aims(manager) == {None: (1, 4, 0.25)}, "all that he sees is the team Hill, no more and no less"
        assert await aims(manager, "&by=team") == {"Hill": (1, 4, 0.25)}
        assert await aims(manager, "&by=region") == {"West": (1, 4, 0.25)}
        assert await aims(manager, "&by=rep") == {"anna": (1, 4, 0.25)}
        assert await aims(rep) == {None: (1, 4, 0.25)}
        assert (await aims(rep, "&by=region"))["West"] == (1, None, None), "the region's target is not his"
        board = (await manager.get("/v1/boards/activities?period=2026-02")).json()
        [tile] = [t for t in board["tiles"] if t["measure"] == "activities" and not t["by"] and t["grain"] == "total"]
        assert tile["rows"][0]["target"] == 4
    assert await aims(harness.client) == {None: (2, 4, 0.5)}


async def test_who_may_set_targets_sets_only_those_of_what_he_leads(harness: GatewayHarness):
    key, _ = await harness.gateway.keys.create("west", ["targets:write", "figures:read"],
                                                      scope=Scope(regions=("West",)))
    async with new_client(harness, authorization=f"Bearer {key}") as program:
        for name in ("west", "hill", "anna", "west-kind"):
            body = [{"measure": "activities", "scope": SCOPES[name], "value": 5}]
            answer = await program.put("/v1/targets/2026-03", json=body)
            assert answer.status_code == 200, answer.text
        for name in ("all", "east", "lake", "cleo", "hardware"):
            body = [{"measure": "activities", "scope": SCOPES[name], "value": 5} for name in ("west", name)]
            answer = await program.put("/v1/targets/2026-03", json=body)
            assert status_and_code(answer) == (403, "outside_scope")
            assert [e["pointer"] for e in answer.json()["errors"]] == ["/1/scope"]
    set_now = (await harness.client.get("/v1/targets/2026-03")).json()["items"]
    assert len(set_now) == 4
    async with signed_in_as(harness, "manager", rep_id="max") as manager:
        body = [{"measure": "activities", "scope": SCOPES["west"], "value": 5}]
        assert status_and_code(await manager.put("/v1/targets/2026-03", json=body)) == (403, "not_permitted")
