"""HTTP API of surveys: invitations after a win, answers by link, results and issues."""
import re
import stat
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from chassis.domain.decider import replace
from chassis.support.settings import Settings
from contracts.crm import CustomerErased, SurveyDeliveryReported, SurveyResponded
from contracts.pipeline import Opportunity, OpportunityWon
from services.surveys.api.links import SurveyLinks, links_of
from services.surveys.service import SERVICE
from tests.support.running_service import RunningService, running_service

from .builders import at


@pytest.fixture(params=["memory", pytest.param("sqlite", marks=pytest.mark.slow)])
async def service(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RunningService]:
    async with running_service(SERVICE, request.param, tmp_path) as service:
        yield service


async def win(service: RunningService, deal: str = "d1", customer: str = "k1", days_ago: float = 0) -> None:
    now = service.app.now() - timedelta(days=days_ago)
    opportunity = Opportunity(
        pipeline="p", business_line="software", stage="won", opened_at=now, forecast_category="closed", deal_kind="new",
        customer_id=customer, rep_id="r1", region="West")
    event = OpportunityWon(opportunity_id=deal, opportunity=opportunity, closed_at=now, stage_before="s")
    await service.publish(event, f"won-{deal}", now)


async def link_of(service: RunningService, **where: str) -> str:
    [item] = (await service.client.get("/v1/surveys/after_win/invitations", params=where)).json()["items"]
    link: str = item["url"]
    return link


async def test_a_win_leads_to_an_invitation_an_answer_results_and_an_issue(service: RunningService) -> None:
    await win(service)
    link = await link_of(service, opportunity_id="d1")
    page = await service.client.get(link)
    assert page.status_code == 200 and "recommend us" in page.text and "<script" not in page.text
    assert (await service.client.get(link)).status_code == 200, "a GET request does not record an answer"
    accepted = await service.client.post(link, data={"nps": "3", "reason": "<b>slow</b>", "csat": "2"})
    assert accepted.status_code == 200 and "recorded" in accepted.text
    again = await service.client.post(link, data={"nps": "10"})
    assert again.status_code == 409
    assert "has been answered" in (await service.client.get(link)).text
    await service.settle()

    results = (await service.client.get("/v1/surveys/after_win/results")).json()
    [row] = results["rows"]
    assert (row["n"], row["invited"], row["answered"], row["response_rate"]) == (1, 1, 1, 1.0)
    figures = {q["id"]: q for q in row["questions"]}
    assert figures["nps"]["nps"] == -100.0 and figures["csat"]["csat"]["top2"]["value"] == 0.0
    [answered] = (await service.client.get("/v1/surveys/after_win/answers?region=West")).json()["items"]
    assert answered["answers"] == {"nps": 3, "reason": "<b>slow</b>", "csat": 2} and answered["respondent_id"] == "k1"
    assert (await service.client.get("/v1/surveys/after_win/answers?region=East")).json()["items"] == []
    by = (await service.client.get("/v1/surveys/after_win/results?by=region,rep_id")).json()["rows"]
    assert by[0]["dimensions"] == {"region": "West", "rep_id": "r1"}
    [issue] = (await service.client.get("/v1/issues?status=open&rep_id=r1")).json()["items"]
    assert issue["reason"] == "Would not recommend us" and issue["respondent_id"] == "k1"
    resolved = await service.client.post(f"/v1/issues/{issue['issue_id']}/resolve", json={"note": "Called"})
    assert resolved.status_code == 200 and resolved.json()["status"] == "resolved"
    await service.settle()
    assert (await service.client.get("/v1/issues?status=open")).json()["items"] == []
    [issue] = (await service.client.get("/v1/issues?status=resolved")).json()["items"]
    assert (issue["note"], issue["actor_id"]) == ("Called", "local")


async def test_the_answers_of_employees_are_not_listed(service: RunningService) -> None:
    response = await service.client.get("/v1/surveys/employee_pulse/answers")
    assert (response.status_code, response.json()["code"]) == (403, "not_shown")


async def test_an_old_win_creates_no_invitation(service: RunningService) -> None:
    await win(service, days_ago=30)
    assert (await service.client.get("/v1/surveys/after_win/invitations?respondent_id=k1")).json()["items"] == []


