"""What happens to a deal, told as a manager would tell it."""
from datetime import timedelta

from chassis.domain.decider import DeadLetter, Wake, changed
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
from tests.pipeline.vocabulary import after, codes, day, done, opened, published, reported, requested

EUR = {"amount_minor": 900_000, "currency": "EUR"}
PROPOSAL = {"amount": EUR, "expected_close_on": "2026-04-30"}
TO_DEMO = (opened(), done("demo", day(1)), requested("demonstrate", day(2)))
TO_PROPOSED = (*TO_DEMO, requested("propose", day(3), fields=PROPOSAL))
TO_WON = (*TO_PROPOSED, requested("win", day(4), checklist=("contract_signed",)))


def kinds(events: object) -> list[type]:
    return [type(e) for e in published(events)]


# --- opening ---------------------------------------------------------------------------------------------------------


def test_a_new_deal_is_opened_and_enters_the_first_stage() -> None:
    events = published(after().when(opened()).events)
    assert [type(e) for e in events] == [OpportunityOpened, StageEntered]
    entered = events[1]
    assert (entered.from_, entered.to, entered.opportunity.stage) == (None, "qualified", "qualified")
    assert entered.opportunity.blueprint == "software@1"


def test_the_same_request_to_open_changes_nothing() -> None:
    after(opened()).when(changed(opened(), ref="again")).then_nothing()


def test_another_request_to_open_the_same_deal_is_a_contradiction() -> None:
    (letter,) = after(opened()).when(opened(about={"region": "West"})).events
    assert isinstance(letter, DeadLetter) and letter.code == "already_known"


def test_a_large_deal_takes_the_first_blueprint_that_matches() -> None:
    large = opened(about={"amount": Money(amount_minor=20_000_000, currency="EUR")})
    assert after(large).state.deal.pipeline == "software_enterprise"
    assert after(opened()).state.deal.pipeline == "software"


def test_a_line_that_nobody_declared_opens_nothing() -> None:
    (letter,) = after().when(opened("shipping")).events
    assert letter.code == "unknown_business_line"


def test_a_qualified_lead_opens_a_deal_only_where_the_line_says_so() -> None:
    about = {"lead_id": "l1", "campaign_id": "c1"}
    deal = after(opened("software", for_lead=True, about=about)).state.deal
    assert (deal.lead_id, deal.campaign_id) == ("l1", "c1")
    after().when(opened("hardware", for_lead=True, about=about)).then_nothing()
    after().when(opened("shipping", for_lead=True, about=about)).then_nothing()


def test_a_deal_that_its_lead_opened_is_filled_in_by_the_request_for_it() -> None:
    lead = opened(for_lead=True, about={"lead_id": "l1"})
    amount = Money(amount_minor=5, currency="EUR")
    asked = opened(at=day(2), about={"lead_id": "l1", "amount": amount, "region": "West"})
    assert set(kinds(after(lead).when(asked).events)) == {OpportunityRevised}
    deal = after(lead, asked).state.deal
    assert (deal.amount, deal.region, deal.lead_id) == (amount, "West", "l1")
    assert deal.opened_at == after(lead).state.deal.opened_at, "it has been open since its lead was qualified"
    after(lead, asked).when(changed(asked, ref="again")).then_nothing()
    after(lead, asked).when(changed(lead, at=day(5))).then_nothing()
    assert after(asked, lead).state.deal.amount == deal.amount


def test_a_request_for_something_else_contradicts_the_deal_that_a_lead_opened() -> None:
    lead = opened(for_lead=True, about={"lead_id": "l1"})
    for other in (opened(about={"lead_id": "l2"}), changed(opened(), pipeline="software_enterprise")):
        (letter,) = after(lead).when(other).events
        assert letter.code == "already_known"
    asked = opened(about={"lead_id": "l1", "region": "West"})
    (letter,) = after(lead, asked).when(opened(about={"lead_id": "l1", "region": "East"})).events
    assert letter.code == "already_known"


def test_a_lead_qualified_again_leaves_its_deal_alone() -> None:
    after(*TO_DEMO).when(opened(at=day(9), for_lead=True, about={"lead_id": "l1"})).then_nothing()


def test_a_deal_of_unknown_day_has_no_day_of_opening() -> None:
    state = after(opened("hardware", undated=True)).state
    assert state.deal.opened_at is None and state.entered_at is None and state.changed_at is None
    assert kinds(after(opened("hardware", undated=True)).when(reported("won", day(-300))).events) == [
        StageEntered, OpportunityWon]


