"""From a win to an answered survey, its results and its issue, through the doors."""
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
    said = OpportunityWon(opportunity_id=deal, opportunity=opportunity, closed_at=now, stage_before="s")
    await service.publish(said, f"won-{deal}", now)


async def link_of(service: RunningService, **where: str) -> str:
    [item] = (await service.client.get("/v1/surveys/after_win/invitations", params=where)).json()["items"]
    link: str = item["url"]
    return link


async def test_a_win_becomes_an_answered_survey_with_its_results_and_its_issue(service: RunningService) -> None:
    await win(service)
    link = await link_of(service, opportunity_id="d1")
    page = await service.client.get(link)
    assert page.status_code == 200 and "recommend us" in page.text and "<script" not in page.text
    assert (await service.client.get(link)).status_code == 200, "reading records nothing"
    thanks = await service.client.post(link, data={"nps": "3", "reason": "<b>slow</b>", "csat": "2"})
    assert thanks.status_code == 200 and "recorded" in thanks.text
    again = await service.client.post(link, data={"nps": "10"})
    assert again.status_code == 409
    assert "has been answered" in (await service.client.get(link)).text
    await service.settle()

    results = (await service.client.get("/v1/surveys/after_win/results")).json()
    [row] = results["rows"]
    assert (row["n"], row["invited"], row["answered"], row["response_rate"]) == (1, 1, 1, 1.0)
    figures = {q["id"]: q for q in row["questions"]}
    assert figures["nps"]["nps"] == -100.0 and figures["csat"]["csat"]["top2"]["value"] == 0.0
    [said] = (await service.client.get("/v1/surveys/after_win/answers?region=West")).json()["items"]
    assert said["answers"] == {"nps": 3, "reason": "<b>slow</b>", "csat": 2} and said["respondent_id"] == "k1"
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


async def test_what_employees_answer_is_never_shown_word_for_word(service: RunningService) -> None:
    answer = await service.client.get("/v1/surveys/employee_pulse/answers")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_shown")


async def test_an_old_win_invites_nobody(service: RunningService) -> None:
    await win(service, days_ago=30)
    assert (await service.client.get("/v1/surveys/after_win/invitations?respondent_id=k1")).json()["items"] == []


async def test_an_invitation_by_hand_answers_with_its_link_and_fatigue_holds(service: RunningService) -> None:
    body = {"respondent_id": "e1", "department": "sales"}
    path, once = "/v1/surveys/employee_pulse/invitations", {"Idempotency-Key": "a"}
    made = await service.client.post(path, json=body, headers=once)
    assert made.status_code == 201 and made.json()["respondent_kind"] == "employee"
    repeated = await service.client.post(path, json=body, headers=once)
    assert repeated.json()["url"] == made.json()["url"]
    refused = await service.client.post(path, json=body)
    assert refused.status_code == 409 and refused.json()["errors"][0]["code"] == "recontact"
    taken = await service.client.post(made.json()["url"], json={"answers": {"enps": 9}})
    assert taken.json() == {"status": "answered"}
    await service.settle()
    [row] = (await service.client.get("/v1/surveys/employee_pulse/results?by=department")).json()["rows"]
    assert row == {"dimensions": {"department": "sales"}, "n": None, "reason": "group_too_small", "smallest_group": 5}
    assert (await service.client.get("/v1/surveys/employee_pulse/results?by=rep_id")).status_code == 400


async def test_what_is_not_right_is_told_with_its_place(service: RunningService) -> None:
    unknown = await service.client.post("/v1/surveys/nothing/invitations", json={"respondent_id": "k1"})
    assert unknown.status_code == 404
    wrong = await service.client.post("/v1/surveys/after_win/invitations", json={"respondent_id": "k 1", "x": 1})
    assert wrong.status_code == 422 and {e["pointer"] for e in wrong.json()["errors"]} == {"/respondent_id", "/x"}
    kind = await service.client.post(
        "/v1/surveys/after_win/invitations", json={"respondent_id": "k1", "respondent_kind": "employee"})
    assert kind.json()["errors"][0]["pointer"] == "/respondent_kind"
    assert (await service.client.get("/v1/surveys/after_win/results?from=soon")).status_code == 400
    assert (await service.client.get("/v1/issues/none")).status_code == 404
    await win(service)
    link = await link_of(service, respondent_id="k1")
    answer = await service.client.post(link, json={"answers": {"nps": 11}})
    assert answer.status_code == 422 and answer.json()["errors"][0]["pointer"] == "/answers/nps"
    assert (await service.client.post(link, json=[1])).status_code == 422
    form = await service.client.post(link, data={"reason": "</textarea><script>alert(1)</script>"})
    assert form.status_code == 422 and 'role="alert"' in form.text and "<script" not in form.text
    assert "&lt;script&gt;" in form.text, "what was written is kept"
    assert (await service.client.post(link, content=b"x" * 70_000)).status_code == 413
    assert (await service.client.post(link, content=b"<a/>", headers={"Content-Type": "text/xml"})).status_code == 415