async def test_a_manual_invitation_returns_its_link_and_respects_the_fatigue_rules(service: RunningService) -> None:
    body = {"respondent_id": "e1", "department": "sales"}
    path, headers = "/v1/surveys/employee_pulse/invitations", {"Idempotency-Key": "a"}
    created = await service.client.post(path, json=body, headers=headers)
    assert created.status_code == 201 and created.json()["respondent_kind"] == "employee"
    repeated = await service.client.post(path, json=body, headers=headers)
    assert repeated.json()["url"] == created.json()["url"]
    refused = await service.client.post(path, json=body)
    assert refused.status_code == 409 and refused.json()["errors"][0]["code"] == "recontact"
    accepted = await service.client.post(created.json()["url"], json={"answers": {"enps": 9}})
    assert accepted.json() == {"status": "answered"}
    await service.settle()
    [row] = (await service.client.get("/v1/surveys/employee_pulse/results?by=department")).json()["rows"]
    assert row == {"dimensions": {"department": "sales"}, "n": None, "reason": "group_too_small", "smallest_group": 5}
    assert (await service.client.get("/v1/surveys/employee_pulse/results?by=rep_id")).status_code == 400


async def test_invalid_requests_are_refused_with_the_pointer_of_each_fault(service: RunningService) -> None:
    unknown = await service.client.post("/v1/surveys/nothing/invitations", json={"respondent_id": "k1"})
    assert unknown.status_code == 404
    invalid = await service.client.post("/v1/surveys/after_win/invitations", json={"respondent_id": "k 1", "x": 1})
    assert invalid.status_code == 422 and {e["pointer"] for e in invalid.json()["errors"]} == {"/respondent_id", "/x"}
    kind = await service.client.post(
        "/v1/surveys/after_win/invitations", json={"respondent_id": "k1", "respondent_kind": "employee"})
    assert kind.json()["errors"][0]["pointer"] == "/respondent_kind"
    assert (await service.client.get("/v1/surveys/after_win/results?from=soon")).status_code == 400
    assert (await service.client.get("/v1/issues/none")).status_code == 404
    await win(service)
    link = await link_of(service, respondent_id="k1")
    response = await service.client.post(link, json={"answers": {"nps": 11}})
    assert response.status_code == 422 and response.json()["errors"][0]["pointer"] == "/answers/nps"
    assert (await service.client.post(link, json=[1])).status_code == 422
    form = await service.client.post(link, data={"reason": "</textarea><script>alert(1)</script>"})
    assert form.status_code == 422 and 'role="alert"' in form.text and "<script" not in form.text
    assert "&lt;script&gt;" in form.text, "the form shows the submitted text again"
    assert (await service.client.post(link, content=b"x" * 70_000)).status_code == 413
    assert (await service.client.post(link, content=b"<a/>", headers={"Content-Type": "text/xml"})).status_code == 415


async def test_the_page_is_in_the_respondents_language_and_loads_no_external_resource(service: RunningService) -> None:
    await win(service)
    link = await link_of(service, respondent_id="k1")
    chinese = await service.client.get(link, headers={"Accept-Language": "fr, zh-CN;q=0.8, en;q=0.5"})
    assert '<html lang="zh">' in chinese.text and "提交" in chinese.text
    assert '<html lang="en">' in (await service.client.get(link + "?lang=en", headers={"Accept-Language": "zh"})).text
    assert '<html lang="en">' in (await service.client.get(link + "?lang=xx")).text
    assert chinese.headers["referrer-policy"] == "no-referrer" and chinese.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in chinese.headers["content-security-policy"]
    assert not re.search(r"https?://|//", chinese.text), "the page loads no external resource"


async def test_a_forged_link_or_one_of_another_installation_is_not_found(service: RunningService) -> None:
    await win(service)
    link = await link_of(service, respondent_id="k1")
    for forged in (link[:-1] + ("A" if link[-1] != "A" else "B"), "/s/x", "/s/a.b.c", "/s/" + "x" * 3000, "/s/ü.ü"):
        assert (await service.client.get(forged)).status_code == 404
        assert (await service.client.post(forged, data={"nps": "9"})).status_code == 404
    other = SurveyLinks(b"another secret").path("k1", "i", service.app.now())
    assert (await service.client.get(other)).status_code == 404


