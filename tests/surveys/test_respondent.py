"""A respondent is asked at the right moment and not too often; the last complete answer counts."""
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


# --- inviting --------------------------------------------------------------------------------------------------------


def test_a_win_invites_the_customer_of_the_deal() -> None:
    _, events = respondent_after(won())
    [invited] = of_type(SurveyInvited, events)
    assert (invited.invitation_id, invited.respondent_id, invited.survey) == (D1, "k1", "after_win")
    assert (invited.expires_at, invited.url, invited.model) == (at(30), f"/s/{D1}", "after_win@1")
    context = invited.context
    assert (context.opportunity_id, context.rep_id, context.region) == ("d1", "r1", "West")


def test_nobody_is_invited_for_history_or_for_another_business_line() -> None:
    assert respondent_after(won(live=False))[1] == []
    assert respondent_after(won(line="hardware"))[1] == []


def test_a_deal_won_twice_is_asked_about_once() -> None:
    assert len(of_type(SurveyInvited, respondent_after(won(), won(days=200))[1])) == 1


@pytest.mark.parametrize(("commands", "rule"), [
    ((won(), won(days=30, deal="d2")), "recontact"),
    ((invite(), won(days=13)), "cooldown"),
    ((won(days=20), won(days=10, deal="d2")), "recontact"),
    ((invite(id="1"), invite(30, id="2"), invite(60, id="3"), won(days=90)), "max_per_period"),
    ((consent(False), won(days=1)), "consent"),
    ((consent(False, channel="all"), won(days=1)), "consent"),
])
def test_who_was_asked_lately_or_withdrew_is_not_asked_and_the_rule_is_told(commands: Any, rule: str) -> None:
    _, events = respondent_after(*commands)
    [suppressed] = of_type(SurveySuppressed, events)
    assert (suppressed.rule, suppressed.survey) == (rule, "after_win")


def test_the_latest_word_on_consent_counts_however_it_arrives() -> None:
    assert of_type(SurveyInvited, respondent_after(consent(True, days=2), consent(False, days=1), won(days=3))[1])
    assert not of_type(SurveyInvited, respondent_after(consent(True, days=1), consent(False, days=2), won(days=3))[1])
    assert of_type(SurveyInvited, respondent_after(consent(False, purpose="marketing"), won(days=3))[1])
    _, events = respondent_after(consent(False, contact_id="c9"), won(days=3))
    assert of_type(SurveyInvited, events), "the consent of another person"


def test_an_invitation_with_a_delay_goes_out_when_it_is_due() -> None:
    trigger = {"on": "opportunity_won", "delay_hours": 48}
    decider = respondent(trigger=trigger)
    state, events = respondent_after(won(), decider=decider)
    assert not of_type(SurveyInvited, events) and next_deadline(surveys(trigger=trigger), state) == at(2)
    _, events = respondent_after(won(), DeadlineReached(at=at(2)), decider=decider)
    assert [e.expires_at for e in of_type(SurveyInvited, events)] == [at(32)]
    state, events = respondent_after(won(), DeadlineReached(at=at(2), live=False), decider=decider)
    assert not of_type(SurveyInvited, events) and next_deadline(surveys(trigger=trigger), state) is None


def test_an_open_invitation_is_reminded_of_once() -> None:
    decider = respondent(remind_after_days=7)
    state, events = respondent_after(won(), DeadlineReached(at=at(7)), decider=decider)
    assert len(of_type(SurveyReminded, events)) == 1 and next_deadline(surveys(remind_after_days=7), state) is None
    week = DeadlineReached(at=at(7))
    for silent in ((respond(nps=9), week), (delivery(D1, "bounced"), week), (consent(False, days=2), week),
                   (replace(week, live=False),)):
        assert not of_type(SurveyReminded, respondent_after(won(), *silent, decider=decider)[1])


# --- answering -------------------------------------------------------------------------------------------------------


def test_an_answer_is_matched_to_the_invitation_and_counts_where_that_came_from() -> None:
    for answer in (respond(nps=9, invitation_id=D1), respond(nps=9), respond(nps=9, contact_id="c1")):
        [accepted] = of_type(SurveyAnswerAccepted, respondent_after(won(), answer)[1])
        assert (accepted.invitation_id, accepted.invited_at, accepted.context.region) == (D1, at(), "West")
        assert (accepted.before, accepted.model, accepted.answers) == (None, "after_win@1", {"nps": 9})


def test_an_answer_without_invitation_is_kept_on_its_own_with_the_context_it_brings() -> None:
    [accepted] = of_type(SurveyAnswerAccepted, respondent_after(respond(nps=9))[1])
    assert (accepted.invitation_id, accepted.invited_at) == (None, None)
    assert (accepted.context.region, accepted.context.customer_id) == ("North", "k1")


