"""Scope: callers reach only their own records by reads, lists, counts, figures, exports, searches and writes."""
import csv
import io
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from chassis.domain.definitions import read_directory
from chassis.http.access import EVERYTHING, NOTHING, Access, Scope, narrow, use_access
from chassis.http.problems import ProblemError
from chassis.ports import AnyOf, Between, Contains
from chassis.service.access_rules import PUBLIC, SIGNED_IN
from chassis.service.discovery import find_service, internal_services
from services.gateway.permissions import ROLES, granted_by_role, permission_texts
from services.gateway.routes import CONSOLE, access_rules, rule_for
from services.kpi.queries.figures import FigureReader, Slice
from services.kpi.queries.reference_data import ReferenceData
from tests.gateway.harness import GatewayHarness
from tests.gateway.scenarios import OWNERS, PEOPLE, company_harness, event, new_client, signed_in_as, status_and_code
from tests.support.running_service import DEFINITIONS

pytestmark = pytest.mark.slow
IDS = ("opportunity_id", "lead_id", "customer_id", "activity_id", "rep_id", "id")
OWN, FOREIGN = OWNERS


@pytest.fixture(scope="module")
async def harness(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayHarness]:
    async with company_harness(tmp_path_factory.mktemp("harness")) as running:
        yield running


# --- roles and routes ------------------------------------------------------------------------------------------------


async def test_every_route_of_every_service_has_an_access_rule(harness: GatewayHarness):
    """The gateway refuses a route without a rule: this test names it."""
    paths = (await harness.client.get("/openapi.json")).json()["paths"]
    for path, methods in paths.items():
        plain = re.sub(r"\{[^}]+\}", "x", path)
        for method in methods:
            rule = rule_for(method.upper(), plain)
            assert rule is not None, f"no rule names {method.upper()} {path}"
            assert rule is not CONSOLE, f"{method.upper()} {path} is handled as a page of the console"
            assert rule.permission in {*permission_texts(), PUBLIC, SIGNED_IN}


def test_every_write_is_audited():
    reads = {"/v1/kpis/query", "/v1/targets/solve", "/v1/sign-out"}
    for rule in access_rules():
        unaudited = rule.methods & {"POST", "PUT", "PATCH", "DELETE"} and not rule.audited
        assert not unaudited or rule.path in reads, rule.path


def test_every_permission_belongs_to_a_role_and_only_the_admin_has_all():
    assert granted_by_role()["admin"] == set(permission_texts())
    assert not [r for r, granted in granted_by_role().items() if r != "admin" and granted >= set(permission_texts())]
    assert set().union(*(g for r, g in granted_by_role().items())) == set(permission_texts())
    assert "organisation:write" not in set().union(*(g for r, g in granted_by_role().items() if r != "admin"))


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_is_refused_routes_without_its_permission(harness: GatewayHarness, role: str):
    paths = {"deals:read": "/v1/opportunities", "leads:read": "/v1/leads", "customers:read": "/v1/customers",
             "figures:read": "/v1/boards", "operate:read": "/v1/lag", "audit:read": "/v1/audit",
             "definitions:read": "/v1/definitions", "surveys:write": "/v1/surveys/after_win/invitations",
             "people:read": "/v1/reps", "issues:read": "/v1/issues", "process:read": "/v1/blueprints",
             "segments:read": "/v1/segments", "surveys:read": "/v1/surveys"}
    async with signed_in_as(harness, role, rep_id="anna") as browser:
        for permission, path in paths.items():
            response = await browser.get(path)
            expected = (200, None) if permission in granted_by_role()[role] else (403, "not_permitted")
            assert status_and_code(response) == expected, f"{role} at {path}"


async def test_an_analyst_has_no_access_to_names(harness: GatewayHarness):
    async with signed_in_as(harness, "analyst") as analyst:
        assert (await analyst.get("/v1/segments")).status_code == 200
        for path in ("/v1/segments/lost/members", "/v1/customers", "/v1/opportunities", "/v1/leads"):
            assert status_and_code(await analyst.get(path)) == (403, "not_permitted")


async def test_a_caller_without_a_role_has_no_scope(harness: GatewayHarness):
    found = harness.gateway.directory.scope((), None, None)
    assert found == NOTHING and not found.matches({"rep_id": None})


