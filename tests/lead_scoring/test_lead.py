"""Decider of leads: scores by the scorecard with a reason for every point, qualification, corrections."""
from datetime import datetime
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.domain.decider import DeadlineReached, Declined, replace
from chassis.domain.testing import of_type
from contracts.kinds import Contact
from contracts.lead_scoring import Contribution, LeadDisqualified, LeadQualified, LeadScored
from services.lead_scoring.commands import EraseLead, MergeLead
from services.lead_scoring.decider import next_deadline
from services.lead_scoring.state.model import field_values
from tests.support.effort import examples

from .builders import (
    CARDS,
    LEAD,
    activity,
    at,
    capture,
    command_fields,
    convert,
    lead_after,
    lose,
    reply,
    revise,
    scenario,
    visit,
    void,
)

STRONG = capture(industry="finance", employees=500)


def test_a_captured_lead_is_scored_by_its_attributes() -> None:
    lead, events = lead_after(capture(industry="finance"))
    [scored] = of_type(LeadScored, events)
    assert (scored.score, scored.grade, scored.fit, scored.engagement) == (20, "C", 20, 0)
    assert scored.contributions == (Contribution(rule="industry", points=20, why="An industry we sell to"),)
    assert (scored.business_line, scored.rep_id, scored.model, scored.before) == ("software", "r1", "software@1", None)
    assert lead.status == "open"


def test_the_first_score_is_published_even_when_nothing_counts() -> None:
    _, events = lead_after(capture())
    assert [(e.score, e.grade) for e in of_type(LeadScored, events)] == [(0, "D")]


def test_a_group_is_capped_at_its_limit_with_a_reason() -> None:
    lead, _ = lead_after(STRONG)
    assert lead.scored is not None and lead.scored.score == 30
    assert lead.scored.contributions[-1] == Contribution(
        rule="limit.company", points=-5, why="company counts at most 30 points")


def test_a_score_stays_between_its_floor_and_its_limit() -> None:
    low, _ = lead_after(capture(source="student"))
    assert low.scored is not None and low.scored.score == 0
    high, _ = lead_after(STRONG, activity("demo", "1"), *(activity("call", f"c{n}") for n in range(3)), reply("r"),
                    activity("email", "e", direction="inbound"))
    assert high.scored is not None and high.scored.score == 80
    assert high.scored.contributions[-1].rule == "limit.total"


def test_an_activity_adds_its_points_and_the_event_carries_the_score_before() -> None:
    _, events = lead_after(capture(industry="finance"), activity("demo", "1"))
    scored = of_type(LeadScored, events)[-1]
    assert (scored.score, scored.grade) == (40, "B")
    assert (scored.before.score, scored.before.grade) == (20, "C")


def test_a_rule_that_is_not_repeatable_counts_once() -> None:
    lead, events = lead_after(capture(), activity("demo", "1"), activity("demo", "2"))
    assert lead.scored is not None and lead.scored.score == 20
    assert len(of_type(LeadScored, events)) == 2


def test_a_repeatable_rule_counts_up_to_its_limit_and_its_reason_has_the_count() -> None:
    lead, _ = lead_after(capture(), *(activity("call", f"c{n}") for n in range(5)))
    assert lead.scored is not None
    assert lead.scored.contributions == (Contribution(rule="call", points=15, why="A call (3 times)"),)


def test_a_criterion_is_evaluated_on_the_activity() -> None:
    lead, _ = lead_after(capture(), activity("email", "1", direction="outbound"))
    assert lead.scored is not None and lead.scored.score == 0
    lead, _ = lead_after(capture(), activity("email", "1", direction="inbound"))
    assert lead.scored is not None and lead.scored.score == 10


def test_a_voided_activity_no_longer_counts() -> None:
    lead, events = lead_after(capture(), activity("demo", "1"), void("1"))
    assert [e.score for e in of_type(LeadScored, events)] == [0, 20, 0]
    assert lead.scored is not None and lead.scored.contributions == ()


def test_an_activity_voided_before_it_arrived_never_counts() -> None:
    lead, _ = lead_after(capture(), void("1"), activity("demo", "1"))
    assert lead.scored is not None and lead.scored.score == 0


def test_a_repeated_activity_changes_nothing_and_another_one_with_its_id_is_declined() -> None:
    lead, _ = lead_after(capture(), activity("call", "1"))
    assert LEAD.decide(activity("call", "1", days=5), lead) == []
    [declined] = LEAD.decide(activity("demo", "1"), lead)
    assert isinstance(declined, Declined) and declined.code == "already_known"