# --- transitions -----------------------------------------------------------------------------------------------------


def test_a_stage_is_entered_once_its_actions_are_done() -> None:
    assert kinds(after(opened(), done("demo", day(1))).when(requested("demonstrate", day(2))).events) == [StageEntered]


def test_the_blueprint_refuses_and_says_what_is_missing() -> None:
    events = after(opened()).when(requested("demonstrate", day(2))).events
    assert [type(e) for e in events] == [TransitionRefused]
    assert [(r.code, r.path) for r in events[0].reasons] == [("action_missing", "/actions/demo")]
    assert events[0].command_id == "r-demonstrate"


def test_every_reason_is_told_at_once() -> None:
    events = after(*TO_DEMO).when(requested("propose", day(3), fields={"amount": "much", "colour": "red"})).events
    assert {(r.code, r.path) for r in events[0].reasons} == {
        ("field_invalid", "/fields/amount"), ("field_unknown", "/fields/colour"),
        ("field_required", "/fields/expected_close_on"),
    }


def test_a_check_on_a_field_is_told_with_its_own_words() -> None:
    none = {**PROPOSAL, "amount": {"amount_minor": 0, "currency": "EUR"}}
    (refused,) = after(*TO_DEMO).when(requested("propose", day(3), fields=none)).events
    assert [r.message for r in refused.reasons] == ["A proposal has an amount above zero."]


def test_a_transition_fills_its_fields_before_it_enters_the_stage() -> None:
    events = published(after(*TO_DEMO).when(requested("propose", day(3), fields=PROPOSAL)).events)
    assert [type(e) for e in events] == [OpportunityRevised, StageEntered]
    assert events[0].before.amount is None
    assert events[1].opportunity.amount == Money(**EUR)
    assert events[1].opportunity.forecast_category == "commit"
    assert (events[1].from_, events[1].from_entered_at, events[1].actor_id) == ("demonstrated", day(2), "ann")


def test_a_stage_cannot_be_skipped() -> None:
    (refused,) = after(opened()).when(requested("win", day(2))).events
    assert codes([refused]) == {"not_from_this_stage"}
    assert "demonstrate, lose" in refused.reasons[0].message


def test_a_checklist_must_be_ticked() -> None:
    assert codes(after(*TO_PROPOSED).when(requested("win", day(4))).events) == {"checklist_open"}


def test_an_action_counts_only_since_the_stage_was_entered() -> None:
    deal = (opened("services"), done("meeting", day(1)), done("visit", day(1), "a2"), requested("scope", day(2)))
    offer = requested("offer", day(3), fields={"days": 3, "amount": EUR, "engagement": "fixed_price"})
    assert codes(after(*deal).when(offer).events) == {"action_missing"}
    assert kinds(after(*deal, done("visit", day(2.5), "a3")).when(offer).events) == [OpportunityRevised, StageEntered]


def test_a_voided_activity_counts_no_more_even_when_the_void_was_heard_first() -> None:
    void = VoidActivity(at=day(1), activity_id="a1")
    move = requested("demonstrate", day(2))
    assert codes(after(opened(), done("demo", day(1)), void).when(move).events) == {"action_missing"}
    assert codes(after(opened(), void, done("demo", day(1))).when(move).events) == {"action_missing"}


def test_what_was_done_with_the_lead_counts_in_the_first_stage_where_the_line_says_so() -> None:
    on_lead = done("demo", day(-1), on_lead=True)
    assert kinds(after(on_lead, opened()).when(requested("demonstrate", day(2))).events) == [StageEntered]
    meeting = done("meeting", day(-1), on_lead=True)
    assert codes(after(meeting, opened("services")).when(requested("scope", day(2))).events) == {"action_missing"}


def test_an_unknown_deal_is_refused_by_name() -> None:
    (refused,) = after().when(requested("win", day(1))).events
    assert refused.opportunity is None and codes([refused]) == {"no_such_opportunity"}


def test_a_transition_dated_before_the_last_change_is_refused_unless_it_is_a_backfill() -> None:
    early = requested("propose", day(1), fields=PROPOSAL)
    assert "out_of_order" in codes(after(*TO_DEMO).when(early).events)
    backfilled = changed(requested("lose", day(1), fields={"loss_reason": "price"}), backfill=True)
    outcome = after(*TO_DEMO).when(backfilled)
    assert kinds(outcome.events) == [StageEntered]
    assert outcome.state().deal.stage == "demonstrated"


