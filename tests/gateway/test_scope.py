"""Everyone sees what is his, on every path: reads, lists, counts, figures, exports, searches, ids in bodies."""
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
    async with company_harness(tmp_path_factory.mktemp("harness")) as made:
        yield made


# --- roles and routes ------------------------------------------------------------------------------------------------


async def test_every_route_of_every_service_asks_for_a_permission(harness: GatewayHarness):
    """A new route without a rule cannot be reached; here it is noticed before somebody wonders why."""
    paths = (await harness.client.get("/openapi.json")).json()["paths"]
    for path, methods in paths.items():
        plain = re.sub(r"\{[^}]+\}", "x", path)
        for method in methods:
            rule = rule_for(method.upper(), plain)
            assert rule is not None, f"no rule names {method.upper()} {path}"
            assert rule is not CONSOLE, f"{method.upper()} {path} is left to the console"
            assert rule.permission in {*permission_texts(), PUBLIC, SIGNED_IN}


def test_every_write_of_the_table_is_told_to_the_audit_log():
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
async def test_a_role_is_refused_what_it_was_not_given(harness: GatewayHarness, role: str):
    asked = {"deals:read": "/v1/opportunities", "leads:read": "/v1/leads", "customers:read": "/v1/customers",
             "figures:read": "/v1/boards", "operate:read": "/v1/lag", "audit:read": "/v1/audit",
             "definitions:read": "/v1/definitions", "surveys:write": "/v1/surveys/after_win/invitations",
             "people:read": "/v1/reps", "issues:read": "/v1/issues", "process:read": "/v1/blueprints",
             "segments:read": "/v1/segments", "surveys:read": "/v1/surveys"}
    async with signed_in_as(harness, role, rep_id="anna") as browser:
        for permission, path in asked.items():
            answer = await browser.get(path)
            wanted = (200, None) if permission in granted_by_role()[role] else (403, "not_permitted")
            assert status_and_code(answer) == wanted, f"{role} at {path}"


async def test_who_reads_figures_does_not_read_names(harness: GatewayHarness):
    async with signed_in_as(harness, "analyst") as analyst:
        assert (await analyst.get("/v1/segments")).status_code == 200
        for path in ("/v1/segments/lost/members", "/v1/customers", "/v1/opportunities", "/v1/leads"):
            assert status_and_code(await analyst.get(path)) == (403, "not_permitted")


async def test_who_has_no_role_may_do_nothing(harness: GatewayHarness):
    found = harness.gateway.directory.scope((), None, None)
    assert found == NOTHING and not found.matches({"rep_id": None})


# --- a foreign record is not there -----------------------------------------------------------------------------------


def records(rep: str) -> list[str]:
    deal, lead, customer = f"/v1/opportunities/deal-{rep}", f"/v1/leads/lead-{rep}", f"/v1/customers/customer-{rep}"
    return [deal, f"{deal}/history", f"{deal}/transitions", f"{deal}/overview", lead, f"{lead}/score",
            f"{lead}/history", customer, f"{customer}?as_of=2026-01-01", f"/v1/reps/{rep}"]


@pytest.mark.parametrize("path", records(FOREIGN))
async def test_a_foreign_record_is_not_there(harness: GatewayHarness, path: str):
    own = path.replace(FOREIGN, OWN)
    nowhere = path.replace(FOREIGN, "nobody")
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        assert (await anna.get(own)).status_code == 200
        foreign, absent = await anna.get(path), await anna.get(nowhere)
        assert status_and_code(foreign) == status_and_code(absent) == (404, "not_found")
        assert foreign.json()["detail"].replace(FOREIGN, "nobody") == absent.json()["detail"]