def test_a_repeated_capture_changes_nothing_and_a_different_one_is_declined() -> None:
    lead, _ = lead_after(capture(industry="finance"), revise(source="partner"))
    assert LEAD.decide(capture(days=9, industry="finance"), lead) == []
    [declined] = LEAD.decide(capture(industry="retail"), lead)
    assert isinstance(declined, Declined) and declined.code == "already_known"


def test_an_engagement_counts_once() -> None:
    lead, _ = lead_after(capture(), visit("e1"), visit("e1"), visit("e2"))
    assert lead.scored is not None and lead.scored.score == 4


def test_engagements_expire() -> None:
    lead, _ = lead_after(capture(), visit("e1", days=1), visit("e2", days=5))
    due = next_deadline(CARDS, lead)
    assert due == at(31)
    events = LEAD.decide(DeadlineReached(at=due), lead)
    assert [e.score for e in of_type(LeadScored, list(events))] == [2]
    for event in events:
        lead = LEAD.evolve(lead, event)
    assert next_deadline(CARDS, lead) == at(35)


def test_activities_before_the_capture_count_when_it_arrives() -> None:
    lead, events = lead_after(activity("demo", "1"), visit("e1"))
    assert lead.status == "unknown" and not of_type(LeadScored, events)
    lead, events = lead_after(activity("demo", "1"), visit("e1"), capture())
    assert [e.score for e in of_type(LeadScored, events)] == [22]


def test_a_campaign_response_counts() -> None:
    lead, _ = lead_after(capture(), reply("r1"), reply("r1"))
    assert lead.scored is not None and lead.scored.score == 10


# --- qualification ---------------------------------------------------------------------------------------------------


def test_a_lead_is_qualified_once_when_it_reaches_the_threshold() -> None:
    lead, events = lead_after(STRONG, activity("demo", "1"), activity("call", "2"))
    [qualified] = of_type(LeadQualified, events)
    assert (qualified.score, qualified.captured_at, qualified.source) == (50, at(), "web")
    assert lead.status == "qualified"


def test_a_lead_is_disqualified_only_below_the_lower_threshold() -> None:
    lead, events = lead_after(STRONG, activity("demo", "1"), activity("call", "2"), activity("call", "3"), void("3"))
    assert not of_type(LeadDisqualified, events)
    lead, events = lead_after(STRONG, activity("demo", "1"), void("1"))
    assert len(of_type(LeadDisqualified, events)) == 1 and lead.status == "open"


def test_imported_events_score_and_qualify_a_lead() -> None:
    commands = [replace(c, live=False) for c in (STRONG, activity("demo", "1"))]
    assert len(of_type(LeadQualified, lead_after(*commands)[1])) == 1


def test_a_lost_lead_is_scored_but_no_longer_qualified() -> None:
    lead, events = lead_after(STRONG, lose(days=3), activity("demo", "1", days=4))
    assert lead.scored is not None and lead.scored.score == 50 and not of_type(LeadQualified, events)
    _, events = lead_after(STRONG, lose(days=3), activity("demo", "1", days=2))
    assert len(of_type(LeadQualified, events)) == 1, "it had reached the threshold before it was lost"


def test_the_latest_closing_of_a_lead_counts() -> None:
    assert lead_after(capture(), lose(days=3), convert(days=5))[0].status == "converted"
    assert lead_after(capture(), convert(days=5), lose(days=3))[0].status == "converted"
    merge = MergeLead(**command_fields(1, "m"), into_lead_id="l2")
    assert lead_after(capture(), merge, lose(days=3))[0].status == "merged"


def qualified_at(*commands: Any) -> datetime | None:
    """Business time of the first qualification of the lead, or None."""
    return min((at for at, event in scenario(*commands).emitted if isinstance(event, LeadQualified)), default=None)


def test_a_late_event_qualifies_a_lead_at_its_business_time() -> None:
    late = (STRONG, activity("call", "2", days=9), activity("demo", "1", days=5))
    assert qualified_at(*late) == at(5)
    assert qualified_at(activity("demo", "1", days=5), STRONG) == at(5), "the capture came last"
    several = (STRONG, activity("email", "m", days=9, direction="inbound"), activity("call", "c", days=3),
            activity("call", "d", days=2))
    assert qualified_at(*several) == at(9)


