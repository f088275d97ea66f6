"""Decider of respondents: invitations with fatigue rules, answers, issues, erasure."""
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.domain.decider import DeadlineReached, Declined, replace
from chassis.domain.testing import of_type
from contracts.surveys import (
    IssueRaised,
    IssueResolved,
    SurveyAnswerAccepted,
    SurveyInvited,
    SurveyReminded,
    SurveySuppressed,
)
from services.surveys.commands import EraseRespondent, ResolveIssue
from services.surveys.decider.ids import invitation_id
from services.surveys.decider.invitations import next_deadline
from services.surveys.state.respondent import AnswerRefused
from tests.support.effort import examples

from .builders import (
    RESPONDENT,
    at,
    by_link,
    command_fields,
    consent,
    delivery,
    invite,
    respond,
    respondent,
    respondent_after,
    surveys,
    won,
)

D1 = invitation_id("d1", "after_win")


# --- invitations -----------------------------------------------------------------------------------------------------


def test_a_win_invites_the_customer_of_the_deal() -> None:
    _, events = respondent_after(won())
    [invited] = of_type(SurveyInvited, events)
    assert (invited.invitation_id, invited.respondent_id, invited.survey) == (D1, "k1", "after_win")
    assert (invited.expires_at, invited.url, invited.model) == (at(30), f"/s/{D1}", "after_win@1")
    context = invited.context
    assert (context.opportunity_id, context.rep_id, context.region) == ("d1", "r1", "West")


def test_an_imported_win_and_one_of_another_business_line_create_no_invitation() -> None:
    assert respondent_after(won(live=False))[1] == []
    assert respondent_after(won(line="hardware"))[1] == []


def test_a_deal_won_twice_creates_one_invitation() -> None:
    assert len(of_type(SurveyInvited, respondent_after(won(), won(days=200))[1])) == 1


@pytest.mark.parametrize(("commands", "rule"), [
    ((won(), won(days=30, deal="d2")), "recontact"),
    ((invite(), won(days=13)), "cooldown"),
    ((won(days=20), won(days=10, deal="d2")), "recontact"),
    ((invite(id="1"), invite(30, id="2"), invite(60, id="3"), won(days=90)), "max_per_period"),
    ((consent(False), won(days=1)), "consent"),
    ((consent(False, channel="all"), won(days=1)), "consent"),
])
def test_a_recent_invitation_or_withdrawn_consent_suppresses_the_survey_with_the_rule(commands: Any, rule: str) -> None:
    _, events = respondent_after(*commands)
    [suppressed] = of_type(SurveySuppressed, events)
    assert (suppressed.rule, suppressed.survey) == (rule, "after_win")


def test_the_latest_consent_in_business_time_counts_in_any_order() -> None:
    assert of_type(SurveyInvited, respondent_after(consent(True, days=2), consent(False, days=1), won(days=3))[1])
    assert not of_type(SurveyInvited, respondent_after(consent(True, days=1), consent(False, days=2), won(days=3))[1])
    assert of_type(SurveyInvited, respondent_after(consent(False, purpose="marketing"), won(days=3))[1])
    _, events = respondent_after(consent(False, contact_id="c9"), won(days=3))
    assert of_type(SurveyInvited, events), "the consent of another person"


def test_a_delayed_invitation_is_sent_when_it_is_due() -> None:
    trigger = {"on": "opportunity_won", "delay_hours": 48}
    decider = respondent(trigger=trigger)
    state, events = respondent_after(won(), decider=decider)
    assert not of_type(SurveyInvited, events) and next_deadline(surveys(trigger=trigger), state) == at(2)
    _, events = respondent_after(won(), DeadlineReached(at=at(2)), decider=decider)
    assert [e.expires_at for e in of_type(SurveyInvited, events)] == [at(32)]
    state, events = respondent_after(won(), DeadlineReached(at=at(2), live=False), decider=decider)
    assert not of_type(SurveyInvited, events) and next_deadline(surveys(trigger=trigger), state) is None