# --- closing ---------------------------------------------------------------------------------------------------------


def test_a_deal_is_won() -> None:
    events = published(after(*TO_PROPOSED).when(requested("win", day(4), checklist=("contract_signed",))).events)
    assert [type(e) for e in events] == [StageEntered, OpportunityWon]
    assert (events[1].closed_at, events[1].stage_before) == (day(4), "proposed")
    assert events[1].opportunity.forecast_category == "closed"


def test_nobody_loses_a_deal_without_saying_why() -> None:
    assert codes(after(opened()).when(requested("lose", day(1))).events) == {"loss_reason_required"}
    odd = requested("lose", day(1), fields={"loss_reason": "weather"})
    assert codes(after(opened()).when(odd).events) == {"field_invalid"}
    events = published(after(opened()).when(requested("lose", day(1), fields={"loss_reason": "price"})).events)
    assert isinstance(events[-1], OpportunityLost) and events[-1].loss_reason == "price"


def test_a_closed_deal_says_so() -> None:
    assert codes(after(*TO_WON).when(requested("propose", day(5))).events) == {"already_closed"}


def test_a_reopened_deal_can_be_won_again() -> None:
    events = published(after(*TO_WON).when(requested("reopen", day(6))).events)
    assert [type(e) for e in events] == [OpportunityReopened, StageEntered]
    assert (events[0].won, events[0].closed_at, events[0].before.stage) == (True, day(4), "won")
    again = after(*TO_WON, requested("reopen", day(6))).when(
        requested("win", day(8), checklist=("contract_signed",)))
    assert kinds(again.events) == [StageEntered, OpportunityWon]
    assert again.state().closed_at == day(8)


# --- reports ---------------------------------------------------------------------------------------------------------


def test_a_report_is_applied_and_flagged_when_it_leaves_the_blueprint() -> None:
    entered, won = published(after(opened("hardware")).when(reported("won", day(5))).events)
    assert entered.outside_blueprint and won.stage_before == "prospecting"
    engaged, = published(after(opened("hardware")).when(reported("engaging", day(5))).events)
    assert not engaged.outside_blueprint and engaged.transition == "engage"


def test_a_reported_loss_without_a_reason_is_not_recorded() -> None:
    assert published(after(opened("hardware")).when(reported("lost", day(5))).events)[-1].loss_reason == "not_recorded"


def test_a_report_brings_the_amount_and_the_deal_as_it_was() -> None:
    money = Money(amount_minor=105_400, currency="EUR")
    events = published(after(opened("hardware")).when(reported("won", day(5), about={"amount": money})).events)
    assert [type(e) for e in events] == [OpportunityRevised, StageEntered, OpportunityWon]
    assert events[2].opportunity.amount == money


def test_a_report_on_an_unknown_deal_opens_it_and_the_opening_completes_it() -> None:
    report = reported("engaging", day(5), business_line="hardware")
    assert kinds(after().when(report).events) == [OpportunityOpened, StageEntered]
    outcome = after(report).when(opened("hardware", at=day(0), about={"region": "West"}))
    assert kinds(outcome.events) == [OpportunityRevised, OpportunityRevised, StageEntered]
    state = outcome.state()
    assert (state.deal.stage, state.deal.opened_at, state.deal.region) == ("engaging", day(0), "West")
    assert [v.stage for v in state.visits] == ["prospecting", "engaging"]


def test_a_report_that_says_too_little_is_a_dead_letter() -> None:
    assert [e.code for e in after().when(reported("won", day(1))).events] == ["no_such_opportunity"]
    assert [e.code for e in after(opened()).when(reported("nowhere", day(1))).events] == ["unknown_stage"]


def test_reports_heard_in_the_wrong_order_leave_the_deal_where_it_is() -> None:
    late = after(opened("hardware"), reported("won", day(9))).when(reported("engaging", day(4)))
    assert kinds(late.events) == [StageEntered]
    state = late.state()
    assert (state.status, state.deal.stage, state.closed_at) == ("won", "won", day(9))
    assert [v.stage for v in state.visits] == ["prospecting", "engaging", "won"]