def test_the_last_complete_answer_of_an_invitation_counts() -> None:
    first, second = respond(1, "a", nps=3, invitation_id=D1), respond(2, "b", nps=9, invitation_id=D1)
    _, events = respondent_after(won(), first, second)
    accepted = [(e.answers, e.before) for e in of_type(SurveyAnswerAccepted, events)]
    assert accepted == [({"nps": 3}, None), ({"nps": 9}, {"nps": 3})]
    _, events = respondent_after(won(), second, first)
    assert [e.answers["nps"] for e in of_type(SurveyAnswerAccepted, events)] == [9], "the earlier one came late"


def test_a_partial_answer_counts_until_a_complete_one_comes() -> None:
    _, events = respondent_after(won(), respond(1, "a", complete=False, csat=4), respond(2, "b", nps=9),
                    respond(3, "c", complete=False, csat=1, invitation_id=D1))
    told = [(e.complete, e.before) for e in of_type(SurveyAnswerAccepted, events)]
    assert told == [(False, None), (True, {"csat": 4})]


def test_the_same_response_again_changes_nothing_and_another_under_its_id_is_a_dead_letter() -> None:
    state, _ = respondent_after(won(), respond(1, nps=9))
    assert RESPONDENT.decide(respond(5, nps=9), state) == []
    [letter] = RESPONDENT.decide(respond(1, nps=8), state)
    assert isinstance(letter, Declined) and letter.code == "already_known"


@pytest.mark.parametrize("answers", [
    {"nps": 11}, {"nps": True}, {"nps": "9"}, {"nps": 8.5}, {}, {"nps": 9, "csat": 0}, {"nps": 9, "reason": 5},
    {"nps": 9, "liked": ("price", "price")}, {"nps": 9, "liked": "price"}, {"nps": 9, "again": "yes"},
    {"nps": 9, "colour": "red"}, {"nps": 9, "reason": "x" * 2001},
])
def test_an_answer_that_does_not_fit_the_questions_is_a_dead_letter(answers: dict[str, Any]) -> None:
    state, _ = respondent_after(won())
    [letter] = RESPONDENT.decide(respond(**answers), state)
    assert isinstance(letter, Declined) and letter.code == "invalid_answer"


def test_an_answer_that_fits_is_taken_as_the_survey_types_it() -> None:
    _, events = respondent_after(won(), respond(nps=9.0, csat=None, reason="Good", liked=("people",), again=False))
    [accepted] = of_type(SurveyAnswerAccepted, events)
    assert accepted.answers == {"nps": 9, "reason": "Good", "liked": ("people",), "again": False}


def test_an_unknown_survey_and_an_expired_invitation_are_dead_letters() -> None:
    state, _ = respondent_after(won())
    assert RESPONDENT.decide(respond(survey="nobody", nps=9), state)[0].code == "invalid_answer"
    assert RESPONDENT.decide(respond(days=31, nps=9, invitation_id=D1), state)[0].code == "invitation_expired"
    [_, accepted] = RESPONDENT.decide(respond(days=31, nps=9), state)
    assert accepted.invitation_id is None, "not matched to what has expired"


def test_a_link_is_answered_once_in_time_and_completely() -> None:
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


def test_a_bad_answer_raises_one_issue_which_is_resolved_once() -> None:
    answers = (respond(1, "a", nps=3, invitation_id=D1), respond(2, "b", nps=2, invitation_id=D1))
    state, events = respondent_after(won(), *answers)
    [issue] = of_type(IssueRaised, events)
    assert (issue.reason, issue.context.rep_id, issue.response_id) == ("Would not recommend us", "r1", "a")
    resolve = ResolveIssue(**command_fields(3, "x"), issue_id=issue.issue_id, note="Called")
    [resolved] = RESPONDENT.decide(resolve, state)
    assert isinstance(resolved, IssueResolved) and (resolved.note, resolved.actor_id) == ("Called", "crm")
    assert RESPONDENT.decide(resolve, RESPONDENT.evolve(state, resolved)) == []


def test_neither_a_good_nor_an_old_nor_a_partial_answer_raises_an_issue() -> None:
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
def test_whatever_the_order_the_last_complete_answer_counts_and_befores_form_a_chain(order: Any, repeats: Any) -> None:
    state, events = respondent_after(won(), *order, *repeats)
    assert state.given[D1].answers == {"nps": 8}
    accepted = of_type(SurveyAnswerAccepted, events)
    assert [e.before for e in accepted] == [None, *(e.answers for e in accepted[:-1])]


@given(st.lists(st.tuples(st.floats(0, 400), st.sampled_from(["after_win", "quarterly"])), max_size=15))
@settings(max_examples=examples(60), deadline=None)
def test_nobody_is_asked_more_often_than_the_rules_allow(asked: list[tuple[float, str]]) -> None:
    state, _ = respondent_after(*(invite(days, survey, f"i{n}") for n, (days, survey) in enumerate(asked)))
    made = sorted(state.invitations.values(), key=lambda i: i.at)
    for one, next_one in pairwise(made):
        assert (next_one.at - one.at).total_seconds() >= 14 * 86400
    wins = [i.at for i in made if i.survey == "after_win"]
    assert all((later - earlier).total_seconds() >= 90 * 86400 for earlier, later in pairwise(wins))