async def test_every_readable_path_with_an_id_is_tried_above_or_holds_no_persons_records(harness: GatewayHarness):
    """A path that is added to a scoped service comes here, or to the list of what belongs to nobody."""
    nobodys = re.compile(
        r"/v1/(blueprints|business-lines|surveys|kpis|boards|targets|funnels|forecasts|segments|dead-letters|campaigns"
        r"|anomalies|teams|definitions|webhooks)\b.*|/s/.*|/v1/issues/\{.*|/v1/reps/\{[^}]+\}/.*|/v1/sign-in.*")
    tried = {re.sub(r"\?.*", "", p) for p in records("x")}
    for path, methods in (await harness.client.get("/openapi.json")).json()["paths"].items():
        if "get" in methods and "{" in path and not nobodys.fullmatch(path):
            kind = path.split("/")[2]
            name = {"opportunities": "deal-x", "leads": "lead-x", "customers": "customer-x", "reps": "x"}[kind]
            assert re.sub(r"\{[^}]+\}", name, path) in tried, f"{path} is not tried with a foreign record"


# --- lists, counts, figures ------------------------------------------------------------------------------------------

LISTS = ["/v1/activities", "/v1/opportunities", "/v1/leads", "/v1/customers", "/v1/reps", "/v1/opportunities?q=deal",
         "/v1/leads?q=lead", "/v1/customers?q=firm", "/v1/opportunities?sort=-updated", "/v1/opportunities?rep_id=cleo",
         "/v1/leads?rep_id=cleo", "/v1/customers?rep_id=cleo", "/v1/opportunities?region=East",
         "/v1/search?q=deal", "/v1/search?q=lead", "/v1/search?q=firm", "/v1/search?q=cleo",
         "/v1/kpis/opportunities_opened/records", "/v1/kpis/visits/records", "/v1/kpis/open_pipeline/records",
         "/v1/customers?id=customer-cleo&id=customer-anna"]


@pytest.mark.parametrize("path", LISTS)
async def test_a_list_has_own_records_only(harness: GatewayHarness, path: str):
    assert FOREIGN in (await harness.client.get(path)).text, "the admin sees both: there is something to hide"
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        answer = await anna.get(path)
        assert answer.status_code == 200, answer.text
        shown = answer.text.replace('"q":"cleo"', "")
        assert FOREIGN not in shown and "nora" not in shown
        if FOREIGN not in path and "East" not in path:
            assert OWN in shown, "and the own ones are there"


async def test_pages_of_a_list_hold_own_records_only_and_end(harness: GatewayHarness):
    async with signed_in_as(harness, "manager", rep_id="max") as manager:
        seen: list[str] = []
        path: str | None = "/v1/opportunities?limit=1"
        while path:
            answer = await manager.get(path)
            seen += [i["rep_id"] for i in answer.json()["items"]]
            path = answer.links.get("next", {}).get("url")
        assert set(seen) == {"anna"}


async def test_an_export_has_own_records_only(harness: GatewayHarness):
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        answer = await anna.get("/v1/opportunities", headers={"accept": "text/csv"})
        rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
        assert {r["rep_id"] for r in rows} == {OWN}
        assert rows[0]["amount.currency"] == "EUR"


async def test_an_export_without_a_limit_has_every_page_and_one_with_a_limit_leads_on(harness: GatewayHarness):
    door = harness.client
    count = len((await door.get("/v1/opportunities?limit=500")).json()["items"])
    assert count >= 2
    for path, wanted in (("/v1/opportunities", count), ("/v1/opportunities?limit=1", 1)):
        answer = await door.get(path, headers={"accept": "text/csv"})
        assert len(list(csv.DictReader(io.StringIO(answer.text, newline="")))) == wanted
        assert ("next" in answer.links) == (wanted == 1)
    everything = [r async for r in _pages(door)]
    assert len(everything) == count