def test_a_won_deal_reported_lost_is_reopened_on_the_way() -> None:
    events = published(after(opened("hardware"), reported("won", day(3))).when(reported("lost", day(5))).events)
    assert [type(e) for e in events] == [OpportunityReopened, StageEntered, OpportunityLost]
    assert events[2].stage_before == "prospecting"


# --- revising --------------------------------------------------------------------------------------------------------


def test_a_revision_carries_the_deal_before_and_after() -> None:
    (revised,) = published(after(opened()).when(ReviseOpportunity(at=day(1), about={"region": "East"})).events)
    assert (revised.before.region, revised.opportunity.region) == (None, "East")


def test_the_last_said_in_business_time_wins_field_by_field() -> None:
    deal = (opened(), ReviseOpportunity(at=day(3), about={"region": "East"}))
    state = after(*deal).when(ReviseOpportunity(at=day(2), about={"region": "West", "team": "blue"})).state()
    assert (state.deal.region, state.deal.team) == ("East", "blue")


def test_null_removes_and_a_field_of_the_layout_is_kept() -> None:
    deal = (opened(), ReviseOpportunity(at=day(1), about={"region": "East"}, fields={"seats": 5, "unheard_of": 1}))
    assert after(*deal).state.fields == {"seats": 5}
    state = after(*deal).when(ReviseOpportunity(at=day(2), about={"region": None}, fields={"seats": None})).state()
    assert state.deal.region is None and state.fields == {}


def test_a_revision_that_says_nothing_new_says_nothing() -> None:
    deal = (opened(), ReviseOpportunity(at=day(1), about={"region": "East"}))
    assert published(after(*deal).when(ReviseOpportunity(at=day(2), about={"region": "East"})).events) == []


def test_a_converted_lead_names_the_customer_of_its_deal_whichever_is_heard_first() -> None:
    named = NameCustomer(at=day(1), customer_id="c1")
    lead = opened(for_lead=True, about={"lead_id": "l1"})
    assert kinds(after(lead).when(named).events) == [OpportunityRevised]
    assert after(lead, named).state.deal.customer_id == after(named, lead).state.deal.customer_id == "c1"
    after(opened(about={"customer_id": "c2"})).when(named).then_nothing()
    after().when(changed(named, business_line="hardware")).then_nothing()


# --- deadlines -------------------------------------------------------------------------------------------------------


def woken(at: object) -> Wake:
    return Wake(at=at)  # type: ignore[arg-type]


def test_a_deal_that_stays_too_long_breaches_once() -> None:
    scenario = after(opened())
    due = scenario.decider.wake_at(scenario.state)
    assert due == day(5)
    outcome = scenario.when(woken(due))
    outcome.then_types(SlaBreached)
    assert scenario.decider.wake_at(outcome.state()) is None


def test_levels_come_one_after_the_other() -> None:
    large = opened(about={"amount": Money(amount_minor=20_000_000, currency="EUR")})
    first = after(large).when(woken(day(7)))
    assert [e.level for e in first.events] == ["warning"]
    assert after(large).decider.wake_at(first.state()) == day(14)


def test_a_stage_left_in_time_but_heard_of_later_takes_the_breach_back() -> None:
    breached = after(opened(), done("demo", day(1)), woken(day(5)))
    events = published(breached.when(requested("demonstrate", day(4))).events)
    assert [type(e) for e in events] == [StageEntered, SlaRetracted]
    assert published(breached.when(requested("demonstrate", day(6))).events)[1:] == []


def test_history_gets_no_deadline_until_a_stage_is_entered_live() -> None:
    imported = after(changed(opened(), live=False), changed(done("demo", day(1)), live=False))
    assert imported.decider.wake_at(imported.state) is None
    moved = imported.when(requested("demonstrate", day(30))).state()
    assert imported.decider.wake_at(moved) == day(44)


def test_a_deadline_that_history_passes_is_only_gone() -> None:
    outcome = after(opened()).when(Wake(at=day(5), live=False))
    assert published(outcome.events) == []
    assert outcome.scenario.decider.wake_at(outcome.state()) is None


def test_leaving_the_stage_ends_its_deadline() -> None:
    scenario = after(*TO_WON)
    assert scenario.decider.wake_at(scenario.state) is None
    demo = after(*TO_DEMO)
    assert demo.decider.wake_at(demo.state) == day(2) + timedelta(days=14)