async def test_an_expired_link_returns_410(service: RunningService, monkeypatch: pytest.MonkeyPatch) -> None:
    await win(service)
    link = await link_of(service, respondent_id="k1")
    later = service.app.now() + timedelta(days=31)
    monkeypatch.setattr(service.app, "now", lambda: later)
    assert (await service.client.get(link)).status_code == 410
    assert (await service.client.post(link, data={"nps": "9"})).status_code == 410
    [item] = (await service.client.get("/v1/surveys/after_win/invitations?respondent_id=k1")).json()["items"]
    assert (item["status"], item["url"]) == ("expired", None)


async def test_answers_from_other_tools_count_and_bounced_invitations_are_not_delivered(
    service: RunningService,
) -> None:
    await win(service, "d1", "k1")
    await win(service, "d2", "k2")
    [item] = (await service.client.get("/v1/surveys/after_win/invitations?respondent_id=k2")).json()["items"]
    bounced = SurveyDeliveryReported(invitation_id=item["invitation_id"], respondent_id="k2", status="bounced")
    await service.publish(bounced, "b")
    event = SurveyResponded(response_id="a1", survey="after_win", respondent_kind="customer", respondent_id="k1",
                            answers={"nps": 10, "reason": "kind people"}, complete=True)
    await service.publish(event, "a")
    await service.publish(event, "a", service.app.now())
    [row] = (await service.client.get("/v1/surveys/after_win/results")).json()["rows"]
    assert (row["n"], row["invited"], row["delivered"], row["response_rate"]) == (1, 2, 1, 1.0)
    assert row["questions"][0]["nps"] == 100.0
    entity = (await service.app.find("feedback", {"respondent_id": "k1"})).items[0]
    assert entity.state.answers == {"nps": 10}, "free text is stored with the respondent only"
    tomorrow = (service.app.now() + timedelta(days=2)).date()
    empty = (await service.client.get(f"/v1/surveys/after_win/results?from={tomorrow}")).json()["rows"]
    assert (empty[0]["n"], empty[0]["questions"][0]["reason"]) == (0, "no_answers")


async def test_free_text_without_an_invitation_is_listed_until_the_customer_is_erased(
    service: RunningService,
) -> None:
    event = SurveyResponded(response_id="a1", survey="after_win", respondent_kind="customer", respondent_id="k7",
                            answers={"nps": 10, "reason": "kind people"}, complete=True)
    await service.publish(event, "a")
    await service.settle()
    [item] = (await service.client.get("/v1/surveys/after_win/answers")).json()["items"]
    assert item["answers"] == {"nps": 10, "reason": "kind people"}
    await service.publish(replace(event, response_id="a2", answers={"nps": 9}), "b")
    await service.settle()
    assert len((await service.client.get("/v1/surveys/after_win/answers")).json()["items"]) == 2
    assert (await service.client.get("/v1/surveys/after_win/answers?written=true")).json()["items"] == [item]
    await service.publish(CustomerErased(customer_id="k7"), "gone")
    await service.settle()
    assert "kind people" not in (await service.client.get("/v1/surveys/after_win/answers")).text


async def test_a_dead_letter_names_the_fault_of_an_answer(service: RunningService) -> None:
    event = SurveyResponded(response_id="a1", survey="after_win", respondent_kind="customer", respondent_id="k1",
                            answers={"nps": 12}, complete=True)
    await service.publish(event, "bad")
    [dead_letter] = (await service.client.get("/v1/dead-letters")).json()["items"]
    assert dead_letter["code"] == "invalid_answer" and "/answers/nps" in str(dead_letter)


def test_the_link_key_is_created_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    token = links_of(settings).token("k1", "i1", at())
    claim = links_of(settings).read(token)
    assert claim is not None and (claim.respondent_id, claim.invitation_id, claim.expires_at) == ("k1", "i1", at())
    [file] = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert links_of(Settings(data_dir=tmp_path, secret="s")).read(token) is None
    assert links_of(Settings(secret="s")).read(links_of(Settings(secret="s")).token("k", "i", at())) is not None


async def test_surveys_are_listed(service: RunningService) -> None:
    items = (await service.client.get("/v1/surveys")).json()["items"]
    assert [i["name"] for i in items] == ["after_win", "employee_pulse"]
    assert (await service.client.get("/v1/surveys/after_win")).json()["questions"][0]["scale"] == {"min": 0, "max": 10}
