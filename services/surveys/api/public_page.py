"""`/s/{token}`: the respondent's page. Reading it records nothing; answering it counts once."""
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from chassis.http.problems import ProblemError
from chassis.http.routing import json_response
from chassis.messages.codec.errors import FieldError
from chassis.service.context import ServiceContext
from services.surveys.api.links import SurveyLinks
from services.surveys.api.page_html import HEADERS, form_page, from_form, in_language, notice_page
from services.surveys.api.page_texts import page_language
from services.surveys.api.schemas import LinkAnswered
from services.surveys.commands import AnswerByLink
from services.surveys.definitions import SurveyDefinition, Surveys
from services.surveys.state.respondent import AnswerRefused, RespondentState, SentInvitation

MAX_BODY = 64 * 1024
JSON = "application/json"
HTML: dict[str, Any] = {"text/html": {"schema": {"type": "string"}}}
PAGES: dict[int | str, dict[str, Any]] = {
    200: {"content": HTML}, "default": {
        "description": "Cannot be answered: a page with the reason, or a problem if JSON was sent", "content": HTML}}
FORM = "application/x-www-form-urlencoded"
STATUS = {"unknown": 404, "answered": 409, "expired": 410, "invalid": 422}
TEXTS = {"unknown": "Link is invalid", "answered": "Invitation has been answered",
         "expired": "Invitation has expired", "invalid": "Answers do not match the questions; see errors"}


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """A valid link with its respondent, invitation and survey."""

    respondent: RespondentState
    invitation: SentInvitation
    survey: SurveyDefinition


def add_routes(routes: APIRouter, context: ServiceContext, links: SurveyLinks) -> None:
    @routes.get("/s/{token}", response_class=Response, responses=PAGES)
    async def show(token: str, request: Request, lang: str | None = None) -> Response:
        """The questions as a plain form, in the respondent's language."""
        link = await _opened(context, links, token)
        language = _language(link, request, lang)
        if link is None:
            return notice_page("unknown", language, 404)
        if link.respondent.answered(link.invitation.invitation_id):
            return notice_page("answered", language, 200)
        if context.now() >= link.invitation.expires_at:
            return notice_page("expired", language, 410)
        return form_page(link.survey, language)

    @routes.post("/s/{token}", response_model=LinkAnswered, responses=PAGES)
    async def take(token: str, request: Request, lang: str | None = None) -> Response:
        """Answer once: a form (answered with a page) or JSON `{answers: {question: value}}` (answered with JSON)."""
        link = await _opened(context, links, token)
        language = _language(link, request, lang)
        as_json = _content_type(request) == JSON
        if link is None:
            return _refused("unknown", language, as_json)
        answers = await _answers(request, link.survey)
        command = AnswerByLink(at=context.now(), actor=link.respondent.respondent_id,
                               invitation_id=link.invitation.invitation_id, answers=answers)
        result = await context.execute("respondent", link.respondent.respondent_id, command, principal="survey-page")
        for event in result.events:
            if isinstance(event, AnswerRefused):
                if event.reason == "invalid" and not as_json:
                    return form_page(link.survey, language, faults=event.faults, answers=answers)
                return _refused(event.reason, language, as_json, event)
        if as_json:
            return json_response({"status": "answered"}, headers=HEADERS)
        return notice_page("thanks", language, 200, in_language(link.survey.thanks, language))


async def _opened(context: ServiceContext, links: SurveyLinks, token: str) -> OpenedLink | None:
    claim = links.read(token)
    entity = None if claim is None else await context.get("respondent", claim.respondent_id)
    if claim is None or entity is None or entity.state.erased:
        return None
    surveys: Surveys = context.components.extra
    invitation = entity.state.invitations.get(claim.invitation_id)
    survey = None if invitation is None else surveys.version(invitation.model)
    if invitation is None or survey is None or int(invitation.expires_at.timestamp()) != claim.expires_at.timestamp():
        return None
    return OpenedLink(entity.state, invitation, survey)


def _language(link: OpenedLink | None, request: Request, lang: str | None) -> str:
    languages = link.survey.languages if link else ("en", "zh")
    return page_language(languages, lang, request.headers.get("accept-language"))


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", FORM).partition(";")[0].strip().lower()


async def _answers(request: Request, survey: SurveyDefinition) -> dict[str, Any]:
    body = await _body(request)
    if _content_type(request) == FORM:
        try:
            return from_form(survey, body)
        except ValueError:
            raise ProblemError(400, "bad_form", "Form data is invalid", headers=HEADERS) from None
    if _content_type(request) != JSON:
        raise ProblemError(415, "unsupported_media_type", f"Content-Type must be {FORM} or {JSON}", headers=HEADERS)
    try:
        sent = orjson.loads(body)
    except ValueError:
        sent = None
    answers = sent.get("answers") if isinstance(sent, dict) else None
    if not isinstance(answers, dict):
        fault = FieldError("missing", "/answers", "must be an object of question ids and values")
        raise ProblemError(422, "invalid", TEXTS["invalid"], [fault], headers=HEADERS)
    return {id: tuple(v) if isinstance(v, list) and all(isinstance(x, str) for x in v) else v
            for id, v in answers.items()}


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise ProblemError(413, "too_large", f"Body must have at most {MAX_BODY} bytes", headers=HEADERS)
    return body


def _refused(reason: str, language: str, as_json: bool, event: AnswerRefused | None = None) -> Response:
    if not as_json:
        return notice_page(reason, language, STATUS[reason])
    faults = [FieldError(f.code, f.pointer, f.message) for f in (event.faults if event else ())]
    return ProblemError(STATUS[reason], reason, TEXTS[reason], faults, headers=HEADERS).response()
