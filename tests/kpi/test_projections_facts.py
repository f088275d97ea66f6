"""Leads, orders, invoices, payments, activities, answers: what each event changes in the figures."""
from datetime import date
from typing import Any

import pytest

from contracts.crm import (
    ActivityLogged,
    ActivityPlanned,
    ActivityVoided,
    EmployeeAssigned,
    EmployeeLeft,
    InvoiceCancelled,
    InvoiceIssued,
    LeadCaptured,
    LeadConverted,
    LeadLost,
    LeadMerged,
    LeadRevised,
    OrderRefunded,
    PaymentReceived,
    PaymentReversed,
    ProductReleased,
)
from contracts.kinds import Subject
from contracts.lead_scoring import LeadQualified
from contracts.surveys import SurveyAnswerAccepted, SurveyContext, SurveyInvited
from services.kpi.definitions import MANY
from tests.kpi.builders import cancelled, eur, line, placed, refunded, revised
from tests.kpi.memory_figures import MemoryFigures, at


@pytest.fixture
def figures() -> MemoryFigures:
    return MemoryFigures()


# --- leads -----------------------------------------------------------------------------------------------------------


def captured(lead: str = "L1", **more: Any) -> LeadCaptured:
    return LeadCaptured(lead_id=lead, business_line="software", **({"rep_id": "R1", "source": "web"} | more))


def test_a_lead_is_captured_lost_and_converted_on_the_days_of_these_events(figures: MemoryFigures) -> None:
    figures.given("2026-01-01", captured())
    figures.given("2026-01-05", LeadLost(lead_id="L1", reason="no budget"))
    figures.when("2026-02-01", LeadConverted(lead_id="L1", customer_id="C1"))
    assert figures.n("leads_captured", on="2026-01-01", source="web", rep="R1", business_line="software") == 1
    assert figures.n("leads_lost", on="2026-01-05", rep="R1") == 1
    assert figures.members("leads_converted", on="2026-02-01") == {"L1"}


def test_a_correction_changes_the_source_but_not_the_rep_of_the_capture(figures: MemoryFigures) -> None:
    figures.given("2026-01-01", captured())
    figures.when("2026-01-02", LeadRevised(lead_id="L1", source="fair", rep_id="R2", given=("source", "rep_id")))
    assert figures.n("leads_captured", source="fair", rep="R1") == figures.n("leads_captured") == 1
    figures.when("2026-01-03", LeadRevised(lead_id="L1", given=("source",)))
    assert figures.n("leads_captured", source=None) == 1


def test_given_two_leads_when_one_is_merged_then_only_the_other_counts(figures: MemoryFigures) -> None:
    figures.given("2026-01-01", captured())
    figures.given("2026-01-01", captured("L2"))
    figures.given("2026-01-03", LeadConverted(lead_id="L1", customer_id="C1"))
    figures.when("2026-01-04", LeadMerged(lead_id="L1", into_lead_id="L2"))
    assert figures.n("leads_captured") == 1
    assert figures.members("leads_converted") == {"L2"}


def test_a_second_capture_is_a_repeat_if_equal_and_refused_if_not(figures: MemoryFigures) -> None:
    assert figures.when("2026-01-01", captured()) is None
    assert figures.when("2026-01-02", captured()) is None
    assert figures.when("2026-01-02", captured(source="fair")) == "already_known"
    assert figures.n("leads_captured", on="2026-01-01", source="web") == figures.n("leads_captured") == 1


def test_a_lead_is_qualified_on_the_first_such_day(figures: MemoryFigures) -> None:
    for day in ("2026-02-05", "2026-02-01", "2026-02-09"):
        figures.given(day, LeadQualified(
            lead_id="L1", business_line="software", captured_at=None, score=70, model="m@1"))
    assert figures.n("leads_qualified", on="2026-02-01") == figures.n("leads_qualified") == 1


# --- orders ----------------------------------------------------------------------------------------------------------


def test_an_order_is_net_of_refunds_on_its_own_day_and_a_refund_counts_on_its_day(figures: MemoryFigures) -> None:
    figures.given("2026-01-10", placed("O1", 1000, region="West"))
    figures.when("2026-02-03", refunded("O1", "F1", 200))
    assert figures.sum("order_amount", on="2026-01-10", region="West", currency="EUR") == 800
    assert figures.sum("order_amount") == 800
    assert figures.sum("refunds", on="2026-02-03", region="West") == 200
    assert figures.n("orders", on="2026-01-10") == 1


def test_given_a_refund_when_the_order_is_cancelled_then_only_the_refund_counts(figures: MemoryFigures) -> None:
    figures.given("2026-01-10", placed("O1", 1000))
    figures.given("2026-02-03", refunded("O1", "F1", 200))
    figures.when("2026-02-04", cancelled("O1"))
    assert figures.n("orders") == figures.sum("order_amount") == 0
    assert figures.sum("refunds") == 200


