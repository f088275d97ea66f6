"""Problems, reasons of transitions, scores and issues in English and Chinese."""
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.gateway.harness import GatewayHarness
from tests.gateway.scenarios import company_harness, event, new_client, signed_in_as

pytestmark = pytest.mark.slow
ZH = {"accept-language": "zh-CN,zh;q=0.9"}
INVALID_LEAD = event("crm.lead.captured.v1", "no-lead")


@pytest.fixture(scope="module")
async def harness(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayHarness]:
    async with company_harness(tmp_path_factory.mktemp("harness")) as running:
        yield running


def chinese(text: str) -> bool:
    return any("\u4e00" <= c <= "\u9fff" for c in text)


REFUSED: list[tuple[str, str, Any, int]] = [
    ("GET", "/v1/opportunities/none", None, 404), ("GET", "/v1/nothing", None, 404), ("DELETE", "/v1/leads", None, 405),
    ("GET", "/v1/opportunities?limit=501", None, 422), ("GET", "/v1/opportunities?cursor=x", None, 400),
    ("GET", "/v1/kpis/none", None, 404), ("GET", "/v1/kpis/visits?by=moon&grain=age&compare=x", None, 422),
    ("GET", "/v1/forecasts/software", None, 501), ("POST", "/v1/targets/solve", {}, 501),
    ("POST", "/v1/opportunities", {"business_line": "moon"}, 422), ("POST", "/v1/opportunities", {"moon": 1}, 422),
    ("POST", "/v1/opportunities", {"business_line": "software", "fields": {"moon": 1}}, 422),
    ("PATCH", "/v1/opportunities/deal-anna", {"region": "West"}, 428), ("POST", "/v1/leads", {"lead_id": 1}, 422),
    ("POST", "/v1/opportunities/deal-anna/transitions", {"transition": "moon"}, 409),
    ("POST", "/v1/events", [], 400), ("POST", "/v1/events", INVALID_LEAD, 400),
    ("PUT", "/v1/targets/2026", [{"measure": "moon"}], 422), ("GET", "/v1/opportunities/none/overview", None, 404),
    ("POST", "/v1/dead-letters/replay", {}, 422), ("GET", "/v1/worklist", None, 422),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), REFUSED)
async def test_problems_are_in_the_requested_language(
    harness: GatewayHarness, method: str, path: str, body: Any, status: int,
):
    responses = [await harness.client.request(method, path, json=body, headers=headers) for headers in ({}, ZH)]
    assert [a.status_code for a in responses] == [status, status], responses[0].text
    assert [a.headers["content-language"] for a in responses] == ["en", "zh"]
    english, other = (a.json() for a in responses)
    assert other["code"] == english["code"] and chinese(other["title"]) and not chinese(str(english))
    assert chinese(other.get("detail", "是")), other
    assert [e["code"] for e in other["errors"]] == [e["code"] for e in english["errors"]]
    assert all(chinese(e["message"]) for e in other["errors"]), other


async def test_missing_permissions_are_explained_in_the_requested_language(harness: GatewayHarness):
    async with signed_in_as(harness, "rep", rep_id="anna") as anna:
        for path in ("/v1/lag", "/v1/opportunities/deal-cleo"):
            assert chinese((await anna.get(path, headers=ZH)).json()["detail"])
    async with new_client(harness, authorization="Bearer tk_x_y") as anonymous:
        response = await anonymous.get("/v1/me", headers=ZH)
        assert response.status_code == 401 and chinese(response.json()["detail"])


async def test_reasons_of_transitions_are_in_both_languages(harness: GatewayHarness):
    client = harness.client
    deal = (await client.post("/v1/opportunities", json={"business_line": "software"})).json()["opportunity_id"]
    path = f"/v1/opportunities/{deal}/transitions"
    english, other = [(await client.get(path, headers=h)).json()["items"] for h in ({}, ZH)]
    reasons = [pair for a, b in zip(english, other, strict=True)
            for pair in zip(a["reasons"], b["reasons"], strict=True)]
    assert {e["code"] for e, _ in reasons} >= {"action_missing", "loss_reason_required"}
    for e, o in reasons:
        assert (e["code"], e["path"], e["params"]) == (o["code"], o["path"], o["params"])
        assert chinese(o["message"]) and not chinese(e["message"]), (e, o)
    refused = next(a["name"] for a in english if not a["allowed"])
    response = (await client.post(path, json={"transition": refused}, headers=ZH)).json()
    assert chinese(response["detail"]) and all(chinese(e["message"]) for e in response["errors"])
    waiting = (await client.get("/v1/worklist?rep_id=anna", headers=ZH)).json()["next"]
    messages = [r["message"] for task in waiting for step in task["transitions"] for r in step["reasons"]]
    assert messages and all(chinese(m) for m in messages)


async def test_reasons_of_a_score_are_in_both_languages(harness: GatewayHarness):
    lead = event("crm.lead.captured.v1", "scored", lead_id="scored", business_line="software", source="referral",
                 attributes={"company_size": 500, "budget": 100_000, "country": "DE"},
                 contact={"email": "a@example.test", "phone": "1", "role": "cto"})
    calls = [event("crm.activity.logged.v1", f"call-{n}", activity_id=f"call-{n}", kind="demo", lead_id="scored",
                   subject={"kind": "lead", "id": "scored"}) for n in range(3)]
    assert (await harness.publish(lead, *calls)).status_code == 202
    english, other = [(await harness.client.get("/v1/leads/scored/score", headers=h)).json()["contributions"]
                      for h in ({}, ZH)]
    assert english and [c["rule"] for c in english] == [c["rule"] for c in other]
    assert all(chinese(c["why"]) for c in other) and not any(chinese(c["why"]) for c in english)


async def test_reasons_of_an_issue_are_in_both_languages(harness: GatewayHarness):
    invited = await harness.client.post("/v1/surveys/after_win/invitations", json={"respondent_id": "customer-anna"})
    body = {"answers": {"nps": 1, "csat": 1}}
    url = invited.json()["url"]
    invalid: httpx.Response = await harness.client.post(url, json={"answers": {"nps": 99}}, headers=ZH)
    assert invalid.status_code == 422 and all(chinese(e["message"]) for e in invalid.json()["errors"])
    assert (await harness.client.post(url, json=body)).status_code == 200
    await harness.settle()
    english, other = [(await harness.client.get("/v1/issues", headers=h)).json()["items"][0] for h in ({}, ZH)]
    assert (english["rule"], english["reason"]) == ("detractor", "Would not recommend us")
    assert (other["rule"], other["reason"]) == ("detractor", "不愿推荐我们")