def test_an_open_invitation_is_reminded_once() -> None:
    decider = respondent(remind_after_days=7)
    state, events = respondent_after(won(), DeadlineReached(at=at(7)), decider=decider)
    assert len(of_type(SurveyReminded, events)) == 1 and next_deadline(surveys(remind_after_days=7), state) is None
    due = DeadlineReached(at=at(7))
    for commands in ((respond(nps=9), due), (delivery(D1, "bounced"), due), (consent(False, days=2), due),
                   (replace(due, live=False),)):
        assert not of_type(SurveyReminded, respondent_after(won(), *commands, decider=decider)[1])


# --- answers ---------------------------------------------------------------------------------------------------------


def test_an_answer_is_matched_to_its_invitation_and_takes_over_its_context() -> None:
    for answer in (respond(nps=9, invitation_id=D1), respond(nps=9), respond(nps=9, contact_id="c1")):
        [accepted] = of_type(SurveyAnswerAccepted, respondent_after(won(), answer)[1])
        assert (accepted.invitation_id, accepted.invited_at, accepted.context.region) == (D1, at(), "West")
        assert (accepted.before, accepted.model, accepted.answers) == (None, "after_win@1", {"nps": 9})


def test_an_answer_without_an_invitation_has_the_context_of_its_event() -> None:
    [accepted] = of_type(SurveyAnswerAccepted, respondent_after(respond(nps=9))[1])
    assert (accepted.invitation_id, accepted.invited_at) == (None, None)
    assert (accepted.context.region, accepted.context.customer_id) == ("North", "k1")


def test_the_last_complete_answer_of_an_invitation_counts() -> None:
    first, second = respond(1, "a", nps=3, invitation_id=D1), respond(2, "b", nps=9, invitation_id=D1)
    _, events = respondent_after(won(), first, second)
    accepted = [(e.answers, e.before) for e in of_type(SurveyAnswerAccepted, events)]
    assert accepted == [({"nps": 3}, None), ({"nps": 9}, {"nps": 3})]
    _, events = respondent_after(won(), second, first)
    assert [e.answers["nps"] for e in of_type(SurveyAnswerAccepted, events)] == [9], "the earlier answer arrived late"


def test_a_partial_answer_counts_until_a_complete_one_arrives() -> None:
    _, events = respondent_after(won(), respond(1, "a", complete=False, csat=4), respond(2, "b", nps=9),
                    respond(3, "c", complete=False, csat=1, invitation_id=D1))
    accepted = [(e.complete, e.before) for e in of_type(SurveyAnswerAccepted, events)]
    assert accepted == [(False, None), (True, {"csat": 4})]


def test_a_repeated_response_changes_nothing_and_a_different_one_with_its_id_is_declined() -> None:
    state, _ = respondent_after(won(), respond(1, nps=9))
    assert RESPONDENT.decide(respond(5, nps=9), state) == []
    [declined] = RESPONDENT.decide(respond(1, nps=8), state)
    assert isinstance(declined, Declined) and declined.code == "already_known"


@pytest.mark.parametrize("answers", [
    {"nps": 11}, {"nps": True}, {"nps": "9"}, {"nps": 8.5}, {}, {"nps": 9, "csat": 0}, {"nps": 9, "reason": 5},
    {"nps": 9, "liked": ("price", "price")}, {"nps": 9, "liked": "price"}, {"nps": 9, "again": "yes"},
    {"nps": 9, "colour": "red"}, {"nps": 9, "reason": "x" * 2001},
])
def test_an_answer_that_does_not_match_the_questions_is_declined(answers: dict[str, Any]) -> None:
    state, _ = respondent_after(won())
    [declined] = RESPONDENT.decide(respond(**answers), state)
    assert isinstance(declined, Declined) and declined.code == "invalid_answer"


def test_a_valid_answer_is_converted_to_the_types_of_the_questions() -> None:
    _, events = respondent_after(won(), respond(nps=9.0, csat=None, reason="Good", liked=("people",), again=False))
    [accepted] = of_type(SurveyAnswerAccepted, events)
    assert accepted.answers == {"nps": 9, "reason": "Good", "liked": ("people",), "again": False}


def test_an_unknown_survey_and_an_expired_invitation_are_declined() -> None:
    state, _ = respondent_after(won())
    assert RESPONDENT.decide(respond(survey="unknown", nps=9), state)[0].code == "invalid_answer"
    assert RESPONDENT.decide(respond(days=31, nps=9, invitation_id=D1), state)[0].code == "invitation_expired"
    [_, accepted] = RESPONDENT.decide(respond(days=31, nps=9), state)
    assert accepted.invitation_id is None, "an expired invitation is not matched"


