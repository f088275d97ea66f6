"""Invitations and what was answered to them: of each invitation the last complete answer counts.

Kept of an answer are its whole numbers only: no text of a person enters a figure.
"""
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from chassis.domain.handlers import Meta
from chassis.domain.projection import Image, Touch
from contracts.surveys import SurveyAnswerAccepted, SurveyContext, SurveyInvited
from services.kpi.projections.images import micros, own_stamp
from services.kpi.projections.rows import Clock, Row, labels_of

KIND = "survey"
ON_ITS_OWN = "response|"  # begins the id of an answer that belongs to no invitation


def _context(context: SurveyContext) -> dict[str, Any]:
    said = {"business_line": context.business_line, "region": context.region, "team": context.team,
            "rep": context.rep_id, "customer_id": context.customer_id, "department": context.department,
            **{f"d.{name}": label for name, label in (context.dimensions or {}).items()}}
    return {name: value for name, value in said.items() if value is not None}


def _invited(event: SurveyInvited, meta: Meta) -> Touch:
    by = own_stamp(meta)
    values = _context(event.context) | {"survey": event.survey, "channel": event.channel}

    def fold(image: Image) -> Image:
        first = (image or {}).get("invited")
        return image if first is not None and tuple(first[0]) <= tuple(by) else {
            **(image or {}), "invited": [by, values]}

    return Touch(KIND, event.invitation_id, fold)


def _answered(event: SurveyAnswerAccepted, meta: Meta) -> Touch:
    by = own_stamp(meta)
    scores = {q: a for q, a in event.answers.items() if isinstance(a, int) and not isinstance(a, bool)}
    values = _context(event.context) | {
        "survey": event.survey, "complete": event.complete, "scores": scores, "asked": event.respondent_kind,
        "invited_at": None if event.invited_at is None else micros(event.invited_at),
    }

    def fold(image: Image) -> Image:
        known = (image or {}).get("answer")
        if known is not None and (known[1]["complete"], *known[0]) >= (event.complete, *by):
            return image
        return {**(image or {}), "answer": [by, values]}

    return Touch(KIND, event.invitation_id or ON_ITS_OWN + event.response_id, fold)


TOUCHES: Mapping[type, Callable[[Any, Meta], Touch]] = {SurveyInvited: _invited, SurveyAnswerAccepted: _answered}


def _labels(values: Mapping[str, Any], question: str | None = None) -> dict[str, str | None]:
    return labels_of(values, survey=values["survey"], department=values.get("department"), question=question)


def invitation(id: str, image: Image, clock: Clock) -> Iterator[Row]:
    if "invited" in image:
        by, values = image["invited"]
        yield Row(id, clock.day(by[1]), _labels(values),
                  {"invitation_id": id, "survey": values["survey"], "channel": values["channel"]})


def answer(id: str, image: Image, clock: Clock) -> Iterator[Row]:
    """On the day of its invitation, and with the dimensions of that, so that the two can be divided."""
    if "answer" not in image:
        return
    _, values = image["answer"]
    invited = image.get("invited")
    at = invited[0][1] if invited else values["invited_at"]
    yield Row(id, None if at is None else clock.day(at), _labels(invited[1] if invited else values), {
        "invitation_id": id, "survey": values["survey"], "invited": not id.startswith(ON_ITS_OWN),
        "complete": values["complete"]})


def score(id: str, image: Image, clock: Clock, questions: Mapping[tuple[str, str], str]) -> Iterator[Row]:
    """Each number of the answer that counts, on the day of answering. A question that no definition declares is of
    the kind that its own name says."""
    if "answer" not in image or not image["answer"][1]["complete"]:
        return
    by, values = image["answer"]
    for question, number in sorted(values["scores"].items()):
        kind = questions.get((values["survey"], question), question)
        if kind == "nps" and not 0 <= number <= 10:
            continue
        yield Row(id, clock.day(by[1]), _labels(values, question=question), {
            "survey": values["survey"], "question": question, "question_kind": kind, "score": number,
            "respondent_kind": values["asked"]})