# --- records outside the scope ---------------------------------------------------------------------------------------


def records(rep: str) -> list[str]:
    deal, lead, customer = f"/v1/opportunities/deal-{rep}", f"/v1/leads/lead-{rep}", f"/v1/customers/customer-{rep}"
    return [deal, f"{deal}/history", f"{deal}/transitions", f"{deal}/overview", lead, f"{lead}/score",
            f"{lead}/history", customer, f"{customer}?as_of=2026-01-01", f"/v1/reps/{rep}"]


@pytest.mark.parametrize("path", records(FOREIGN))
async def test_a_foreign_record_is_a_404_like_an_unknown_one(harness: GatewayHarness, path: str):
    own = path.replace(FOREIGN, OWN)
    unknown = path.replace(FOREIGN, "unknown")
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        assert (await anna.get(own)).status_code == 200
        foreign, absent = await anna.get(path), await anna.get(unknown)
        assert status_and_code(foreign) == status_and_code(absent) == (404, "not_found")
        assert foreign.json()["detail"].replace(FOREIGN, "unknown") == absent.json()["detail"]


async def test_every_readable_path_with_an_id_is_tested_or_has_no_owner(harness: GatewayHarness):
    """A new path of a scoped service belongs into `records` or into the pattern of paths without an owner."""
    without_owner = re.compile(
        r"/v1/(blueprints|business-lines|surveys|kpis|boards|targets|funnels|forecasts|segments|dead-letters|campaigns"
        r"|anomalies|teams|definitions|webhooks)\b.*|/s/.*|/v1/issues/\{.*|/v1/reps/\{[^}]+\}/.*|/v1/sign-in.*")
    tested = {re.sub(r"\?.*", "", p) for p in records("x")}
    for path, methods in (await harness.client.get("/openapi.json")).json()["paths"].items():
        if "get" in methods and "{" in path and not without_owner.fullmatch(path):
            kind = path.split("/")[2]
            name = {"opportunities": "deal-x", "leads": "lead-x", "customers": "customer-x", "reps": "x"}[kind]
            assert re.sub(r"\{[^}]+\}", name, path) in tested, f"{path} is not tested with a foreign record"


# --- lists, counts, figures ------------------------------------------------------------------------------------------

LISTS = ["/v1/activities", "/v1/opportunities", "/v1/leads", "/v1/customers", "/v1/reps", "/v1/opportunities?q=deal",
         "/v1/leads?q=lead", "/v1/customers?q=firm", "/v1/opportunities?sort=-updated", "/v1/opportunities?rep_id=cleo",
         "/v1/leads?rep_id=cleo", "/v1/customers?rep_id=cleo", "/v1/opportunities?region=East",
         "/v1/search?q=deal", "/v1/search?q=lead", "/v1/search?q=firm", "/v1/search?q=cleo",
         "/v1/kpis/opportunities_opened/records", "/v1/kpis/visits/records", "/v1/kpis/open_pipeline/records",
         "/v1/customers?id=customer-cleo&id=customer-anna"]


@pytest.mark.parametrize("path", LISTS)
async def test_a_list_has_own_records_only(harness: GatewayHarness, path: str):
    assert FOREIGN in (await harness.client.get(path)).text, "the admin has access to both"
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        response = await anna.get(path)
        assert response.status_code == 200, response.text
        text = response.text.replace('"q":"cleo"', "")
        assert FOREIGN not in text and "nora" not in text
        if FOREIGN not in path and "East" not in path:
            assert OWN in text, "own records are listed"


async def test_all_pages_of_a_list_have_own_records_only(harness: GatewayHarness):
    async with signed_in_as(harness, "manager", rep_id="max") as manager:
        listed: list[str] = []
        path: str | None = "/v1/opportunities?limit=1"
        while path:
            response = await manager.get(path)
            listed += [i["rep_id"] for i in response.json()["items"]]
            path = response.links.get("next", {}).get("url")
        assert set(listed) == {"anna"}


async def test_an_export_has_own_records_only(harness: GatewayHarness):
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        response = await anna.get("/v1/opportunities", headers={"accept": "text/csv"})
        rows = list(csv.DictReader(io.StringIO(response.text, newline="")))
        assert {r["rep_id"] for r in rows} == {OWN}
        assert rows[0]["amount.currency"] == "EUR"