def test_a_link_is_answered_once_before_it_expires_with_all_required_answers() -> None:
    state, events = respondent_after(won(), by_link(D1, nps=9))
    [accepted] = of_type(SurveyAnswerAccepted, events)
    assert (accepted.invitation_id, accepted.complete) == (D1, True)
    refused = RESPONDENT.decide(by_link(D1, nps=3), state)
    assert refused == [AnswerRefused(reason="answered")]
    state, _ = respondent_after(won())
    assert RESPONDENT.decide(by_link(D1, days=30, nps=3), state) == [AnswerRefused(reason="expired")]
    assert RESPONDENT.decide(by_link("other", nps=3), state) == [AnswerRefused(reason="unknown")]
    [invalid] = RESPONDENT.decide(by_link(D1, csat=3), state)
    assert (invalid.reason, invalid.faults[0].pointer) == ("invalid", "/answers/nps")


# --- issues ----------------------------------------------------------------------------------------------------------


def test_negative_answers_raise_one_issue_which_is_resolved_once() -> None:
    answers = (respond(1, "a", nps=3, invitation_id=D1), respond(2, "b", nps=2, invitation_id=D1))
    state, events = respondent_after(won(), *answers)
    [issue] = of_type(IssueRaised, events)
    assert (issue.reason, issue.context.rep_id, issue.response_id) == ("Would not recommend us", "r1", "a")
    resolve = ResolveIssue(**command_fields(3, "x"), issue_id=issue.issue_id, note="Called")
    [resolved] = RESPONDENT.decide(resolve, state)
    assert isinstance(resolved, IssueResolved) and (resolved.note, resolved.actor_id) == ("Called", "crm")
    assert RESPONDENT.decide(resolve, RESPONDENT.evolve(state, resolved)) == []


def test_a_positive_an_imported_and_a_partial_answer_raise_no_issue() -> None:
    for answer in (respond(nps=7), respond(nps=0, live=False), respond(nps=0, complete=False)):
        assert not of_type(IssueRaised, respondent_after(won(), answer)[1])


def test_an_erasure_removes_free_text_and_leaves_the_ids() -> None:
    state, _ = respondent_after(won(), respond(nps=9, reason="Call me"), EraseRespondent(**command_fields(3, "x")))
    assert "Call me" not in repr(state) and "a1" in state.responses
    assert RESPONDENT.decide(respond(nps=9, reason="Call me"), state) == []
    assert RESPONDENT.decide(by_link(D1, nps=9), state) == [AnswerRefused(reason="unknown")]


# --- properties ------------------------------------------------------------------------------------------------------

ANSWERS = [respond(n, f"a{n}", complete=n % 3 > 0, nps=n, invitation_id=D1) for n in range(1, 9)]


@given(st.permutations(ANSWERS), st.lists(st.sampled_from(ANSWERS), max_size=4))
@settings(max_examples=examples(60), deadline=None)
def test_in_any_order_the_last_complete_answer_counts_and_previous_answers_form_a_chain(
    order: Any, repeats: Any,
) -> None:
    state, events = respondent_after(won(), *order, *repeats)
    assert state.given[D1].answers == {"nps": 8}
    accepted = of_type(SurveyAnswerAccepted, events)
    assert [e.before for e in accepted] == [None, *(e.answers for e in accepted[:-1])]


@given(st.lists(st.tuples(st.floats(0, 400), st.sampled_from(["after_win", "quarterly"])), max_size=15))
@settings(max_examples=examples(60), deadline=None)
def test_no_respondent_is_invited_more_often_than_the_rules_allow(requests: list[tuple[float, str]]) -> None:
    state, _ = respondent_after(*(invite(days, survey, f"i{n}") for n, (days, survey) in enumerate(requests)))
    invitations = sorted(state.invitations.values(), key=lambda i: i.at)
    for earlier, later in pairwise(invitations):
        assert (later.at - earlier.at).total_seconds() >= 14 * 86400
    wins = [i.at for i in invitations if i.survey == "after_win"]
    assert all((later - earlier).total_seconds() >= 90 * 86400 for earlier, later in pairwise(wins))
