"""Decider of opportunities: opening, transitions, closing, reports, revisions, deadlines."""
from datetime import timedelta

from chassis.domain.decider import DeadlineReached, replace
from contracts.kinds import Money
from contracts.pipeline import (
    OpportunityLost,
    OpportunityOpened,
    OpportunityReopened,
    OpportunityRevised,
    OpportunityWon,
    SlaBreached,
    SlaRetracted,
    StageEntered,
    TransitionRefused,
)
from services.pipeline.commands import NameCustomer, ReviseOpportunity, VoidActivity
from tests.pipeline.builders import activity, day, open_deal, opportunity, reason_codes, report, request

EUR = {"amount_minor": 900_000, "currency": "EUR"}
PROPOSAL = {"amount": EUR, "expected_close_on": "2026-04-30"}
TO_DEMO = (open_deal(), activity("demo", day(1)), request("demonstrate", day(2)))
TO_PROPOSED = (*TO_DEMO, request("propose", day(3), fields=PROPOSAL))
TO_WON = (*TO_PROPOSED, request("win", day(4), checklist=("contract_signed",)))


# --- opening ---------------------------------------------------------------------------------------------------------


def test_a_new_deal_is_opened_and_enters_the_first_stage() -> None:
    events = opportunity().when(open_deal()).published
    assert [type(e) for e in events] == [OpportunityOpened, StageEntered]
    entered = events[1]
    assert (entered.from_, entered.to, entered.opportunity.stage) == (None, "qualified", "qualified")
    assert entered.opportunity.blueprint == "software@1"


def test_the_same_request_to_open_changes_nothing() -> None:
    opportunity(open_deal()).when(replace(open_deal(), ref="again")).then_nothing()


def test_another_request_to_open_the_same_deal_is_a_contradiction() -> None:
    opportunity(open_deal()).when(open_deal(about={"region": "West"})).then_declined("already_known")


def test_a_large_deal_takes_the_first_blueprint_that_matches() -> None:
    large = open_deal(about={"amount": Money(amount_minor=20_000_000, currency="EUR")})
    assert opportunity(large).state.deal.pipeline == "software_enterprise"
    assert opportunity(open_deal()).state.deal.pipeline == "software"


def test_an_undefined_business_line_is_declined() -> None:
    opportunity().when(open_deal("shipping")).then_declined("unknown_business_line")


def test_a_qualified_lead_opens_a_deal_only_where_the_line_is_configured_for_it() -> None:
    about = {"lead_id": "l1", "campaign_id": "c1"}
    deal = opportunity(open_deal("software", for_lead=True, about=about)).state.deal
    assert (deal.lead_id, deal.campaign_id) == ("l1", "c1")
    opportunity().when(open_deal("hardware", for_lead=True, about=about)).then_nothing()
    opportunity().when(open_deal("shipping", for_lead=True, about=about)).then_nothing()


def test_a_deal_that_its_lead_opened_is_filled_in_by_the_request_for_it() -> None:
    lead = open_deal(for_lead=True, about={"lead_id": "l1"})
    amount = Money(amount_minor=5, currency="EUR")
    requested = open_deal(at=day(2), about={"lead_id": "l1", "amount": amount, "region": "West"})
    assert {type(e) for e in opportunity(lead).when(requested).published} == {OpportunityRevised}
    deal = opportunity(lead, requested).state.deal
    assert (deal.amount, deal.region, deal.lead_id) == (amount, "West", "l1")
    assert deal.opened_at == opportunity(lead).state.deal.opened_at, "it has been open since its lead was qualified"
    opportunity(lead, requested).when(replace(requested, ref="again")).then_nothing()
    opportunity(lead, requested).when(replace(lead, at=day(5))).then_nothing()
    assert opportunity(requested, lead).state.deal.amount == deal.amount


def test_a_different_request_is_declined_for_a_deal_that_its_lead_opened() -> None:
    lead = open_deal(for_lead=True, about={"lead_id": "l1"})
    for other in (open_deal(about={"lead_id": "l2"}), replace(open_deal(), pipeline="software_enterprise")):
        opportunity(lead).when(other).then_declined("already_known")
    requested = open_deal(about={"lead_id": "l1", "region": "West"})
    other = open_deal(about={"lead_id": "l1", "region": "East"})
    opportunity(lead, requested).when(other).then_declined("already_known")


def test_a_lead_qualified_again_does_not_change_its_deal() -> None:
    opportunity(*TO_DEMO).when(open_deal(at=day(9), for_lead=True, about={"lead_id": "l1"})).then_nothing()