def test_a_disqualified_lead_is_qualified_again_by_a_late_event() -> None:
    lead, _ = lead_after(STRONG, activity("demo", "1", days=1), void("1", days=5), activity("demo", "2", days=3))
    assert lead.status == "qualified"


# --- corrections -----------------------------------------------------------------------------------------------------


def test_a_revision_recomputes_the_score() -> None:
    _, events = lead_after(capture(industry="mining"), revise(attributes={"industry": "retail", "employees": 300}))
    assert [e.score for e in of_type(LeadScored, events)] == [0, 30]


def test_null_removes_a_field() -> None:
    lead, _ = lead_after(capture(industry="finance"), revise(attributes={"industry": None}))
    assert lead.scored is not None and lead.scored.score == 0
    lead, _ = lead_after(capture(industry="finance"), revise(attributes=None, source=None))
    assert field_values(lead)["attributes"] == {} and "source" not in field_values(lead)


def test_contact_fields_are_merged() -> None:
    lead, _ = lead_after(capture(), revise(contact=Contact(role="ceo")))
    assert field_values(lead)["contact"] == {"name": "Ada", "email": "ada@example.com", "role": "ceo"}


def test_a_lead_of_a_line_without_scorecard_is_stored_without_a_score() -> None:
    lead, events = lead_after(capture(line="cement"), activity("demo", "1"))
    assert lead.scored is None and not of_type(LeadScored, events) and lead.status == "open"
    lead, events = lead_after(capture(line="cement"), activity("demo", "1"), revise(business_line="software"))
    assert [e.score for e in of_type(LeadScored, events)] == [20]


def test_an_erasure_removes_personal_data_and_leaves_the_ids() -> None:
    lead, _ = lead_after(capture(industry="finance"), activity("call", "1", properties={"note": "Ada"}),
                    EraseLead(**command_fields(4, "x")))
    assert lead.status == "erased" and "Ada" not in repr(lead) and "finance" not in repr(lead)
    assert set(lead.signals) == {"1"}
    assert LEAD.decide(capture(industry="finance"), lead) == []


QUALIFYING_COMMANDS = [
    capture(industry="finance"), revise(8, attributes={"employees": 300}), activity("demo", "d", 3),
    activity("call", "c1", 2), activity("call", "c2", 5), reply("r", 6), visit("e1", 7), visit("e2", 10),
]


@given(st.permutations(QUALIFYING_COMMANDS), st.lists(st.sampled_from(QUALIFYING_COMMANDS), max_size=3))
@settings(max_examples=examples(40), deadline=None)
def test_the_day_of_qualification_does_not_depend_on_the_order_of_events(order: Any, repeats: Any) -> None:
    assert qualified_at(*order, *repeats) == qualified_at(*QUALIFYING_COMMANDS) == at(5)


# --- properties ------------------------------------------------------------------------------------------------------

COMMANDS = [
    capture(industry="finance", employees=300), revise(1, attributes={"employees": 20}),
    revise(2, source="student"), revise(3, source="partner"), activity("demo", "d"), activity("call", "c1", 2),
    activity("call", "c2", 3), activity("email", "m", direction="inbound"), void("c1", 4), reply("r1", 6),
    visit("e1", 1), visit("e2", 20), visit("e3", 35), lose(40),
]


@given(st.permutations(COMMANDS), st.lists(st.sampled_from(COMMANDS), max_size=4))
@settings(max_examples=examples(40), deadline=None)
def test_events_in_any_order_and_repeated_give_the_same_score(order: list[object], repeats: list[object]) -> None:
    lead, events = lead_after(*order, *repeats)
    expected, _ = lead_after(*COMMANDS)
    assert lead.scored == expected.scored and lead.status == expected.status
    for event in of_type(LeadScored, events):
        assert event.score == sum(c.points for c in event.contributions)


@given(st.lists(st.sampled_from(COMMANDS), max_size=20))
@settings(max_examples=examples(40), deadline=None)
def test_every_score_event_carries_the_previous_score(order: list[object]) -> None:
    scores = of_type(LeadScored, lead_after(*order)[1])
    for before, now in pairwise(scores):
        assert (now.before.score, now.before.grade) == (before.score, before.grade)
        assert (now.score, now.contributions) != (before.score, before.contributions)