async def test_an_export_without_a_limit_has_all_rows_and_one_with_a_limit_a_next_link(harness: GatewayHarness):
    client = harness.client
    count = len((await client.get("/v1/opportunities?limit=500")).json()["items"])
    assert count >= 2
    for path, expected in (("/v1/opportunities", count), ("/v1/opportunities?limit=1", 1)):
        response = await client.get(path, headers={"accept": "text/csv"})
        assert len(list(csv.DictReader(io.StringIO(response.text, newline="")))) == expected
        assert ("next" in response.links) == (expected == 1)
    rows = [r async for r in _pages(client)]
    assert len(rows) == count


async def test_lists_of_the_gateway_are_exported_like_those_of_services(harness: GatewayHarness):
    for path, column in (("/v1/reps", "rep_id"), ("/v1/definitions", "name"), ("/v1/audit", "path"),
                         ("/v1/dead-letters", "id"), ("/v1/search?q=deal", "id")):
        listed = (await harness.client.get(f"{path}{'&' if '?' in path else '?'}limit=50")).json()["items"]
        response = await harness.client.get(path, headers={"accept": "text/csv"})
        rows = list(csv.DictReader(io.StringIO(response.text, newline="")))
        assert response.headers["content-type"].startswith("text/csv") and len(rows) >= len(listed), path
        assert not listed or rows[0][column] == listed[0][column]
    [first] = csv.DictReader(io.StringIO(
        (await harness.client.get("/v1/reps?limit=1", headers={"accept": "text/csv"})).text, newline=""))
    assert first["rep_id"] == "anna"
    assert status_and_code(await harness.client.get("/v1/me", headers={"accept": "text/csv"})) == (200, None)
    assert status_and_code(await harness.client.get("/v1/lag", headers={"accept": "text/csv"})) == (406, "no_list")
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        response = await anna.get("/v1/reps", headers={"accept": "text/csv"})
        assert [r["rep_id"] for r in csv.DictReader(io.StringIO(response.text, newline=""))] == [OWN]


async def _pages(client: Any) -> AsyncIterator[dict[str, str]]:
    path: str | None = "/v1/opportunities?limit=1"
    while path:
        response = await client.get(path, headers={"accept": "text/csv"})
        for row in csv.DictReader(io.StringIO(response.text, newline="")):
            yield row
        path = response.links.get("next", {}).get("url")


async def test_counts_and_sums_are_of_own_records_only(harness: GatewayHarness):
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        columns = (await anna.get("/v1/opportunities/board")).json()["columns"]
        all_columns = (await harness.client.get("/v1/opportunities/board")).json()["columns"]
        own, total = (sum(c["count"] for c in found) for found in (columns, all_columns))
        assert 0 < own == len((await anna.get("/v1/opportunities")).json()["items"]) < total
        funnel = (await anna.get("/v1/funnels/hardware")).json()["stages"]
        assert funnel[0]["reached"] == own
        segments = (await anna.get("/v1/segments")).json()
        assert segments["customers"] <= 1


@pytest.mark.parametrize("query", ["", "?by=rep", "?by=region", "?by=team", "?where=rep:cleo", "?where=region:East",
                                   "?by=rep&where=rep:cleo&where=rep:anna", "?compare=previous&by=rep"])
async def test_a_figure_counts_own_records_only(harness: GatewayHarness, query: str):
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        for measure in ("opportunities_opened", "visits", "open_pipeline", "leads_captured"):
            response = await anna.get(f"/v1/kpis/{measure}{query}")
            rows = response.json()["rows"]
            foreign = ("cleo" in query and "anna" not in query) or "East" in query
            assert {r["value"] for r in rows if r["value"]} == (set() if foreign else {1}), f"{measure}{query}: {rows}"
            assert not {FOREIGN, "nora", "East", "Lake"} & {v for r in rows for v in r["dimensions"].values()}