def test_an_undated_deal_has_no_opening_date() -> None:
    state = opportunity(open_deal("hardware", undated=True)).state
    assert state.deal.opened_at is None and state.entered_at is None and state.changed_at is None
    opportunity(open_deal("hardware", undated=True)).when(report("won", day(-300))).then_published(
        StageEntered, OpportunityWon)


# --- transitions -----------------------------------------------------------------------------------------------------


def test_a_stage_is_entered_once_its_actions_are_done() -> None:
    opportunity(open_deal(), activity("demo", day(1))).when(request("demonstrate", day(2))).then_published(StageEntered)


def test_a_refusal_names_what_is_missing() -> None:
    events = opportunity(open_deal()).when(request("demonstrate", day(2))).events
    assert [type(e) for e in events] == [TransitionRefused]
    assert [(r.code, r.path) for r in events[0].reasons] == [("action_missing", "/actions/demo")]
    assert events[0].command_id == "r-demonstrate"


def test_all_reasons_are_reported_together() -> None:
    events = opportunity(*TO_DEMO).when(request("propose", day(3), fields={"amount": "much", "colour": "red"})).events
    assert {(r.code, r.path) for r in events[0].reasons} == {
        ("field_invalid", "/fields/amount"), ("field_unknown", "/fields/colour"),
        ("field_required", "/fields/expected_close_on"),
    }


def test_a_failed_check_is_reported_with_the_message_of_the_blueprint() -> None:
    none = {**PROPOSAL, "amount": {"amount_minor": 0, "currency": "EUR"}}
    (refused,) = opportunity(*TO_DEMO).when(request("propose", day(3), fields=none)).events
    assert [r.message for r in refused.reasons] == ["A proposal has an amount above zero."]


def test_a_transition_fills_its_fields_before_it_enters_the_stage() -> None:
    events = opportunity(*TO_DEMO).when(request("propose", day(3), fields=PROPOSAL)).published
    assert [type(e) for e in events] == [OpportunityRevised, StageEntered]
    assert events[0].before.amount is None
    assert events[1].opportunity.amount == Money(**EUR)
    assert events[1].opportunity.forecast_category == "commit"
    assert (events[1].from_, events[1].from_entered_at, events[1].actor_id) == ("demonstrated", day(2), "ann")


def test_a_stage_cannot_be_skipped() -> None:
    (refused,) = opportunity(open_deal()).when(request("win", day(2))).events
    assert reason_codes([refused]) == {"not_from_this_stage"}
    assert "demonstrate, lose" in refused.reasons[0].message


def test_a_checklist_must_be_ticked() -> None:
    assert reason_codes(opportunity(*TO_PROPOSED).when(request("win", day(4))).events) == {"checklist_open"}


def test_an_action_counts_only_since_the_stage_was_entered() -> None:
    commands = (open_deal("services"), activity("meeting", day(1)), activity("visit", day(1), "a2"),
                request("scope", day(2)))
    offer = request("offer", day(3), fields={"days": 3, "amount": EUR, "engagement": "fixed_price"})
    assert reason_codes(opportunity(*commands).when(offer).events) == {"action_missing"}
    visited = opportunity(*commands, activity("visit", day(2.5), "a3"))
    visited.when(offer).then_published(OpportunityRevised, StageEntered)


def test_a_voided_activity_does_not_count_even_when_the_void_arrives_first() -> None:
    void = VoidActivity(at=day(1), activity_id="a1")
    move = request("demonstrate", day(2))
    demo = activity("demo", day(1))
    for commands in ((demo, void), (void, demo)):
        assert reason_codes(opportunity(open_deal(), *commands).when(move).events) == {"action_missing"}


def test_activities_of_the_lead_count_in_the_first_stage_where_the_line_is_configured_for_it() -> None:
    on_lead = activity("demo", day(-1), on_lead=True)
    opportunity(on_lead, open_deal()).when(request("demonstrate", day(2))).then_published(StageEntered)
    meeting = activity("meeting", day(-1), on_lead=True)
    refused = opportunity(meeting, open_deal("services")).when(request("scope", day(2)))
    assert reason_codes(refused.events) == {"action_missing"}


def test_a_transition_of_an_unknown_deal_is_refused() -> None:
    (refused,) = opportunity().when(request("win", day(1))).events
    assert refused.opportunity is None and reason_codes([refused]) == {"no_such_opportunity"}


