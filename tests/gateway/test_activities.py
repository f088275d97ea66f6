"""List of activities: filters, pages, fields and scope."""
import csv
import io
from collections.abc import AsyncIterator

import pytest

from tests.gateway.harness import GatewayHarness
from tests.gateway.scenarios import company_harness, event, signed_in_as, status_and_code

pytestmark = pytest.mark.slow
PATH = "/v1/activities"


def done(id: str, time: str, subject: str, rep: str | None = "anna", kind: str = "call") -> dict[str, object]:
    about, _, of = subject.partition(":")
    return event("crm.activity.logged.v1", id, activity_id=id, kind=kind, subject={"kind": about, "id": of},
                 business_line="hardware", **({} if rep is None else {"rep_id": rep})) | {"time": time}


@pytest.fixture(scope="module")
async def harness(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayHarness]:
    """In addition to the two visits of the company: four calls, one of them voided, and a planned meeting."""
    async with company_harness(tmp_path_factory.mktemp("harness")) as running:
        planned = event("crm.activity.planned.v1", "p", activity_id="p", kind="meeting", rep_id="anna",
                        subject={"kind": "lead", "id": "lead-anna"}, due_at="2027-01-05T09:00:00Z")
        voided = event("crm.activity.voided.v1", "v", activity_id="c2", subject={"kind": "lead", "id": "lead-anna"})
        lone = event("crm.activity.voided.v1", "w", activity_id="never", subject={"kind": "lead", "id": "lead-anna"})
        response = await running.publish(
            done("c1", "2026-02-01T10:00:00Z", "lead:lead-anna"), done("c2", "2026-02-02T10:00:00Z", "lead:lead-anna"),
            done("c3", "2026-02-03T10:00:00Z", "opportunity:deal-anna", "bert"),
            done("c4", "2026-02-03T23:30:00Z", "customer:customer-cleo", "cleo"), planned, voided, lone)
        assert response.status_code == 202, response.text
        yield running


async def ids(harness: GatewayHarness, query: str) -> list[str]:
    response = await harness.client.get(PATH + query)
    assert response.status_code == 200, response.text
    return [i["activity_id"] for i in response.json()["items"]]


@pytest.mark.parametrize(("query", "expected"), [
    ("?subject=lead:lead-anna", {"c1", "c2", "p"}), ("?subject=opportunity:deal-anna", {"c3", "visit-anna"}),
    ("?subject=customer:customer-cleo", {"c4"}), ("?subject=customer:customer", set()),
    ("?rep_id=bert", {"c3"}), ("?kind=visit", {"visit-anna", "visit-cleo"}), ("?status=voided", {"c2"}),
    ("?status=planned", {"p"}), ("?status=done&rep_id=anna", {"c1", "visit-anna"}),
    ("?from=2026-02-02&to=2026-02-04", {"c2", "c3"}),  # c4 is on the fourth in the time zone of the company
    ("?from=2026-02-04&to=2026-02-05", {"c4"}), ("?to=2026-02-02", {"c1"}),
    ("?team=Hill&from=2026-02-01&to=2026-03-01", set()),
    ("?business_line=hardware&kind=call", {"c1", "c2", "c3", "c4"}),
])
async def test_activities_are_filtered(harness: GatewayHarness, query: str, expected: set[str]):
    assert set(await ids(harness, query)) == expected


async def test_pages_list_the_latest_first_and_planned_ones_last(harness: GatewayHarness):
    listed: list[str] = []
    path: str | None = f"{PATH}?limit=2"
    while path:
        response = await harness.client.get(path)
        listed += [i["activity_id"] for i in response.json()["items"]]
        path = response.links.get("next", {}).get("url")
    assert listed[2:] == ["c4", "c3", "c2", "c1", "p"] or listed[2:] == ["c3", "c4", "c2", "c1", "p"]
    assert set(listed[:2]) == {"visit-anna", "visit-cleo"}
    of_lead = []
    path = f"{PATH}?subject=lead:lead-anna&limit=1"
    while path:
        response = await harness.client.get(path)
        of_lead += [i["activity_id"] for i in response.json()["items"]]
        path = response.links.get("next", {}).get("url")
    assert of_lead == ["c1", "c2", "p"]


async def test_an_activity_has_the_fields_of_its_event(harness: GatewayHarness):
    [planned] = (await harness.client.get(f"{PATH}?status=planned")).json()["items"]
    assert (planned["due_at"], planned["done_at"]) == ("2027-01-05T09:00:00Z", None)
    [call] = (await harness.client.get(f"{PATH}?subject=customer:customer-cleo")).json()["items"]
    assert call["subject"] == {"kind": "customer", "id": "customer-cleo"} and call["done_at"] == "2026-02-03T23:30:00Z"


async def test_the_list_has_as_many_activities_as_the_figure(harness: GatewayHarness):
    figure = (await harness.client.get("/v1/kpis/activities?period=2026-02")).json()["rows"][0]["value"]
    listed = await ids(harness, "?status=done&from=2026-02-01&to=2026-03-01")
    assert figure == len(listed) == 3


@pytest.mark.parametrize("query", ["", "?rep_id=cleo", "?subject=customer:customer-cleo", "?kind=visit",
                                   "?subject=opportunity:deal-cleo", "?from=2026-01-01"])
async def test_activities_outside_the_scope_are_not_listed(harness: GatewayHarness, query: str):
    assert "cleo" in (await harness.client.get(PATH + query)).text, "the admin has access to more"
    async with signed_in_as(harness, "rep", rep_id="anna") as anna, signed_in_as(harness, "manager",
                                                                                 rep_id="max") as max:
        for who in (anna, max):
            response = await who.get(PATH + query)
            assert response.status_code == 200 and "cleo" not in response.text
        table = await anna.get(PATH + query, headers={"accept": "text/csv"})
        assert {r["rep_id"] for r in csv.DictReader(io.StringIO(table.text, newline=""))} <= {"anna"}
    async with signed_in_as(harness, "analyst") as analyst:
        assert status_and_code(await analyst.get(PATH)) == (403, "not_permitted")


@pytest.mark.parametrize("query", ["?subject=deal:x", "?subject=lead", "?subject=lead:a|b", "?kind=moon", "?from=x",
                                   "?cursor=!!"])
async def test_invalid_filters_are_rejected(harness: GatewayHarness, query: str):
    assert (await harness.client.get(PATH + query)).status_code in (400, 422)