async def test_multiple_queries_and_boards_count_own_records_only(harness: GatewayHarness):
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        queries = [{"measure": "opportunities_opened"}, {"measure": "visits", "by": ["rep"]}]
        found = (await anna.post("/v1/kpis/query", json=queries)).json()["items"]
        assert [sum(r["value"] for r in item["rows"]) for item in found] == [1, 1]
        board = (await anna.get("/v1/boards/activities")).json()
        assert [tile["by"] for tile in board["tiles"]][-2:] == [["rep"], ["team"]]
        assert FOREIGN not in str(board)


async def test_a_measure_that_cannot_be_limited_by_the_scope_is_refused():
    """Every shipped measure has rep, team, region and line; without them a limited caller would get 0."""
    catalogue = find_service("kpi").build(read_directory(DEFINITIONS)).extra.catalogue
    undivided = replace(catalogue.measures["opportunities_won"], dimensions=("kind",))
    changed = replace(catalogue, measures={**catalogue.measures, "opportunities_won": undivided})
    ratio = changed.measures["win_rate"]
    assert "opportunities_won" in (*ratio.numerator, *ratio.denominator)
    for measure in (undivided, ratio):
        assert not FigureReader(changed, None, ReferenceData(), {}).exceeds_scope(measure)
        limited = FigureReader(changed, None, ReferenceData(), {"team": frozenset({"Hill"})})
        assert limited.exceeds_scope(measure)
        with pytest.raises(ProblemError) as refused:
            await limited.figures(measure, (), Slice((), {}))
        assert (refused.value.status, refused.value.code) == (403, "beyond_scope")
    limited = FigureReader(changed, None, ReferenceData(), {"team": frozenset({"Hill"})})
    assert not limited.exceeds_scope(changed.measures["visits"])


async def test_targets_of_others_are_not_shown(harness: GatewayHarness):
    targets = [{"measure": "visits", "scope": {"rep": rep}, "value": 10} for rep in OWNERS]
    assert (await harness.client.put("/v1/targets/2026-01", json=[*targets, {"measure": "visits",
                                                                             "value": 99}])).is_success
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        for path in ("/v1/targets/2026-01", "/v1/targets/2026-01/attainment"):
            assert [t["scope"] for t in (await anna.get(path)).json()["items"]] == [{"rep": OWN}]
        rows = (await anna.get("/v1/kpis/visits?period=2026-01&where=rep:cleo")).json()["rows"]
        assert "target" not in str(rows)


@pytest.mark.parametrize("query", ["", "?as_of=2100-01-01"])
async def test_segments_have_own_customers_only_but_the_cut_offs_of_all(
    harness: GatewayHarness, query: str,
):
    for rep in OWNERS:
        response = await harness.publish(event(
            "crm.order.placed.v1", f"order-{rep}", order_id=f"order-{rep}", customer_id=f"customer-{rep}",
            amount={"amount_minor": 100 if rep == OWN else 900, "currency": "EUR"}))
        assert response.status_code == 202, response.text
    total = (await harness.client.get(f"/v1/segments{query}")).json()
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        own = (await anna.get(f"/v1/segments{query}")).json()
        assert (total["customers"], own["customers"]) == (2, 1)
        assert own["cutoffs"] == total["cutoffs"]
        names = []
        for segment in own["items"]:
            members = (await anna.get(f"/v1/segments/{segment['name']}/members{query}")).json()["items"]
            assert len(members) == segment["members"]
            names += [m["customer_id"] for m in members]
        assert names == [f"customer-{OWN}"]
        cells = (await anna.get(f"/v1/segments/rfm/matrix{query}")).json()["cells"]
        assert sum(c["customers"] for c in cells) == 1 and sum(c["monetary_minor"] for c in cells) == 100


async def test_a_target_changed_meanwhile_is_not_overwritten(harness: GatewayHarness):
    async def put(value: int, rev: int | None) -> Any:
        return await harness.client.put("/v1/targets/2026-02", json=[{"measure": "visits", "value": value, "rev": rev}])

    [first] = (await put(10, 0)).json()["items"]
    [second] = (await put(20, first["rev"])).json()["items"]
    stale = await put(30, first["rev"])
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert (await put(40, 0)).status_code == 412
    [stored] = (await harness.client.get("/v1/targets/2026-02")).json()["items"]
    assert (stored["value"], stored["rev"]) == (20, second["rev"])
    assert (await put(50, None)).json()["items"][0]["value"] == 50


