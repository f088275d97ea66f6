"""Surveys, their invitations with signed links, their results."""
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from chassis.http.responses import paged
from chassis.http.routing import Fault, Paged, Problem, Write, answer, not_found, page
from chassis.ports import Between, Condition
from chassis.service.context import Context
from contracts.kinds import Id
from contracts.surveys import SurveyContext, SurveySuppressed
from services.surveys.api import schemas
from services.surveys.api.answers import answers_page
from services.surveys.api.links import Links
from services.surveys.api.results import PLAIN, rows
from services.surveys.commands import Invite, RespondentKind
from services.surveys.decider.ids import invitation_id
from services.surveys.definitions import Survey, Surveys
from services.surveys.state import Feedback, Invitation, Respondent

MOST_DIMENSIONS = 3


class InvitationBody(BaseModel):
    """Whom to invite, and where the answer is to be counted."""

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


def add(routes: APIRouter, context: Context, links: Links) -> None:
    known: Surveys = context.parts.extra

    @routes.get("/v1/surveys", response_model=paged(schemas.Survey))
    async def surveys(request: Request) -> Response:
        """The surveys in force."""
        return page(request, [_survey(survey) for survey in known.all()], None)

    @routes.get("/v1/surveys/{name}", response_model=schemas.Survey)
    async def survey(name: str) -> Response:
        return answer(_survey(_one(known, name)))

    @routes.post("/v1/surveys/{name}/invitations", response_model=schemas.Invitation, status_code=201)
    async def invite(name: str, body: InvitationBody, write: Write) -> Response:
        """Invite by hand: 201 with the signed link, or 409 with the rule that forbids to ask this respondent now."""
        survey = _one(known, name)
        if (body.respondent_kind or survey.audience) != survey.audience:
            fault = Fault("wrong_audience", "/respondent_kind", f"this survey asks {survey.audience}s")
            raise Problem(422, "invalid", "The survey is for others.", [fault])
        id = invitation_id(name, body.respondent_id, write.principal, write.idempotency_key or uuid4().hex)
        command = Invite(
            at=context.now(), actor=write.principal, ref=id, survey=name, invitation_id=id, context=body.context(),
            respondent_kind=survey.audience, contact_id=body.contact_id, channel=body.channel,
        )
        outcome = await context.ask(
            "respondent", body.respondent_id, command, idempotency_key=write.idempotency_key,
            body_hash=write.body_hash, principal=write.principal)
        made = outcome.entity.state.invitations.get(id)
        if made is None:
            raise _suppressed(outcome.events)
        return answer(_invitation(outcome.entity.state, made, context.now(), links), 201)

    @routes.get("/v1/surveys/{name}/invitations", response_model=paged(schemas.Invitation))
    async def invitations(
        request: Request, name: str, paged: Paged, respondent_id: str | None = None, opportunity_id: str | None = None,
    ) -> Response:
        """Invitations, newest first, with links that are still open: a CRM or a mailer sends them."""
        _one(known, name)
        where: dict[str, Condition] = {"survey": name, "invited_at": Between("", None)}
        where |= {} if respondent_id is None else {"respondent_id": respondent_id}
        where |= {} if opportunity_id is None else {"opportunity_id": opportunity_id}
        found = await context.find("feedback", where, order="invited_at", descending=True, after=paged.cursor,
                                   limit=paged.limit)
        people = await context.read_many("respondent", list({e.state.respondent_id for e in found.items}))
        now = context.now()
        items = [_invitation(people[e.state.respondent_id].state, made, now, links) for e in found.items
                 if e.state.respondent_id in people
                 and (made := people[e.state.respondent_id].state.invitations.get(e.key)) is not None]
        return page(request, items, found.next)

    @routes.get("/v1/surveys/{name}/answers", response_model=paged(schemas.SurveyAnswer))
    async def answers(
        request: Request, name: str, paged: Paged, business_line: str | None = None, region: str | None = None,
        team: str | None = None, rep_id: str | None = None, written: bool = False,
    ) -> Response:
        """What customers answered, word for word, latest first; `written`: only those with free text, so that a page
        may hold fewer than asked for. Employees' answers are figures of groups only."""
        survey = _one(known, name)
        if survey.audience != "customer":
            raise Problem(403, "not_shown", "Answers of employees are shown as figures of groups only.")
        asked = {"business_line": business_line, "region": region, "team": team, "rep_id": rep_id}
        where: dict[str, Condition] = {"survey": name, "answered_at": Between("", None)}
        where |= {n: v for n, v in asked.items() if v is not None}
        texts = [q.id for q in survey.questions if q.kind == "text"] if written else None
        items, cursor = await answers_page(context, where, texts, paged.cursor, paged.limit)
        return page(request, items, cursor)

    @routes.get("/v1/surveys/{name}/results", response_model=schemas.SurveyResults)
    async def results(
        name: str, since: Annotated[str | None, Query(alias="from")] = None, to: str | None = None,
        by: str | None = None,
    ) -> Response:
        """Marks of the answers given from `from` to before `to`; response rate of the invitations of these days."""
        survey = _one(known, name)
        dimensions = _dimensions(survey, by, context)
        period = Between(_start(context, since, "from", ""), _start(context, to, "to", None))
        answered = await _all(context, {"survey": name, "answered_at": period}, "answered_at")
        invited = await _all(context, {"survey": name, "invited_at": period}, "invited_at")
        return answer({
            "survey": name, "title": dict(survey.title), "from": since, "to": to, "by": dimensions,
            "confidence": 0.95, "rows": rows(survey, answered, invited, dimensions),
            "complete_until": (await context.settled())["complete_until"],
        })