async def test_the_doors_own_lists_are_exported_as_those_behind_it(harness: GatewayHarness):
    for path, column in (("/v1/reps", "rep_id"), ("/v1/definitions", "name"), ("/v1/audit", "path"),
                         ("/v1/dead-letters", "id"), ("/v1/search?q=deal", "id")):
        listed = (await harness.client.get(f"{path}{'&' if '?' in path else '?'}limit=50")).json()["items"]
        answer = await harness.client.get(path, headers={"accept": "text/csv"})
        rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
        assert answer.headers["content-type"].startswith("text/csv") and len(rows) >= len(listed), path
        assert not listed or rows[0][column] == listed[0][column]
    [first] = csv.DictReader(io.StringIO(
        (await harness.client.get("/v1/reps?limit=1", headers={"accept": "text/csv"})).text, newline=""))
    assert first["rep_id"] == "anna"
    assert status_and_code(await harness.client.get("/v1/me", headers={"accept": "text/csv"})) == (200, None)
    assert status_and_code(await harness.client.get("/v1/lag", headers={"accept": "text/csv"})) == (406, "no_list")
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        answer = await anna.get("/v1/reps", headers={"accept": "text/csv"})
        assert [r["rep_id"] for r in csv.DictReader(io.StringIO(answer.text, newline=""))] == [OWN]


async def _pages(door: Any) -> AsyncIterator[dict[str, str]]:
    path: str | None = "/v1/opportunities?limit=1"
    while path:
        answer = await door.get(path, headers={"accept": "text/csv"})
        for row in csv.DictReader(io.StringIO(answer.text, newline="")):
            yield row
        path = answer.links.get("next", {}).get("url")


async def test_counts_and_sums_are_of_own_records_only(harness: GatewayHarness):
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        columns = (await anna.get("/v1/opportunities/board")).json()["columns"]
        everybodys = (await harness.client.get("/v1/opportunities/board")).json()["columns"]
        own, whole = (sum(c["count"] for c in found) for found in (columns, everybodys))
        assert 0 < own == len((await anna.get("/v1/opportunities")).json()["items"]) < whole
        funnel = (await anna.get("/v1/funnels/hardware")).json()["stages"]
        assert funnel[0]["reached"] == own
        segments = (await anna.get("/v1/segments")).json()
        assert segments["customers"] <= 1


@pytest.mark.parametrize("query", ["", "?by=rep", "?by=region", "?by=team", "?where=rep:cleo", "?where=region:East",
                                   "?by=rep&where=rep:cleo&where=rep:anna", "?compare=previous&by=rep"])
async def test_a_figure_counts_own_records_only(harness: GatewayHarness, query: str):
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        for measure in ("opportunities_opened", "visits", "open_pipeline", "leads_captured"):
            answer = await anna.get(f"/v1/kpis/{measure}{query}")
            rows = answer.json()["rows"]
            foreign = ("cleo" in query and "anna" not in query) or "East" in query
            assert {r["value"] for r in rows if r["value"]} == (set() if foreign else {1}), f"{measure}{query}: {rows}"
            assert not {FOREIGN, "nora", "East", "Lake"} & {v for r in rows for v in r["dimensions"].values()}


async def test_several_questions_and_boards_count_own_records_only(harness: GatewayHarness):
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        asked = [{"measure": "opportunities_opened"}, {"measure": "visits", "by": ["rep"]}]
        found = (await anna.post("/v1/kpis/query", json=asked)).json()["items"]
        assert [sum(r["value"] for r in item["rows"]) for item in found] == [1, 1]
        board = (await anna.get("/v1/boards/activities")).json()
        assert [tile["by"] for tile in board["tiles"]][-2:] == [["rep"], ["team"]]
        assert FOREIGN not in str(board)