async def test_answers_and_issues_are_of_own_customers_only(harness: GatewayHarness):
    for rep in OWNERS:
        team, region, _ = PEOPLE[rep]
        body = {"respondent_id": f"customer-{rep}", "rep_id": rep, "team": team, "region": region,
                "business_line": "hardware"}
        invited = await harness.client.post("/v1/surveys/after_win/invitations", json=body)
        assert invited.status_code == 201, invited.text
        answers = {"answers": {"nps": 1, "csat": 1, "reason": f"Slow for {rep}"}}
        assert (await harness.client.post(invited.json()["url"], json=answers)).status_code == 200
    await harness.settle()
    issues = {i["context"]["rep_id"]: i["issue_id"] for i in (await harness.client.get("/v1/issues")).json()["items"]}
    assert set(issues) == set(OWNERS)
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna, signed_in_as(harness, "manager",
                                                                              rep_id="max") as manager:
        assert [i["context"]["rep_id"] for i in (await anna.get("/v1/issues")).json()["items"]] == [OWN]
        assert (await anna.get("/v1/issues?rep_id=cleo")).json()["items"] == []
        assert (await anna.get(f"/v1/issues/{issues[OWN]}")).status_code == 200
        assert status_and_code(await anna.get(f"/v1/issues/{issues[FOREIGN]}")) == (404, "not_found")
        assert status_and_code(await anna.post(f"/v1/issues/{issues[FOREIGN]}/resolve")) == (404, "not_found")
        assert (await anna.post(f"/v1/issues/{issues[OWN]}/resolve")).status_code == 200
        for path in ("/v1/surveys/after_win/results", "/v1/surveys/after_win/results?by=rep_id"):
            own, total = (await manager.get(path)).json()["rows"], (await harness.client.get(path)).json()["rows"]
            assert (sum(r["n"] for r in own), sum(r["n"] for r in total)) == (1, 2)
            assert FOREIGN not in str(own)


# --- managers, directors, several limits -----------------------------------------------------------------------------


@pytest.mark.parametrize(("labels", "expected"), [
    ({"rep_id": "max"}, {"anna"}), ({"rep_id": "nora"}, {"cleo"}), ({"team": "Hill"}, {"anna"}),
    ({"region": "East"}, {"cleo"}), ({"business_line": "hardware"}, {"anna", "cleo"}),
    ({"business_line": "software"}, set()), ({"team": "Hill", "region": "East"}, set()), ({"team": "Unknown"}, set()),
])
async def test_a_manager_has_access_to_the_subtree_or_the_given_labels(
    harness: GatewayHarness, labels: dict[str, str], expected: set[str],
):
    async with signed_in_as(harness, "manager", **labels) as manager:
        assert {i["rep_id"] for i in (await manager.get("/v1/opportunities")).json()["items"]} == expected
        rows = (await manager.get("/v1/kpis/opportunities_opened?by=rep")).json()["rows"]
        assert {r["dimensions"]["rep"] for r in rows} == expected


async def test_a_company_wide_role_widens_only_its_own_permissions(harness: GatewayHarness):
    """A rep who is also an analyst has all figures, but only their own deals."""
    from services.gateway.auth.caller import Identity

    caller = harness.gateway.authenticator.resolve(
        Identity("oidc", "user:a", rep_id=OWN, roles=("rep", "analyst")), "header")
    assert caller.scope("figures:read") == EVERYTHING
    assert caller.scope("deals:read") == Scope(reps=(OWN,))


async def test_the_scope_follows_changes_of_the_organisation(tmp_path: Any):
    async with company_harness(tmp_path) as running, signed_in_as(running, "manager", rep_id="nora") as nora:
        assert (await nora.get("/v1/opportunities/deal-anna")).status_code == 404
        await running.publish(event("crm.employee.assigned.v1", "moved", employee_id=OWN, name="Anna", team="Lake",
                                 region="East", manager_id="nora"))

        async def visible() -> bool:
            return (await nora.get("/v1/opportunities/deal-anna")).status_code == 200

        from tests.adapters.waiting import until

        await until(visible, "the deal is in the scope of the new manager")
        await running.publish(event("crm.employee.left.v1", "gone", employee_id=OWN))
        await until(lambda: _not(visible), "an employee who left has no manager")


