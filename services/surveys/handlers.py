"""Which message concerns which respondent; what we said ourselves is noted for lists and results."""
from collections.abc import Iterable

from chassis.domain.handlers import Ask, Handlers, Meta
from contracts.crm import ConsentChanged, CustomerErased, EmployeeErased, SurveyDeliveryReported, SurveyResponded
from contracts.pipeline import OpportunityWon
from contracts.surveys import IssueRaised, IssueResolved, SurveyAnswerAccepted, SurveyInvited
from services.surveys.commands import (
    ChangeConsent,
    ForgetRespondent,
    HearAnswer,
    HearWin,
    NoteAnswered,
    NoteDelivery,
    NoteInvited,
    NoteRaised,
    NoteResolved,
)


def won(event: OpportunityWon, meta: Meta) -> Iterable[Ask]:
    if event.opportunity.customer_id:
        yield Ask("respondent", event.opportunity.customer_id, HearWin(**meta.told(), said=event))


def responded(event: SurveyResponded, meta: Meta) -> Iterable[Ask]:
    yield Ask("respondent", event.respondent_id, HearAnswer(**meta.told(), said=event))


def delivered(event: SurveyDeliveryReported, meta: Meta) -> Iterable[Ask]:
    note = NoteDelivery(**meta.told(), invitation_id=event.invitation_id, status=event.status)
    yield Ask("respondent", event.respondent_id, note)
    yield Ask("feedback", event.invitation_id, note)


def consent(event: ConsentChanged, meta: Meta) -> Iterable[Ask]:
    yield Ask("respondent", event.customer_id, ChangeConsent(**meta.told(), said=event))
    if event.contact_id and event.contact_id != event.customer_id:
        yield Ask("respondent", event.contact_id, ChangeConsent(**meta.told(), said=event))


def customer_erased(event: CustomerErased, meta: Meta) -> Iterable[Ask]:
    yield Ask("respondent", event.customer_id, ForgetRespondent(**meta.told()))


def employee_erased(event: EmployeeErased, meta: Meta) -> Iterable[Ask]:
    yield Ask("respondent", event.employee_id, ForgetRespondent(**meta.told()))


def invited(event: SurveyInvited, meta: Meta) -> Iterable[Ask]:
    yield Ask("feedback", event.invitation_id, NoteInvited(**meta.told(), said=event))


def answered(event: SurveyAnswerAccepted, meta: Meta) -> Iterable[Ask]:
    yield Ask("feedback", event.invitation_id or f"{event.respondent_id}/{event.response_id}",
              NoteAnswered(**meta.told(), said=event))


def raised(event: IssueRaised, meta: Meta) -> Iterable[Ask]:
    yield Ask("issue", event.issue_id, NoteRaised(**meta.told(), said=event))


def resolved(event: IssueResolved, meta: Meta) -> Iterable[Ask]:
    yield Ask("issue", event.issue_id, NoteResolved(**meta.told(), said=event))


HANDLERS: Handlers = {
    OpportunityWon: won,
    SurveyResponded: responded,
    SurveyDeliveryReported: delivered,
    ConsentChanged: consent,
    CustomerErased: customer_erased,
    EmployeeErased: employee_erased,
    SurveyInvited: invited,
    SurveyAnswerAccepted: answered,
    IssueRaised: raised,
    IssueResolved: resolved,
}