async def test_the_page_speaks_the_respondents_language_and_asks_nothing_of_others(service: RunningService) -> None:
    await win(service)
    link = await link_of(service, respondent_id="k1")
    chinese = await service.client.get(link, headers={"Accept-Language": "fr, zh-CN;q=0.8, en;q=0.5"})
    assert '<html lang="zh">' in chinese.text and "提交" in chinese.text
    assert '<html lang="en">' in (await service.client.get(link + "?lang=en", headers={"Accept-Language": "zh"})).text
    assert '<html lang="en">' in (await service.client.get(link + "?lang=xx")).text
    assert chinese.headers["referrer-policy"] == "no-referrer" and chinese.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in chinese.headers["content-security-policy"]
    assert not re.search(r"https?://|//", chinese.text), "nothing is fetched from anywhere"


async def test_a_forged_or_foreign_link_opens_nothing(service: RunningService) -> None:
    await win(service)
    link = await link_of(service, respondent_id="k1")
    for forged in (link[:-1] + ("A" if link[-1] != "A" else "B"), "/s/x", "/s/a.b.c", "/s/" + "x" * 3000, "/s/ü.ü"):
        assert (await service.client.get(forged)).status_code == 404
        assert (await service.client.post(forged, data={"nps": "9"})).status_code == 404
    other = SurveyLinks(b"another secret").path("k1", "i", service.app.now())
    assert (await service.client.get(other)).status_code == 404


async def test_an_expired_link_says_so(service: RunningService, monkeypatch: pytest.MonkeyPatch) -> None:
    await win(service)
    link = await link_of(service, respondent_id="k1")
    later = service.app.now() + timedelta(days=31)
    monkeypatch.setattr(service.app, "now", lambda: later)
    assert (await service.client.get(link)).status_code == 410
    assert (await service.client.post(link, data={"nps": "9"})).status_code == 410
    [item] = (await service.client.get("/v1/surveys/after_win/invitations?respondent_id=k1")).json()["items"]
    assert (item["status"], item["url"]) == ("expired", None)


async def test_answers_from_other_tools_count_and_bounced_invitations_were_not_delivered(
    service: RunningService,
) -> None:
    await win(service, "d1", "k1")
    await win(service, "d2", "k2")
    [item] = (await service.client.get("/v1/surveys/after_win/invitations?respondent_id=k2")).json()["items"]
    bounced = SurveyDeliveryReported(invitation_id=item["invitation_id"], respondent_id="k2", status="bounced")
    await service.publish(bounced, "b")
    said = SurveyResponded(response_id="a1", survey="after_win", respondent_kind="customer", respondent_id="k1",
                           answers={"nps": 10, "reason": "kind people"}, complete=True)
    await service.publish(said, "a")
    await service.publish(said, "a", service.app.now())
    [row] = (await service.client.get("/v1/surveys/after_win/results")).json()["rows"]
    assert (row["n"], row["invited"], row["delivered"], row["response_rate"]) == (1, 2, 1, 1.0)
    assert row["questions"][0]["nps"] == 100.0
    entity = (await service.app.find("feedback", {"respondent_id": "k1"})).items[0]
    assert entity.state.answers == {"nps": 10}, "free text stays with the respondent"
    tomorrow = (service.app.now() + timedelta(days=2)).date()
    empty = (await service.client.get(f"/v1/surveys/after_win/results?from={tomorrow}")).json()["rows"]
    assert (empty[0]["n"], empty[0]["questions"][0]["reason"]) == (0, "no_answers")


async def test_words_of_an_answer_without_invitation_are_shown_until_the_customer_is_erased(
    service: RunningService,
) -> None:
    said = SurveyResponded(response_id="a1", survey="after_win", respondent_kind="customer", respondent_id="k7",
                           answers={"nps": 10, "reason": "kind people"}, complete=True)
    await service.publish(said, "a")
    await service.settle()
    [item] = (await service.client.get("/v1/surveys/after_win/answers")).json()["items"]
    assert item["answers"] == {"nps": 10, "reason": "kind people"}
    await service.publish(replace(said, response_id="a2", answers={"nps": 9}), "b")
    await service.settle()
    assert len((await service.client.get("/v1/surveys/after_win/answers")).json()["items"]) == 2
    assert (await service.client.get("/v1/surveys/after_win/answers?written=true")).json()["items"] == [item]
    await service.publish(CustomerErased(customer_id="k7"), "gone")
    await service.settle()
    assert "kind people" not in (await service.client.get("/v1/surveys/after_win/answers")).text


async def test_a_dead_letter_tells_what_is_wrong_with_an_answer(service: RunningService) -> None:
    said = SurveyResponded(response_id="a1", survey="after_win", respondent_kind="customer", respondent_id="k1",
                           answers={"nps": 12}, complete=True)
    await service.publish(said, "bad")
    [letter] = (await service.client.get("/v1/dead-letters")).json()["items"]
    assert letter["code"] == "invalid_answer" and "/answers/nps" in str(letter)


def test_the_key_of_links_is_made_once_and_is_its_owners_only(tmp_path: Path) -> None:
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