async def _not(condition: Any) -> bool:
    return not await condition()


# --- writes ----------------------------------------------------------------------------------------------------------

CALL = {"kind": "call"}


@pytest.mark.parametrize(("method", "path", "body"), [
    ("PATCH", "/v1/opportunities/deal-cleo", {"region": "West"}),
    ("POST", "/v1/opportunities/deal-cleo/transitions", {"transition": "engage"}),
    ("PATCH", "/v1/leads/lead-cleo", {"source": "x"}),
    ("POST", "/v1/leads/lead-cleo/convert", {"customer_id": "new"}),
    ("POST", "/v1/activities", {**CALL, "subject": {"kind": "lead", "id": "lead-cleo"}}),
    ("POST", "/v1/activities", {**CALL, "subject": {"kind": "opportunity", "id": "deal-cleo"}}),
    ("POST", "/v1/activities", {**CALL, "subject": {"kind": "customer", "id": "customer-cleo"}}),
    ("POST", "/v1/activities", {**CALL, "subject": {"kind": "lead", "id": "lead-anna"}, "opportunity_id": "deal-cleo"}),
    ("POST", "/v1/opportunities", {"business_line": "hardware", "lead_id": "lead-cleo"}),
    ("POST", "/v1/opportunities", {"business_line": "hardware", "customer_id": "customer-cleo"}),
    ("POST", "/v1/leads/lead-anna/convert", {"customer_id": "customer-cleo"}),
    ("POST", "/v1/opportunities/deal-anna/transitions",
     {"transition": "engage", "fields": {"customer_id": "customer-cleo"}}),
    ("POST", "/v1/issues/none/resolve", {}),
])
async def test_a_write_on_a_foreign_record_is_a_404(harness: GatewayHarness, method: str, path: str, body: Any):
    before = (await harness.client.get("/v1/opportunities/deal-cleo")).json()
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        response = await anna.request(method, path, json=body, headers={"if-match": '"1"'})
        assert status_and_code(response) == (404, "not_found"), response.text
    await harness.settle()
    assert (await harness.client.get("/v1/opportunities/deal-cleo")).json() == before


async def test_a_batch_of_transitions_applies_own_deals_only(harness: GatewayHarness):
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        own = (await anna.post("/v1/opportunities", json={"business_line": "hardware"})).json()["opportunity_id"]
        moves = [{"opportunity_id": id, "transition": "engage"} for id in (own, "deal-cleo", "unknown")]
        response = await anna.post("/v1/opportunities/transitions", json=moves)
        assert (response.status_code, [v["status"] for v in response.json()]) == (207, [200, 404, 404])
        moves[0]["fields"] = {"customer_id": "customer-cleo"}
        assert status_and_code(await anna.post("/v1/opportunities/transitions", json=moves)) == (404, "not_found")


@pytest.mark.parametrize(("path", "body"), [
    ("/v1/opportunities", {"business_line": "hardware", "rep_id": "cleo"}),
    ("/v1/leads", {"business_line": "hardware", "rep_id": "cleo"}),
    ("/v1/activities", {**CALL, "rep_id": "cleo", "subject": {"kind": "lead", "id": "lead-anna"}}),
    ("/v1/opportunities/deal-anna/transitions", {"transition": "engage", "fields": {"rep_id": "cleo"}}),
])
async def test_a_record_for_another_rep_is_refused(harness: GatewayHarness, path: str, body: Any):
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        response = await anna.post(path, json=body)
        assert status_and_code(response) == (403, "outside_scope")
        assert response.json()["errors"][0]["pointer"] in ("/rep_id", "/fields/rep_id")


async def test_a_rep_owns_a_record_that_they_create(harness: GatewayHarness):
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        created = await anna.post("/v1/opportunities", json={"business_line": "hardware"})
        assert (created.status_code, created.json()["rep_id"]) == (201, OWN)
        assert (await anna.get(f"/v1/opportunities/{created.json()['opportunity_id']}")).status_code == 200
        for new_owner in (None, "bert"):
            response = await anna.patch(
                f"/v1/opportunities/{created.json()['opportunity_id']}", json={"rep_id": new_owner},
                headers={"if-match": created.headers["etag"]})
            assert status_and_code(response) == (403, "outside_scope")