def test_given_a_refund_and_a_revision_when_the_order_arrives_then_it_is_net_of_both(figures: MemoryFigures) -> None:
    figures.given("2026-02-03", refunded("O1", "F1", 200))
    figures.when("2026-01-20", revised("O1", amount=eur(1200)))
    assert figures.sum("order_amount") == 0
    figures.when("2026-01-10", placed("O1", 1000))
    assert figures.sum("order_amount", on="2026-01-10") == 1000


def test_order_and_refund_ids_are_unique_within_their_customer(figures: MemoryFigures) -> None:
    figures.when("2026-01-10", placed("O1", 1000))
    assert figures.when("2026-01-10", placed("O1", 500, customer="C2")) is None
    assert figures.n("orders") == 2
    assert figures.when("2026-01-10", placed("O1", 700)) == "already_known"
    assert figures.when("2026-01-11", refunded("O1", "F1", 1)) is None
    assert figures.when("2026-01-11", refunded("O1", "F1", 2)) == "already_known"
    assert figures.sum("order_amount") == 1499


def test_lines_give_amounts_and_distinct_orders_by_category(figures: MemoryFigures) -> None:
    lines = (line("P1", 600, "chairs"), line("P2", 300, "tables"), line("P3", 100, "chairs"))
    figures.given("2026-01-10", placed("O1", 1000, lines=lines))
    figures.when("2026-01-11", placed("O2", 50, lines=(line("P1", 50, "chairs"),)))
    assert figures.sum("order_amount", category="chairs") == 750
    assert figures.n("orders") == 2
    assert figures.n("orders", product=MANY, category=MANY) == 1
    assert figures.n("orders", category="chairs") == 1
    assert figures.members("orders:lines", category="chairs") == {"C1|O1"}
    figures.when("2026-01-12", refunded("O1", "F1", 100, lines=(line("P3", 100, "chairs"),)))
    assert figures.sum("order_amount", category="chairs") == 650
    assert figures.members("orders:lines", category="tables") == {"C1|O1"}


def test_a_new_amount_without_new_lines_leaves_the_rest_without_a_product(figures: MemoryFigures) -> None:
    figures.given("2026-01-10", placed("O1", 1000, lines=(line("P1", 1000, "chairs"),)))
    figures.when("2026-01-11", revised("O1", amount=eur(900)))
    assert figures.sum("order_amount") == 900
    assert figures.sum("order_amount", product=None) == -100


def test_a_refund_in_another_currency_counts_in_that_currency(figures: MemoryFigures) -> None:
    figures.given("2026-01-10", placed("O1", 1000))
    figures.when("2026-01-11", OrderRefunded(refund_id="F1", order_id="O1", customer_id="C1", amount=eur(5, "USD")))
    assert figures.sum("order_amount", currency="EUR") == 1000
    assert figures.sum("order_amount", currency="USD") == -5
    assert figures.n("orders") == 1


# --- invoices, payments ----------------------------------------------------------------------------------------------


def test_a_payment_is_net_of_its_reversals_and_an_invoice_of_its_cancelling(figures: MemoryFigures) -> None:
    figures.given("2026-01-10", PaymentReceived(payment_id="P1", customer_id="C1", amount=eur(900)))
    figures.given("2026-03-01", PaymentReversed(payment_id="P1", customer_id="C1", reversal_id="X1", amount=eur(400)))
    figures.when("2026-03-01", PaymentReversed(payment_id="P2", customer_id="C1", reversal_id="X2", amount=eur(50)))
    assert figures.sum("payments_received", on="2026-01-10") == figures.sum("payments_received") == 500
    figures.when("2026-01-12", InvoiceIssued(invoice_id="I1", customer_id="C1", amount=eur(700)))
    assert figures.sum("invoiced_amount", on="2026-01-12") == 700
    figures.when("2026-01-20", InvoiceCancelled(invoice_id="I1", customer_id="C1"))
    assert figures.sum("invoiced_amount") == 0


# --- activities ------------------------------------------------------------------------------------------------------

SUBJECT = Subject(kind="customer", id="C1")


def logged(id: str, kind: Any, **more: Any) -> ActivityLogged:
    return ActivityLogged(activity_id=id, kind=kind, subject=SUBJECT, rep_id="R1", **more)


def test_activities_count_when_logged_and_no_longer_when_voided(figures: MemoryFigures) -> None:
    figures.when("2026-01-01", ActivityPlanned(activity_id="A1", kind="visit", subject=SUBJECT, rep_id="R1",
                                               due_at=at("2026-01-03")))
    assert figures.n("activities") == 0
    figures.when("2026-01-03", logged("A1", "visit"))
    assert figures.n("visits", on="2026-01-03", rep="R1") == figures.n("activities", kind="visit") == 1
    figures.given("2026-01-04", ActivityVoided(activity_id="A1", subject=SUBJECT))
    figures.given("2026-01-04", ActivityVoided(activity_id="A2", subject=SUBJECT))
    figures.when("2026-01-05", logged("A2", "visit"))
    assert figures.n("activities") == figures.n("visits") == 0


