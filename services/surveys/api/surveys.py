"""Routes of surveys: invitations with signed links, answers, results."""
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from chassis.http.problems import ProblemError, not_found
from chassis.http.responses import page_schema
from chassis.http.routing import Paged, Write, json_response, page_response
from chassis.messages.codec.errors import FieldError
from chassis.ports import Between, Condition
from chassis.service.context import ServiceContext
from contracts.kinds import Id
from contracts.surveys import SurveyContext, SurveySuppressed
from services.surveys.api import schemas
from services.surveys.api.answers import answers_page
from services.surveys.api.links import SurveyLinks
from services.surveys.api.results import PLAIN, rows
from services.surveys.commands import Invite, RespondentKind
from services.surveys.decider.ids import invitation_id
from services.surveys.definitions import SurveyDefinition, Surveys
from services.surveys.state.feedback import FeedbackState
from services.surveys.state.respondent import RespondentState, SentInvitation

MAX_DIMENSIONS = 3
SUPPRESSED: Mapping[str, str] = {  # by fatigue rule
    "consent": "respondent has withdrawn consent",
    "cooldown": "respondent was invited to a survey recently",
    "max_per_period": "respondent has received the maximum number of invitations of the period",
    "recontact": "respondent was invited to this survey recently",
}


class InvitationBody(BaseModel):
    """Whom to invite, and the labels under which the answer is counted."""

    model_config = ConfigDict(extra="forbid", strict=True)
    respondent_id: Id
    respondent_kind: RespondentKind | None = None
    contact_id: Id | None = None
    channel: str | None = None
    business_line: Id | None = None
    region: str | None = None
    team: str | None = None
    rep_id: Id | None = None
    customer_id: Id | None = None
    opportunity_id: Id | None = None
    product_id: Id | None = None
    department: str | None = None
    dimensions: dict[str, str] | None = None

    def context(self) -> SurveyContext:
        return SurveyContext(**self.model_dump(exclude={"respondent_id", "respondent_kind", "contact_id", "channel"}))


def add_routes(routes: APIRouter, context: ServiceContext, links: SurveyLinks) -> None:
    definitions: Surveys = context.components.extra

    @routes.get("/v1/surveys", response_model=page_schema(schemas.Survey))
    async def surveys(request: Request) -> Response:
        """The surveys in force."""
        return page_response(request, [_survey_body(survey) for survey in definitions.all()], None)

    @routes.get("/v1/surveys/{name}", response_model=schemas.Survey)
    async def survey(name: str) -> Response:
        return json_response(_survey_body(_survey_or_404(definitions, name)))

    @routes.post("/v1/surveys/{name}/invitations", response_model=schemas.Invitation, status_code=201)
    async def invite(name: str, body: InvitationBody, write: Write) -> Response:
        """Invite by request: 201 with the signed link, or 409 with the rule that forbids it now."""
        survey = _survey_or_404(definitions, name)
        if (body.respondent_kind or survey.audience) != survey.audience:
            fault = FieldError("wrong_audience", "/respondent_kind", f"must be {survey.audience}")
            raise ProblemError(422, "invalid", "Respondent is not eligible for this survey", [fault])
        id = invitation_id(name, body.respondent_id, write.principal, write.idempotency_key or uuid4().hex)
        command = Invite(
            at=context.now(), actor=write.principal, ref=id, survey=name, invitation_id=id, context=body.context(),
            respondent_kind=survey.audience, contact_id=body.contact_id, channel=body.channel,
        )
        result = await context.execute(
            "respondent", body.respondent_id, command, idempotency_key=write.idempotency_key,
            body_hash=write.body_hash, principal=write.principal)
        sent = result.entity.state.invitations.get(id)
        if sent is None:
            raise _suppressed(result.events)
        return json_response(_invitation_body(result.entity.state, sent, context.now(), links), 201)

    @routes.get("/v1/surveys/{name}/invitations", response_model=page_schema(schemas.Invitation))
    async def invitations(
        request: Request, name: str, paged: Paged, respondent_id: str | None = None, opportunity_id: str | None = None,
    ) -> Response:
        """Invitations, newest first; open ones with their links, for a CRM or a mailer to send."""
        _survey_or_404(definitions, name)
        where: dict[str, Condition] = {"survey": name, "invited_at": Between("", None)}
        where |= {} if respondent_id is None else {"respondent_id": respondent_id}
        where |= {} if opportunity_id is None else {"opportunity_id": opportunity_id}
        page = await context.find("feedback", where, order="invited_at", descending=True, after=paged.cursor,
                                   limit=paged.limit)
        respondents = await context.get_many("respondent", list({e.state.respondent_id for e in page.items}))
        now = context.now()
        items = [_invitation_body(respondents[e.state.respondent_id].state, sent, now, links) for e in page.items
                 if e.state.respondent_id in respondents
                 and (sent := respondents[e.state.respondent_id].state.invitations.get(e.key)) is not None]
        return page_response(request, items, page.next)

    @routes.get("/v1/surveys/{name}/answers", response_model=page_schema(schemas.SurveyAnswer))
    async def answers(
        request: Request, name: str, paged: Paged, business_line: str | None = None, region: str | None = None,
        team: str | None = None, rep_id: str | None = None, written: bool = False,
    ) -> Response:
        """Answers of customers with their text, latest first; `written`: only those with free text, so a page may hold
        fewer than `limit`. Employees' answers are available as results of groups only."""
        survey = _survey_or_404(definitions, name)
        if survey.audience != "customer":
            raise ProblemError(403, "not_shown", "Answers of employees are available as results of groups only")
        filters = {"business_line": business_line, "region": region, "team": team, "rep_id": rep_id}
        where: dict[str, Condition] = {"survey": name, "answered_at": Between("", None)}
        where |= {n: v for n, v in filters.items() if v is not None}
        texts = [q.id for q in survey.questions if q.kind == "text"] if written else None
        items, cursor = await answers_page(context, where, texts, paged.cursor, paged.limit)
        return page_response(request, items, cursor)

    @routes.get("/v1/surveys/{name}/results", response_model=schemas.SurveyResults)
    async def results(
        name: str, since: Annotated[str | None, Query(alias="from")] = None, to: str | None = None,
        by: str | None = None,
    ) -> Response:
        """Marks of the answers from `from` to before `to`; response rate of the invitations of these days."""
        survey = _survey_or_404(definitions, name)
        dimensions = _dimensions(survey, by, context)
        period = Between(_start(context, since, "from", ""), _start(context, to, "to", None))
        answered = await _all_feedback(context, {"survey": name, "answered_at": period}, "answered_at")
        invited = await _all_feedback(context, {"survey": name, "invited_at": period}, "invited_at")
        return json_response({
            "survey": name, "title": dict(survey.title), "from": since, "to": to, "by": dimensions,
            "confidence": 0.95, "rows": rows(survey, answered, invited, dimensions),
            "complete_until": (await context.freshness())["complete_until"],
        })