def test_a_transition_dated_before_the_last_change_is_refused_unless_it_is_a_backfill() -> None:
    early = request("propose", day(1), fields=PROPOSAL)
    assert "out_of_order" in reason_codes(opportunity(*TO_DEMO).when(early).events)
    backfilled = replace(request("lose", day(1), fields={"loss_reason": "price"}), backfill=True)
    outcome = opportunity(*TO_DEMO).when(backfilled)
    outcome.then_published(StageEntered)
    assert outcome.state.deal.stage == "demonstrated"


# --- closing ---------------------------------------------------------------------------------------------------------


def test_a_deal_is_won() -> None:
    events = opportunity(*TO_PROPOSED).when(request("win", day(4), checklist=("contract_signed",))).published
    assert [type(e) for e in events] == [StageEntered, OpportunityWon]
    assert (events[1].closed_at, events[1].stage_before) == (day(4), "proposed")
    assert events[1].opportunity.forecast_category == "closed"


def test_losing_a_deal_requires_a_loss_reason() -> None:
    assert reason_codes(opportunity(open_deal()).when(request("lose", day(1))).events) == {"loss_reason_required"}
    odd = request("lose", day(1), fields={"loss_reason": "weather"})
    assert reason_codes(opportunity(open_deal()).when(odd).events) == {"field_invalid"}
    events = opportunity(open_deal()).when(request("lose", day(1), fields={"loss_reason": "price"})).published
    assert isinstance(events[-1], OpportunityLost) and events[-1].loss_reason == "price"


def test_a_closed_deal_refuses_transitions_of_open_stages() -> None:
    assert reason_codes(opportunity(*TO_WON).when(request("propose", day(5))).events) == {"already_closed"}


def test_a_reopened_deal_can_be_won_again() -> None:
    events = opportunity(*TO_WON).when(request("reopen", day(6))).published
    assert [type(e) for e in events] == [OpportunityReopened, StageEntered]
    assert (events[0].won, events[0].closed_at, events[0].before.stage) == (True, day(4), "won")
    again = opportunity(*TO_WON, request("reopen", day(6))).when(
        request("win", day(8), checklist=("contract_signed",)))
    again.then_published(StageEntered, OpportunityWon)
    assert again.state.closed_at == day(8)


# --- reports ---------------------------------------------------------------------------------------------------------


def test_a_report_outside_the_blueprint_is_applied_and_flagged() -> None:
    entered, won = opportunity(open_deal("hardware")).when(report("won", day(5))).published
    assert entered.outside_blueprint and won.stage_before == "prospecting"
    engaged, = opportunity(open_deal("hardware")).when(report("engaging", day(5))).published
    assert not engaged.outside_blueprint and engaged.transition == "engage"


def test_a_reported_loss_without_a_reason_is_not_recorded() -> None:
    assert opportunity(open_deal("hardware")).when(report("lost", day(5))).published[-1].loss_reason == "not_recorded"


def test_a_report_sets_the_amount_before_the_deal_is_won() -> None:
    money = Money(amount_minor=105_400, currency="EUR")
    events = opportunity(open_deal("hardware")).when(report("won", day(5), about={"amount": money})).published
    assert [type(e) for e in events] == [OpportunityRevised, StageEntered, OpportunityWon]
    assert events[2].opportunity.amount == money


def test_a_report_on_an_unknown_deal_opens_it_and_the_opening_completes_it() -> None:
    reported = report("engaging", day(5), business_line="hardware")
    opportunity().when(reported).then_published(OpportunityOpened, StageEntered)
    outcome = opportunity(reported).when(open_deal("hardware", at=day(0), about={"region": "West"}))
    outcome.then_published(OpportunityRevised, OpportunityRevised, StageEntered)
    state = outcome.state
    assert (state.deal.stage, state.deal.opened_at, state.deal.region) == ("engaging", day(0), "West")
    assert [v.stage for v in state.visits] == ["prospecting", "engaging"]


def test_an_incomplete_report_is_declined() -> None:
    assert [e.code for e in opportunity().when(report("won", day(1))).events] == ["no_such_opportunity"]
    assert [e.code for e in opportunity(open_deal()).when(report("nowhere", day(1))).events] == ["unknown_stage"]


def test_a_late_report_leaves_the_deal_in_its_present_stage() -> None:
    late = opportunity(open_deal("hardware"), report("won", day(9))).when(report("engaging", day(4)))
    late.then_published(StageEntered)
    state = late.state
    assert (state.status, state.deal.stage, state.closed_at) == ("won", "won", day(9))
    assert [v.stage for v in state.visits] == ["prospecting", "engaging", "won"]