async def test_what_cannot_be_divided_by_a_scope_has_no_figure_instead_of_a_wrong_one():
    """Every shipped measure knows rep, team, region and line; one that did not would count 0 for everybody limited."""
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
async def test_segments_count_and_name_own_customers_only_though_the_cut_offs_are_of_all(
    harness: GatewayHarness, query: str,
):
    for rep in OWNERS:
        answer = await harness.publish(event(
            "crm.order.placed.v1", f"order-{rep}", order_id=f"order-{rep}", customer_id=f"customer-{rep}",
            amount={"amount_minor": 100 if rep == OWN else 900, "currency": "EUR"}))
        assert answer.status_code == 202, answer.text
    whole = (await harness.client.get(f"/v1/segments{query}")).json()
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        own = (await anna.get(f"/v1/segments{query}")).json()
        assert (whole["customers"], own["customers"]) == (2, 1)
        assert own["cutoffs"] == whole["cutoffs"]
        names = []
        for segment in own["items"]:
            members = (await anna.get(f"/v1/segments/{segment['name']}/members{query}")).json()["items"]
            assert len(members) == segment["members"]
            names += [m["customer_id"] for m in members]
        assert names == [f"customer-{OWN}"]
        cells = (await anna.get(f"/v1/segments/rfm/matrix{query}")).json()["cells"]
        assert sum(c["customers"] for c in cells) == 1 and sum(c["monetary_minor"] for c in cells) == 100


async def test_a_target_that_somebody_else_has_changed_is_not_overwritten_unseen(harness: GatewayHarness):
    async def put(value: int, rev: int | None) -> Any:
        return await harness.client.put("/v1/targets/2026-02", json=[{"measure": "visits", "value": value, "rev": rev}])

    [first] = (await put(10, 0)).json()["items"]
    [second] = (await put(20, first["rev"])).json()["items"]
    stale = await put(30, first["rev"])
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert (await put(40, 0)).status_code == 412
    [kept] = (await harness.client.get("/v1/targets/2026-02")).json()["items"]
    assert (kept["value"], kept["rev"]) == (20, second["rev"])
    assert (await put(50, None)).json()["items"][0]["value"] == 50


async def test_answers_and_issues_are_of_own_customers_only(harness: GatewayHarness):
    for rep in OWNERS:
        team, region, _ = PEOPLE[rep]
        body = {"respondent_id": f"customer-{rep}", "rep_id": rep, "team": team, "region": region,
                "business_line": "hardware"}
        invited = await harness.client.post("/v1/surveys/after_win/invitations", json=body)
        assert invited.status_code == 201, invited.text
        answers = {"answers": {"nps": 1, "csat": 1, "reason": f"Slow, says {rep}"}}
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
            own, whole = (await manager.get(path)).json()["rows"], (await harness.client.get(path)).json()["rows"]
            assert (sum(r["n"] for r in own), sum(r["n"] for r in whole)) == (1, 2)
            assert FOREIGN not in str(own)


# --- managers, directors, several limits -----------------------------------------------------------------------------


@pytest.mark.parametrize(("place", "seen"), [
    ({"rep_id": "max"}, {"anna"}), ({"rep_id": "nora"}, {"cleo"}), ({"team": "Hill"}, {"anna"}),
    ({"region": "East"}, {"cleo"}), ({"business_line": "hardware"}, {"anna", "cleo"}),
    ({"business_line": "software"}, set()), ({"team": "Hill", "region": "East"}, set()), ({"team": "Unknown"}, set()),
])
async def test_a_manager_sees_the_subtree_or_the_places_that_were_given(
    harness: GatewayHarness, place: dict[str, str], seen: set[str],
):
    async with signed_in_as(harness, "manager", **place) as manager:
        assert {i["rep_id"] for i in (await manager.get("/v1/opportunities")).json()["items"]} == seen
        rows = (await manager.get("/v1/kpis/opportunities_opened?by=rep")).json()["rows"]
        assert {r["dimensions"]["rep"] for r in rows} == seen


async def test_a_role_for_the_whole_company_widens_only_what_it_grants(harness: GatewayHarness):
    """A rep who is an analyst too counts everybody's figures, and still opens his own deals only."""
    from services.gateway.auth.caller import Identity

    caller = harness.gateway.authenticator.resolve(
        Identity("oidc", "user:a", rep_id=OWN, roles=("rep", "analyst")), "header")
    assert caller.scope("figures:read") == EVERYTHING
    assert caller.scope("deals:read") == Scope(reps=(OWN,))


