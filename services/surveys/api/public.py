"""`/s/{token}`: the page that a respondent sees. Reading it records nothing; answering it counts once."""
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from chassis.http.routing import Fault, Problem, answer
from chassis.service.context import Context
from services.surveys.api.links import Links
from services.surveys.api.page import HEADERS, form, from_form, notice, said
from services.surveys.api.page_texts import chosen
from services.surveys.api.schemas import LinkAnswered
from services.surveys.commands import AnswerByLink
from services.surveys.definitions import Survey, Surveys
from services.surveys.state import AnswerRefused, Invitation, Respondent

MOST_BYTES = 64 * 1024
JSON = "application/json"
HTML: dict[str, Any] = {"text/html": {"schema": {"type": "string"}}}
PAGES: dict[int | str, dict[str, Any]] = {
    200: {"content": HTML}, "default": {
        "description": "Not to be answered: a page that says why, or a problem for who sent JSON", "content": HTML}}
FORM = "application/x-www-form-urlencoded"
STATUS = {"unknown": 404, "answered": 409, "expired": 410, "invalid": 422}
TEXTS = {"unknown": "This link is not valid.", "answered": "This invitation has been answered.",
         "expired": "This invitation has expired.", "invalid": "The answers do not fit the questions."}


@dataclass(frozen=True, slots=True)
class Asked:
    """A link that we signed, and what it leads to."""

    respondent: Respondent
    invitation: Invitation
    survey: Survey


def add(routes: APIRouter, context: Context, links: Links) -> None:
    @routes.get("/s/{token}", response_class=Response, responses=PAGES)
    async def show(token: str, request: Request, lang: str | None = None) -> Response:
        """The questions as a plain form, in the language that the respondent reads."""
        asked = await _asked(context, links, token)
        language = _language(asked, request, lang)
        if asked is None:
            return notice("unknown", language, 404)
        if asked.respondent.answered(asked.invitation.invitation_id):
            return notice("answered", language, 200)
        if context.now() >= asked.invitation.expires_at:
            return notice("expired", language, 410)
        return form(asked.survey, language)

    @routes.post("/s/{token}", response_model=LinkAnswered, responses=PAGES)
    async def take(token: str, request: Request, lang: str | None = None) -> Response:
        """Answer once: a form (answered with a page) or JSON `{answers: {question: value}}` (answered with JSON)."""
        asked = await _asked(context, links, token)
        language = _language(asked, request, lang)
        as_json = _content_type(request) == JSON
        if asked is None:
            return _refused("unknown", language, as_json)
        answers = await _answers(request, asked.survey)
        command = AnswerByLink(at=context.now(), actor=asked.respondent.respondent_id,
                               invitation_id=asked.invitation.invitation_id, answers=answers)
        outcome = await context.ask("respondent", asked.respondent.respondent_id, command, principal="survey-page")
        for event in outcome.events:
            if isinstance(event, AnswerRefused):
                if event.reason == "invalid" and not as_json:
                    return form(asked.survey, language, faults=event.faults, answers=answers)
                return _refused(event.reason, language, as_json, event)
        if as_json:
            return answer({"status": "answered"}, headers=HEADERS)
        return notice("thanks", language, 200, said(asked.survey.thanks, language))


async def _asked(context: Context, links: Links, token: str) -> Asked | None:
    claim = links.read(token)
    entity = None if claim is None else await context.read("respondent", claim.respondent_id)
    if claim is None or entity is None or entity.state.erased:
        return None
    known: Surveys = context.parts.extra
    invitation = entity.state.invitations.get(claim.invitation_id)
    survey = None if invitation is None else known.version(invitation.model)
    if invitation is None or survey is None or int(invitation.expires_at.timestamp()) != claim.expires_at.timestamp():
        return None
    return Asked(entity.state, invitation, survey)


def _language(asked: Asked | None, request: Request, lang: str | None) -> str:
    languages = asked.survey.languages if asked else ("en", "zh")
    return chosen(languages, lang, request.headers.get("accept-language"))


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", FORM).partition(";")[0].strip().lower()


async def _answers(request: Request, survey: Survey) -> dict[str, Any]:
    body = await _body(request)
    if _content_type(request) == FORM:
        try:
            return from_form(survey, body)
        except ValueError:
            raise Problem(400, "bad_form", "The form cannot be read.", headers=HEADERS) from None
    if _content_type(request) != JSON:
        raise Problem(415, "unsupported_media_type", f"Send {FORM} or {JSON}.", headers=HEADERS)
    try:
        sent = orjson.loads(body)
    except ValueError:
        sent = None
    answers = sent.get("answers") if isinstance(sent, dict) else None
    if not isinstance(answers, dict):
        fault = Fault("missing", "/answers", "an object of question ids and values")
        raise Problem(422, "invalid", TEXTS["invalid"], [fault], headers=HEADERS)
    return {id: tuple(v) if isinstance(v, list) and all(isinstance(x, str) for x in v) else v
            for id, v in answers.items()}


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise Problem(413, "too_large", f"At most {MOST_BYTES} bytes.", headers=HEADERS)
    return body


def _refused(reason: str, language: str, as_json: bool, event: AnswerRefused | None = None) -> Response:
    if not as_json:
        return notice(reason, language, STATUS[reason])
    faults = [Fault(f.code, f.pointer, f.message) for f in (event.faults if event else ())]
    return Problem(STATUS[reason], reason, TEXTS[reason], faults, headers=HEADERS).response()
