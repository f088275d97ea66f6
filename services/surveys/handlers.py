"""Message handlers: message type -> commands; the service's own events update feedback and issues."""
from collections.abc import Iterable

from chassis.domain.handlers import CommandFor, Handlers, Meta
from contracts.crm import ConsentChanged, CustomerErased, EmployeeErased, SurveyDeliveryReported, SurveyResponded
from contracts.pipeline import OpportunityWon
from contracts.surveys import IssueRaised, IssueResolved, SurveyAnswerAccepted, SurveyInvited
from services.surveys.commands import (
    ChangeConsent,
    EraseRespondent,
    InviteAfterWin,
    RecordAnswer,
    RecordDelivery,
    RecordInvitation,
    RecordIssue,
    RecordResolution,
    RecordResponse,
)

Commands = Iterable[CommandFor]


def won(event: OpportunityWon, meta: Meta) -> Commands:
    if event.opportunity.customer_id:
        yield CommandFor("respondent", event.opportunity.customer_id,
                         InviteAfterWin(**meta.command_fields(), event=event))


def responded(event: SurveyResponded, meta: Meta) -> Commands:
    yield CommandFor("respondent", event.respondent_id, RecordResponse(**meta.command_fields(), event=event))


def delivered(event: SurveyDeliveryReported, meta: Meta) -> Commands:
    delivery = RecordDelivery(**meta.command_fields(), invitation_id=event.invitation_id, status=event.status)
    yield CommandFor("respondent", event.respondent_id, delivery)
    yield CommandFor("feedback", event.invitation_id, delivery)


def consent(event: ConsentChanged, meta: Meta) -> Commands:
    yield CommandFor("respondent", event.customer_id, ChangeConsent(**meta.command_fields(), event=event))
    if event.contact_id and event.contact_id != event.customer_id:
        yield CommandFor("respondent", event.contact_id, ChangeConsent(**meta.command_fields(), event=event))


def customer_erased(event: CustomerErased, meta: Meta) -> Commands:
    yield CommandFor("respondent", event.customer_id, EraseRespondent(**meta.command_fields()))


def employee_erased(event: EmployeeErased, meta: Meta) -> Commands:
    yield CommandFor("respondent", event.employee_id, EraseRespondent(**meta.command_fields()))


def invited(event: SurveyInvited, meta: Meta) -> Commands:
    yield CommandFor("feedback", event.invitation_id, RecordInvitation(**meta.command_fields(), event=event))


def answered(event: SurveyAnswerAccepted, meta: Meta) -> Commands:
    yield CommandFor("feedback", event.invitation_id or f"{event.respondent_id}/{event.response_id}",
                     RecordAnswer(**meta.command_fields(), event=event))


def raised(event: IssueRaised, meta: Meta) -> Commands:
    yield CommandFor("issue", event.issue_id, RecordIssue(**meta.command_fields(), event=event))


def resolved(event: IssueResolved, meta: Meta) -> Commands:
    yield CommandFor("issue", event.issue_id, RecordResolution(**meta.command_fields(), event=event))


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