async def test_the_tree_is_followed_as_it_changes(tmp_path: Any):
    async with company_harness(tmp_path) as made, signed_in_as(made, "manager", rep_id="nora") as nora:
        assert (await nora.get("/v1/opportunities/deal-anna")).status_code == 404
        await made.publish(event("crm.employee.assigned.v1", "moved", employee_id=OWN, name="Anna", team="Lake",
                                 region="East", manager_id="nora"))

        async def seen() -> bool:
            return (await nora.get("/v1/opportunities/deal-anna")).status_code == 200

        from tests.adapters.waiting import until

        await until(seen, "the tree has changed")
        await made.publish(event("crm.employee.left.v1", "gone", employee_id=OWN))
        await until(lambda: _not(seen), "who left is below nobody")


async def _not(holds: Any) -> bool:
    return not await holds()


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
async def test_a_write_about_a_foreign_record_finds_nothing(harness: GatewayHarness, method: str, path: str, body: Any):
    before = (await harness.client.get("/v1/opportunities/deal-cleo")).json()
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        answer = await anna.request(method, path, json=body, headers={"if-match": '"1"'})
        assert status_and_code(answer) == (404, "not_found"), answer.text
    await harness.settle()
    assert (await harness.client.get("/v1/opportunities/deal-cleo")).json() == before


async def test_of_many_moves_at_once_the_foreign_one_finds_nothing_and_the_own_one_counts(harness: GatewayHarness):
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        own = (await anna.post("/v1/opportunities", json={"business_line": "hardware"})).json()["opportunity_id"]
        moves = [{"opportunity_id": id, "transition": "engage"} for id in (own, "deal-cleo", "nowhere")]
        answer = await anna.post("/v1/opportunities/transitions", json=moves)
        assert (answer.status_code, [v["status"] for v in answer.json()]) == (207, [200, 404, 404])
        moves[0]["fields"] = {"customer_id": "customer-cleo"}
        assert status_and_code(await anna.post("/v1/opportunities/transitions", json=moves)) == (404, "not_found")


@pytest.mark.parametrize(("path", "body"), [
    ("/v1/opportunities", {"business_line": "hardware", "rep_id": "cleo"}),
    ("/v1/leads", {"business_line": "hardware", "rep_id": "cleo"}),
    ("/v1/activities", {**CALL, "rep_id": "cleo", "subject": {"kind": "lead", "id": "lead-anna"}}),
    ("/v1/opportunities/deal-anna/transitions", {"transition": "engage", "fields": {"rep_id": "cleo"}}),
])
async def test_nothing_is_written_under_anothers_name(harness: GatewayHarness, path: str, body: Any):
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        answer = await anna.post(path, json=body)
        assert status_and_code(answer) == (403, "outside_scope")
        assert answer.json()["errors"][0]["pointer"] in ("/rep_id", "/fields/rep_id")


async def test_a_record_that_a_rep_opens_is_his_own(harness: GatewayHarness):
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        made = await anna.post("/v1/opportunities", json={"business_line": "hardware"})
        assert (made.status_code, made.json()["rep_id"]) == (201, OWN)
        assert (await anna.get(f"/v1/opportunities/{made.json()['opportunity_id']}")).status_code == 200
        for given_to in (None, "bert"):
            answer = await anna.patch(f"/v1/opportunities/{made.json()['opportunity_id']}", json={"rep_id": given_to},
                                      headers={"if-match": made.headers["etag"]})
            assert status_and_code(answer) == (403, "outside_scope")


@pytest.mark.parametrize("path", ["/v1/opportunities", "/v1/leads"])
async def test_an_id_that_stands_for_anothers_record_cannot_be_taken(harness: GatewayHarness, path: str):
    name, kind = ("opportunity_id", "deal") if "opp" in path else ("lead_id", "lead")
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        answer = await anna.post(path, json={"business_line": "hardware", name: f"{kind}-cleo"})
        assert status_and_code(answer) == (409, "id_in_use")