def test_a_won_deal_reported_lost_is_reopened_on_the_way() -> None:
    events = opportunity(open_deal("hardware"), report("won", day(3))).when(report("lost", day(5))).published
    assert [type(e) for e in events] == [OpportunityReopened, StageEntered, OpportunityLost]
    assert events[2].stage_before == "prospecting"


# --- revising --------------------------------------------------------------------------------------------------------


def test_a_revision_carries_the_deal_before_and_after() -> None:
    (revised,) = opportunity(open_deal()).when(ReviseOpportunity(at=day(1), about={"region": "East"})).published
    assert (revised.before.region, revised.opportunity.region) == (None, "East")


def test_the_latest_value_in_business_time_wins_per_field() -> None:
    commands = (open_deal(), ReviseOpportunity(at=day(3), about={"region": "East"}))
    state = opportunity(*commands).when(ReviseOpportunity(at=day(2), about={"region": "West", "team": "blue"})).state
    assert (state.deal.region, state.deal.team) == ("East", "blue")


def test_null_removes_a_field_and_unknown_layout_fields_are_ignored() -> None:
    commands = (
        open_deal(), ReviseOpportunity(at=day(1), about={"region": "East"}, fields={"seats": 5, "undefined": 1}))
    assert opportunity(*commands).state.fields == {"seats": 5}
    nulls = ReviseOpportunity(at=day(2), about={"region": None}, fields={"seats": None})
    state = opportunity(*commands).when(nulls).state
    assert state.deal.region is None and state.fields == {}


def test_a_revision_without_new_values_publishes_nothing() -> None:
    commands = (open_deal(), ReviseOpportunity(at=day(1), about={"region": "East"}))
    assert opportunity(*commands).when(ReviseOpportunity(at=day(2), about={"region": "East"})).published == []


def test_a_converted_lead_sets_the_customer_of_its_deal_in_any_order() -> None:
    named = NameCustomer(at=day(1), customer_id="c1")
    lead = open_deal(for_lead=True, about={"lead_id": "l1"})
    opportunity(lead).when(named).then_published(OpportunityRevised)
    assert opportunity(lead, named).state.deal.customer_id == opportunity(named, lead).state.deal.customer_id == "c1"
    opportunity(open_deal(about={"customer_id": "c2"})).when(named).then_nothing()
    opportunity().when(replace(named, business_line="hardware")).then_nothing()


# --- deadlines -------------------------------------------------------------------------------------------------------


def reached(at: object) -> DeadlineReached:
    return DeadlineReached(at=at)  # type: ignore[arg-type]


def test_a_deal_that_stays_too_long_breaches_once() -> None:
    scenario = opportunity(open_deal())
    due = scenario.next_deadline
    assert due == day(5)
    outcome = scenario.when(reached(due))
    outcome.then_types(SlaBreached)
    assert outcome.next_deadline is None


def test_breach_levels_are_reached_one_after_the_other() -> None:
    large = open_deal(about={"amount": Money(amount_minor=20_000_000, currency="EUR")})
    first = opportunity(large).when(reached(day(7)))
    assert [e.level for e in first.events] == ["warning"]
    assert first.next_deadline == day(14)


def test_a_late_report_of_a_stage_left_in_time_retracts_the_breach() -> None:
    breached = opportunity(open_deal(), activity("demo", day(1)), reached(day(5)))
    events = breached.when(request("demonstrate", day(4))).published
    assert [type(e) for e in events] == [StageEntered, SlaRetracted]
    assert breached.when(request("demonstrate", day(6))).published[1:] == []


def test_imported_deals_get_no_deadline_until_a_stage_is_entered_live() -> None:
    imported = opportunity(replace(open_deal(), live=False), replace(activity("demo", day(1)), live=False))
    assert imported.next_deadline is None
    assert imported.when(request("demonstrate", day(30))).next_deadline == day(44)


def test_a_deadline_reached_during_an_import_lapses_without_a_breach() -> None:
    outcome = opportunity(open_deal()).when(DeadlineReached(at=day(5), live=False))
    assert outcome.published == []
    assert outcome.next_deadline is None


def test_leaving_a_stage_cancels_its_deadline() -> None:
    scenario = opportunity(*TO_WON)
    assert scenario.next_deadline is None
    demo = opportunity(*TO_DEMO)
    assert demo.next_deadline == day(2) + timedelta(days=14)
