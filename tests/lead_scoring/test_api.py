"""HTTP API of leads: a request publishes an event, a query returns the projected lead and its score."""
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from contracts.crm import ActivityLogged, ActivityVoided, EngagementRecorded, LeadCaptured
from contracts.kinds import Subject
from services.lead_scoring.service import SERVICE
from tests.support.running_service import RunningService, running_service

LEAD = Subject(kind="lead", id="l1")


@pytest.fixture(params=["memory", pytest.param("sqlite", marks=pytest.mark.slow)])
async def service(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RunningService]:
    async with running_service(SERVICE, request.param, tmp_path) as service:
        yield service


async def capture(service: RunningService, id: str = "l1", **more: object) -> None:
    body = {"lead_id": id, "business_line": "software", "source": "referral",
            "attributes": {"industry": "finance", "employees": 500}, **more}
    response = await service.client.post("/v1/leads", json=body)
    assert response.status_code == 202 and response.headers["location"] == f"/v1/leads/{id}"
    await service.settle()


async def score(service: RunningService, id: str = "l1") -> dict[str, object]:
    body: dict[str, object] = (await service.client.get(f"/v1/leads/{id}/score")).json()
    return body


async def test_three_activities_qualify_a_lead_and_every_point_has_its_reason(service: RunningService) -> None:
    await capture(service)
    assert (await score(service))["score"] == 35
    for n, kind in enumerate(("call", "meeting", "demo")):
        body = {"activity_id": f"a{n}", "kind": kind, "subject": {"kind": "lead", "id": "l1"}}
        assert (await service.client.post("/v1/activities", json=body)).status_code == 202
    await service.settle()
    body = await score(service)
    assert (body["score"], body["grade"], body["fit"], body["engagement"]) == (76, "A", 35, 41)
    assert body["model"] == "software@1" and body["qualified"] is True
    reasons = {c["rule"]: (c["points"], c["why"]) for c in body["contributions"]}  # type: ignore[attr-defined]
    assert reasons["talked"] == (16, "A call or meeting (2 times)")
    assert reasons["limit.company"] == (-5, "company counts at most 25 points")
    assert sum(points for points, _ in reasons.values()) == 76
    assert [h["score"] for h in body["history"]] == [35, 43, 51, 76]  # type: ignore[attr-defined]
    lead = (await service.client.get("/v1/leads/l1")).json()
    assert (lead["status"], lead["source"], lead["attributes"]["employees"]) == ("qualified", "referral", 500)
    types = [r["type"] for r in (await service.client.get("/v1/leads/l1/history?limit=2")).json()["items"]]
    assert types == ["crm.lead.scored.v1", "crm.lead.scored.v1"]


async def test_published_events_are_scored_and_a_voided_activity_no_longer_counts(service: RunningService) -> None:
    await service.publish(ActivityLogged(activity_id="a", kind="demo", subject=LEAD), "1")
    assert (await service.client.get("/v1/leads/l1")).status_code == 404, "not captured yet"
    await service.publish(LeadCaptured(lead_id="l1", business_line="software"), "2")
    await service.publish(EngagementRecorded(engagement_id="e", kind="download", subject=LEAD), "3")
    assert (await score(service))["score"] == 30
    await service.publish(ActivityVoided(activity_id="a", subject=LEAD), "4")
    assert (await score(service))["score"] == 5


async def test_a_lead_is_revised_only_with_its_current_etag(service: RunningService) -> None:
    await capture(service)
    body = {"attributes": {"employees": 5}, "contact": {"role": "ceo"}}
    assert (await service.client.patch("/v1/leads/l1", json=body)).status_code == 428
    assert (await service.client.patch("/v1/leads/l1", json=body, headers={"If-Match": '"99"'})).status_code == 412
    etag = (await service.client.get("/v1/leads/l1")).headers["etag"]
    assert (await service.client.patch("/v1/leads/l1", json=body, headers={"If-Match": etag})).status_code == 202
    await service.settle()
    assert (await score(service))["score"] == 15 - 10 + 10 + 15
    assert (await service.client.patch("/v1/leads/none", json=body, headers={"If-Match": '"1"'})).status_code == 404