async def test_a_body_that_two_readers_could_read_differently_is_refused(harness: GatewayHarness):
    headers = {"content-type": "application/json"}
    async with signed_in_as(harness, "rep", rep_id=OWN) as anna:
        for body in (b'{"business_line": "hardware", "rep_id": "cleo", "x": NaN}',
                     '{"business_line": "hardware", "rep_id": "cleo"}'.encode("utf-16")):
            assert status_and_code(await anna.post("/v1/opportunities", content=body, headers=headers)) == (400,
                                                                                                            "not_json")


async def test_only_who_may_rearranges_the_organisation(harness: GatewayHarness):
    key, _ = await harness.gateway.keys.create("crm", ["events:write"])
    async with new_client(harness, authorization=f"Bearer {key}") as program:
        promoted = event("crm.employee.assigned.v1", "promoted", employee_id="anna", name="Anna", roles=["admin"])
        assert status_and_code(await program.post("/v1/events", json=promoted)) == (400, "not_permitted")
        lead = event("crm.lead.captured.v1", "l9", lead_id="L9", business_line="hardware")
        assert (await program.post("/v1/events", json=[promoted, lead])).status_code == 207
        assert status_and_code(await program.get("/v1/leads")) == (403, "not_permitted")


# --- the filter itself -----------------------------------------------------------------------------------------------


def test_each_aggregate_with_peoples_records_is_scoped_and_has_the_labels():
    open_to_all = {"target", "cutoffs", "respondent", "purchase"}
    definitions = read_directory(DEFINITIONS)
    for service in internal_services():
        for aggregate in service.build(definitions).aggregates:
            assert aggregate.scoped != (aggregate.name in open_to_all), f"{service.name}.{aggregate.name}"
            if aggregate.scoped:
                assert {"rep_id", "team", "region", "business_line"} <= set(aggregate.fields)


def test_no_service_reads_documents_past_the_filter():
    """Only the figures have a reader of their own, which narrows by itself."""
    services = DEFINITIONS.parent / "services"
    own = {services / "kpi" / "queries" / "figure_queries.py"}
    for path in services.rglob("*.py"):
        if "gateway" not in path.parts and path not in own:
            assert not re.search(r"\bcontext\.store\b|\.runner\b|\bCells\(", path.read_text()), path


def test_a_filter_and_a_scope_hold_together():
    scope = Scope(reps=("a", "b"), regions=("West",))
    assert narrow({"status": "open"}, scope) == {"status": "open", "rep_id": AnyOf(("a", "b")), "region": "West"}
    assert narrow({"rep_id": "a"}, scope) == {"rep_id": "a", "region": "West"}
    assert narrow({"rep_id": "c"}, scope) is None
    assert narrow({"region": Contains("we")}, scope) == {"rep_id": AnyOf(("a", "b")), "region": "West"}
    assert narrow({"rep_id": AnyOf(("b", "c"))}, scope) == {"rep_id": "b", "region": "West"}
    assert narrow({"rep_id": Between("b", None)}, scope) == {"rep_id": "b", "region": "West"}
    assert narrow({}, NOTHING) is None
    assert narrow({"rep_id": "c"}, EVERYTHING) == {"rep_id": "c"}


async def test_without_a_request_nothing_is_withheld_and_within_one_everything_else(harness: GatewayHarness):
    pipeline = harness.services["pipeline"]
    assert len((await pipeline.find("opportunity", {})).items) >= 2
    with use_access(Access("x", NOTHING)):
        assert (await pipeline.find("opportunity", {})).items == ()
        assert (await pipeline.count("opportunity", {}))[0].n == 0
        assert await pipeline.count("opportunity", {}, by=("stage",)) == []
        assert await pipeline.get("opportunity", "deal-anna") is None
        assert await pipeline.history("opportunity", "deal-anna") == []
        assert await pipeline.find_by_prefix("opportunity", "deal") == []