@pytest.mark.parametrize("path", ["/v1/opportunities", "/v1/leads"])
async def test_the_id_of_a_foreign_record_is_refused_as_in_use(harness: GatewayHarness, path: str):
    name, kind = ("opportunity_id", "deal") if "opp" in path else ("lead_id", "lead")
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        response = await anna.post(path, json={"business_line": "hardware", name: f"{kind}-cleo"})
        assert status_and_code(response) == (409, "id_in_use")


async def test_ambiguous_json_is_refused(harness: GatewayHarness):
    headers = {"content-type": "application/json"}
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        for body in (b'{"business_line": "hardware", "rep_id": "cleo", "x": NaN}',
                     '{"business_line": "hardware", "rep_id": "cleo"}'.encode("utf-16")):
            response = await anna.post("/v1/opportunities", content=body, headers=headers)
            assert status_and_code(response) == (400, "not_json")


async def test_events_of_the_organisation_require_their_permission(harness: GatewayHarness):
    key, _ = await harness.gateway.keys.create("crm", ["events:write"])
    async with new_client(harness, authorization=f"Bearer {key}") as program:
        promoted = event("crm.employee.assigned.v1", "promoted", employee_id="anna", name="Anna", roles=["admin"])
        assert status_and_code(await program.post("/v1/events", json=promoted)) == (400, "not_permitted")
        lead = event("crm.lead.captured.v1", "l9", lead_id="L9", business_line="hardware")
        assert (await program.post("/v1/events", json=[promoted, lead])).status_code == 207
        assert status_and_code(await program.get("/v1/leads")) == (403, "not_permitted")


# --- filters ---------------------------------------------------------------------------------------------------------


def test_each_aggregate_with_owned_records_is_scoped_and_has_the_labels():
    without_scope = {"target", "cutoffs", "respondent", "purchase"}
    definitions = read_directory(DEFINITIONS)
    for service in internal_services():
        for aggregate in service.build(definitions).aggregates:
            assert aggregate.scoped != (aggregate.name in without_scope), f"{service.name}.{aggregate.name}"
            if aggregate.scoped:
                assert {"rep_id", "team", "region", "business_line"} <= set(aggregate.fields)


def test_no_service_bypasses_the_scope_filter():
    """Only the figures have their own reader, which applies the scope itself."""
    services = DEFINITIONS.parent / "services"
    own = {services / "kpi" / "queries" / "figure_queries.py"}
    for path in services.rglob("*.py"):
        if "gateway" not in path.parts and path not in own:
            assert not re.search(r"\bcontext\.store\b|\.runner\b|\bCells\(", path.read_text()), path


def test_a_filter_and_a_scope_are_combined():
    scope = Scope(reps=("a", "b"), regions=("West",))
    assert narrow({"status": "open"}, scope) == {"status": "open", "rep_id": AnyOf(("a", "b")), "region": "West"}
    assert narrow({"rep_id": "a"}, scope) == {"rep_id": "a", "region": "West"}
    assert narrow({"rep_id": "c"}, scope) is None
    assert narrow({"region": Contains("we")}, scope) == {"rep_id": AnyOf(("a", "b")), "region": "West"}
    assert narrow({"rep_id": AnyOf(("b", "c"))}, scope) == {"rep_id": "b", "region": "West"}
    assert narrow({"rep_id": Between("b", None)}, scope) == {"rep_id": "b", "region": "West"}
    assert narrow({}, NOTHING) is None
    assert narrow({"rep_id": "c"}, EVERYTHING) == {"rep_id": "c"}


async def test_without_a_request_all_records_are_returned_and_with_an_empty_scope_none(harness: GatewayHarness):
    pipeline = harness.services["pipeline"]
    assert len((await pipeline.find("opportunity", {})).items) >= 2
    with use_access(Access("x", NOTHING)):
        assert (await pipeline.find("opportunity", {})).items == ()
        assert (await pipeline.count("opportunity", {}))[0].n == 0
        assert await pipeline.count("opportunity", {}, by=("stage",)) == []
        assert await pipeline.get("opportunity", "deal-anna") is None
        assert await pipeline.history("opportunity", "deal-anna") == []
        assert await pipeline.find_by_prefix("opportunity", "deal") == []