def _one(known: Surveys, name: str) -> Survey:
    survey = known.one(name)
    if survey is None:
        raise not_found("survey", name)
    return survey


def _survey(survey: Survey) -> Mapping[str, Any]:
    return {
        "name": survey.name, "version": survey.ref.partition("@")[2], "title": dict(survey.title),
        "audience": survey.audience, "languages": list(survey.languages), "channel": survey.channel,
        "trigger": survey.trigger and survey.trigger.on, "expires_after_days": survey.expires_after.days,
        "questions": [{"id": q.id, "type": q.kind, "title": dict(q.title), "required": q.required,
                       "scale": q.scale and {"min": q.scale[0], "max": q.scale[1]},
                       "choices": [{"name": name, "title": dict(title)} for name, title in q.choices]}
                      for q in survey.questions],
    }


def _suppressed(events: tuple[Any, ...]) -> Problem:
    rules = [event.rule for event in events if isinstance(event, SurveySuppressed)]
    faults = [Fault(rule, "/respondent_id", f"the rule {rule!r} forbids to ask this respondent now") for rule in rules]
    return Problem(409, "suppressed", "This respondent is not to be asked now.", faults)


def _invitation(state: Respondent, made: Invitation, now: datetime, links: Links) -> dict[str, Any]:
    """The link is handed out only while it can be answered."""
    id = made.invitation_id
    status = "answered" if state.answered(id) else "expired" if now >= made.expires_at else "open"
    link = links.path(state.respondent_id, id, made.expires_at) if status == "open" else None
    return {
        "invitation_id": id, "survey": made.survey, "respondent_id": state.respondent_id,
        "respondent_kind": made.respondent_kind, "contact_id": made.contact_id, "channel": made.channel,
        "invited_at": made.at, "expires_at": made.expires_at, "status": status, "delivery": made.delivery or None,
        "context": made.context, "url": link,
    }


# --- results ---------------------------------------------------------------------------------------------------------


def _dimensions(survey: Survey, by: str | None, context: Context) -> list[str]:
    """Employees' answers are never split by a person."""
    declared = context.definitions.one("dimensions", "dimensions")
    more = [d["name"] for d in declared.body.get("dimensions", ())] if declared else []
    allowed = [*PLAIN, "channel", *more]
    if survey.audience == "employee":
        allowed = [name for name in allowed if name not in ("rep_id", "opportunity_id")]
    asked = list(dict.fromkeys(name.strip() for name in (by or "").split(",") if name.strip()))
    unknown = [name for name in asked if name not in allowed]
    if unknown or len(asked) > MOST_DIMENSIONS:
        names = ", ".join(allowed)
        faults = [Fault("unknown_dimension", "/query/by", f"{name} is none of {names}") for name in unknown]
        raise Problem(400, "bad_dimension", f"Up to {MOST_DIMENSIONS} known dimensions.", faults)
    return asked


def _start(context: Context, text: str | None, name: str, open_end: str | None) -> str | None:
    """The instant at which the day begins in the company's zone, as the indexes write it."""
    if text is None:
        return open_end
    try:
        day = date.fromisoformat(text)
    except ValueError:
        fault = Fault("invalid", f"/query/{name}", "is a day such as 2026-03-31")
        raise Problem(400, "bad_period", "The period cannot be used.", [fault]) from None
    start = datetime.combine(day, time(), context.zone).astimezone(UTC)
    return start.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


async def _all(context: Context, where: Mapping[str, Condition], order: str) -> list[Feedback]:
    found: list[Feedback] = []
    after: str | None = None
    while True:
        part = await context.find("feedback", where, order=order, after=after, limit=500)
        found += [entity.state for entity in part.items]
        if part.next is None:
            return found
        after = part.next