async def test_a_converted_lead_has_its_status_and_customer(service: RunningService) -> None:
    await capture(service)
    response = await service.client.post("/v1/leads/l1/convert", json={"customer_id": "k1"})
    assert response.status_code == 202
    await service.settle()
    lead = (await service.client.get("/v1/leads/l1")).json()
    assert (lead["status"], lead["customer_id"]) == ("converted", "k1")


async def test_the_list_is_filtered_sorted_and_paged(service: RunningService) -> None:
    for n in range(5):
        await capture(service, f"s{n}", attributes={"employees": 500 if n % 2 else 20, "budget": n}, rep_id=f"r{n % 2}")
    await capture(service, "h1", business_line="hardware", attributes={"quantity": 20})
    first = (await service.client.get("/v1/leads?business_line=software&limit=2")).json()
    rest = (await service.client.get(f"/v1/leads?business_line=software&limit=9&cursor={first['next']}")).json()
    scores = [i["score"] for i in first["items"] + rest["items"]]
    assert scores == sorted(scores, reverse=True) and len(scores) == 5
    assert {i["lead_id"] for i in (await service.client.get("/v1/leads?rep_id=r1")).json()["items"]} == {"s1", "s3"}
    [only] = (await service.client.get("/v1/leads?grade=C&business_line=hardware")).json()["items"]
    assert only["lead_id"] == "h1"
    other_order = "/v1/leads?sort=score&cursor=" + first["next"]
    for path in ("/v1/leads?cursor=xyz", other_order, "/v1/leads/s1/history?cursor=x"):
        response = await service.client.get(path)
        assert (response.status_code, response.json()["code"]) == (400, "bad_cursor")
    ascending = (await service.client.get("/v1/leads?sort=score")).json()["items"]
    assert [i["score"] for i in ascending] == sorted(i["score"] for i in ascending)
    assert (await service.client.get("/v1/leads?sort=name")).status_code == 422


async def test_a_repeated_idempotency_key_creates_one_lead(service: RunningService) -> None:
    headers = {"Idempotency-Key": "k"}
    body = {"business_line": "software"}
    ids = {(await service.client.post("/v1/leads", json=body, headers=headers)).json()["lead_id"] for _ in range(2)}
    await service.settle()
    assert len(ids) == 1 and len((await service.client.get("/v1/leads")).json()["items"]) == 1


async def test_invalid_requests_are_refused_with_the_pointer_of_each_fault(service: RunningService) -> None:
    invalid = await service.client.post("/v1/leads", json={"lead_id": "a b", "colour": "red"})
    assert invalid.status_code == 422
    assert {e["pointer"] for e in invalid.json()["errors"]} == {"/lead_id", "/colour", "/business_line"}
    body = {"business_line": "software", "occurred_at": "2999-01-01T00:00:00Z"}
    future = await service.client.post("/v1/leads", json=body)
    assert future.json()["errors"][0]["pointer"] == "/occurred_at"
    assert (await service.client.get("/v1/leads/none/score")).status_code == 404


async def test_a_lead_of_a_line_without_scorecard_has_no_score_but_a_reason(service: RunningService) -> None:
    await capture(service, business_line="cement")
    assert await score(service) == {"lead_id": "l1", "score": None, "reason": "no_scorecard", "history": []}


async def test_a_capture_with_other_content_for_the_same_lead_is_a_dead_letter(service: RunningService) -> None:
    await service.publish(LeadCaptured(lead_id="l1", business_line="software"), "1")
    await service.publish(LeadCaptured(lead_id="l1", business_line="software"), "2")
    await service.publish(LeadCaptured(lead_id="l1", business_line="hardware"), "3")
    [dead_letter] = (await service.client.get("/v1/dead-letters")).json()["items"]
    assert dead_letter["code"] == "already_known"


async def test_leads_are_filtered_by_region_team_and_ids(service: RunningService) -> None:
    await capture(service, "l1", region="West", team="Harbour")
    await capture(service, "l2", region="East", team="Harbour")

    async def found(query: str) -> list[str]:
        return sorted(i["lead_id"] for i in (await service.client.get(f"/v1/leads?{query}")).json()["items"])

    assert await found("region=West") == ["l1"] and await found("team=Harbour") == ["l1", "l2"]
    assert await found("id=l2&id=l9") == ["l2"]