def test_follow_ups_are_outbound_calls_and_e_mails_and_follow_ups(figures: MemoryFigures) -> None:
    logs = [("call", "outbound"), ("call", "inbound"), ("call", None), ("email", "outbound"), ("follow_up", None),
            ("visit", "outbound")]
    for n, (kind, direction) in enumerate(logs):
        figures.given("2026-01-03", logged(f"A{n}", kind, direction=direction))
    assert figures.n("follow_ups") == 3
    assert figures.n("activities") == 6


def test_a_visit_is_effective_by_duration_and_outcome_unless_the_event_says_otherwise(figures: MemoryFigures) -> None:
    figures.given("2026-01-03", logged("A1", "visit", duration_seconds=1800, outcome="interested"))
    figures.given("2026-01-03", logged("A2", "visit", duration_seconds=300, outcome="interested"))
    figures.given("2026-01-03", logged("A3", "visit", duration_seconds=1800, outcome="no_show"))
    figures.given("2026-01-03", logged("A4", "visit", duration_seconds=1800))
    figures.given("2026-01-03", logged("A5", "visit", duration_seconds=60, effective=True))
    figures.when("2026-01-03", logged("A6", "visit", duration_seconds=1800, outcome="interested", effective=False))
    assert figures.n("visits") == 6
    assert figures.n("effective_visits") == 2


# --- surveys ---------------------------------------------------------------------------------------------------------


def invited(id: str) -> SurveyInvited:
    return SurveyInvited(respondent_id="C1", invitation_id=id, survey="after_win", url=f"/s/{id}",
                         expires_at=at("2026-03-01"), context=SurveyContext(rep_id="R1"))


def answered(response: str, nps: int, invitation: str | None, *, complete: bool = True) -> SurveyAnswerAccepted:
    return SurveyAnswerAccepted(
        respondent_id="C1", response_id=response, survey="after_win", answers={"nps": nps, "why": "text", "yes": True},
        context=SurveyContext(rep_id="R1"), complete=complete, invitation_id=invitation,
        invited_at=at("2026-01-01") if invitation else None)


def test_answers_count_in_the_bucket_of_their_invitation_and_scores_in_their_own(figures: MemoryFigures) -> None:
    figures.given("2026-01-01", invited("I1"), sequence=1)
    figures.given("2026-01-01", invited("I2"), sequence=2)
    figures.given("2026-02-05", answered("A1", 9, "I1"), sequence=3)
    figures.when("2026-02-06", answered("A2", 3, None), sequence=4)
    assert figures.n("surveys_invited", on="2026-01-01", survey="after_win") == 2
    assert figures.n("surveys_answered", on="2026-01-01", rep="R1") == figures.n("surveys_answered") == 1
    assert figures.values("nps", on="2026-02-05", question="nps") == [9]
    assert figures.values("nps") == [3, 9]


def test_the_last_complete_answer_of_an_invitation_counts(figures: MemoryFigures) -> None:
    figures.given("2026-01-01", invited("I1"), sequence=1)
    figures.given("2026-01-02", answered("A1", 2, "I1"), sequence=2)
    figures.given("2026-01-03", answered("A2", 10, "I1"), sequence=3)
    figures.when("2026-01-04", answered("A3", 0, "I1", complete=False), sequence=4)
    assert figures.values("nps") == [10]
    assert figures.n("surveys_answered") == 1


def test_answers_of_employees_are_not_scores_of_customers(figures: MemoryFigures) -> None:
    figures.when("2026-01-02", SurveyAnswerAccepted(
         respondent_id="E1", respondent_kind="employee", response_id="A1", survey="employee_pulse", answers={"nps": 9},
         context=SurveyContext(department="sales"), complete=True))
    assert figures.values("nps") == []


# --- reference data ---------------------------------------------------------------------------------------------------


def test_assignments_are_stored_by_their_day_and_the_latest_event_wins(figures: MemoryFigures) -> None:
    figures.given("2026-02-01", EmployeeAssigned(employee_id="R1", name="-", team="T2", effective_on=date(2026, 3, 1)))
    figures.given("2026-01-01", EmployeeAssigned(employee_id="R1", name="-", team="T1", region="West"))
    figures.when("2026-06-01", EmployeeLeft(employee_id="R1"))
    image = figures.images["employee", "R1"]
    assert {day: values for day, (_, values) in image["assignments"].items()} == {
        "2026-01-01": {"team": "T1", "region": "West"}, "2026-03-01": {"team": "T2"}, "2026-06-01": {"left": True}}
    figures.when("2026-01-05", ProductReleased(product_id="P1", name="Chair", category="chairs", series="S"))
    assert figures.images["product", "P1"]["said"][1]["category"] == "chairs"
    assert figures.everything() == ({}, {}, {})