def _survey_or_404(definitions: Surveys, name: str) -> SurveyDefinition:
    survey = definitions.find(name)
    if survey is None:
        raise not_found("survey", name)
    return survey


def _survey_body(survey: SurveyDefinition) -> Mapping[str, Any]:
    return {
        "name": survey.name, "version": survey.ref.partition("@")[2], "title": dict(survey.title),
        "audience": survey.audience, "languages": list(survey.languages), "channel": survey.channel,
        "trigger": survey.trigger and survey.trigger.on, "expires_after_days": survey.expires_after.days,
        "questions": [{"id": q.id, "type": q.kind, "title": dict(q.title), "required": q.required,
                       "scale": q.scale and {"min": q.scale[0], "max": q.scale[1]},
                       "choices": [{"name": name, "title": dict(title)} for name, title in q.choices]}
                      for q in survey.questions],
    }


def _suppressed(events: tuple[Any, ...]) -> ProblemError:
    rules = [event.rule for event in events if isinstance(event, SurveySuppressed)]
    faults = [FieldError(rule, "/respondent_id", SUPPRESSED[rule]) for rule in rules]
    return ProblemError(409, "suppressed", "Respondent must not be invited now; see errors", faults)


def _invitation_body(state: RespondentState, sent: SentInvitation, now: datetime, links: SurveyLinks) -> dict[str, Any]:
    """`url` only while the invitation can be answered."""
    id = sent.invitation_id
    status = "answered" if state.answered(id) else "expired" if now >= sent.expires_at else "open"
    link = links.path(state.respondent_id, id, sent.expires_at) if status == "open" else None
    return {
        "invitation_id": id, "survey": sent.survey, "respondent_id": state.respondent_id,
        "respondent_kind": sent.respondent_kind, "contact_id": sent.contact_id, "channel": sent.channel,
        "invited_at": sent.at, "expires_at": sent.expires_at, "status": status, "delivery": sent.delivery or None,
        "context": sent.context, "url": link,
    }


# --- results ---------------------------------------------------------------------------------------------------------


def _dimensions(survey: SurveyDefinition, by: str | None, context: ServiceContext) -> list[str]:
    """Employees' answers are never split by a person."""
    declared = context.definitions.find("dimensions", "dimensions")
    more = [d["name"] for d in declared.body.get("dimensions", ())] if declared else []
    allowed = [*PLAIN, "channel", *more]
    if survey.audience == "employee":
        allowed = [name for name in allowed if name not in ("rep_id", "opportunity_id")]
    requested = list(dict.fromkeys(name.strip() for name in (by or "").split(",") if name.strip()))
    unknown = [name for name in requested if name not in allowed]
    if unknown or len(requested) > MAX_DIMENSIONS:
        names = ", ".join(allowed)
        faults = [FieldError("unknown_dimension", "/query/by", f"{name} must be one of {names}") for name in unknown]
        raise ProblemError(400, "bad_dimension", f"by takes up to {MAX_DIMENSIONS} dimensions; see errors", faults)
    return requested


def _start(context: ServiceContext, text: str | None, name: str, open_end: str | None) -> str | None:
    """Start of the day in the company's time zone, as index text."""
    if text is None:
        return open_end
    try:
        day = date.fromisoformat(text)
    except ValueError:
        fault = FieldError("invalid", f"/query/{name}", "must be a day such as 2026-03-31")
        raise ProblemError(400, "bad_period", "Period is invalid; see errors", [fault]) from None
    start = datetime.combine(day, time(), context.zone).astimezone(UTC)
    return start.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


async def _all_feedback(
    context: ServiceContext, where: Mapping[str, Condition], order: str,
) -> list[FeedbackState]:
    feedback: list[FeedbackState] = []
    after: str | None = None
    while True:
        page = await context.find("feedback", where, order=order, after=after, limit=500)
        feedback += [entity.state for entity in page.items]
        if page.next is None:
            return feedback
        after = page.next
