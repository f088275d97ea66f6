"""Survey invitations and their answers: of each invitation the last complete answer counts.

Of an answer only its whole numbers are stored: no text of a person enters a figure.
"""
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from chassis.domain.handlers import Meta
from chassis.domain.projection import Image, Touch
from contracts.surveys import SurveyAnswerAccepted, SurveyContext, SurveyInvited
from services.kpi.definitions.rows import FactRow
from services.kpi.projections.images import micros, own_stamp
from services.kpi.projections.registry import EventHandler
from services.kpi.projections.rows import FactContext, FactImage, cell_labels, fact_row

KIND = "survey"
UNINVITED = "response|"  # begins the id of an answer that belongs to no invitation


# --- events change facts ---------------------------------------------------------------------------------------------


def _context_values(context: SurveyContext) -> dict[str, Any]:
    values = {"business_line": context.business_line, "region": context.region, "team": context.team,
              "rep": context.rep_id, "customer_id": context.customer_id, "department": context.department,
              **{f"d.{name}": label for name, label in (context.dimensions or {}).items()}}
    return {name: value for name, value in values.items() if value is not None}


def _invited(event: SurveyInvited, meta: Meta) -> Touch:
    by = own_stamp(meta)
    values = _context_values(event.context) | {"survey": event.survey, "channel": event.channel}

    def fold(image: Image) -> Image:
        first = (image or {}).get("invited")
        return image if first is not None and tuple(first[0]) <= tuple(by) else {
            **(image or {}), "invited": [by, values]}

    return Touch(KIND, event.invitation_id, fold)


def _answered(event: SurveyAnswerAccepted, meta: Meta) -> Touch:
    by = own_stamp(meta)
    scores = {q: a for q, a in event.answers.items() if isinstance(a, int) and not isinstance(a, bool)}
    values = _context_values(event.context) | {
        "survey": event.survey, "complete": event.complete, "scores": scores, "asked": event.respondent_kind,
        "invited_at": None if event.invited_at is None else micros(event.invited_at),
    }

    def fold(image: Image) -> Image:
        known = (image or {}).get("answer")
        if known is not None and (known[1]["complete"], *known[0]) >= (event.complete, *by):
            return image
        return {**(image or {}), "answer": [by, values]}

    return Touch(KIND, event.invitation_id or UNINVITED + event.response_id, fold)


def handlers(_context: FactContext) -> Mapping[type, EventHandler]:
    return {SurveyInvited: _invited, SurveyAnswerAccepted: _answered}


# --- facts yield rows ------------------------------------------------------------------------------------------------


def _labels(values: Mapping[str, Any], question: str | None = None) -> dict[str, str | None]:
    return cell_labels(values, survey=values["survey"], department=values.get("department"), question=question)


@fact_row("survey.invitation", fields="invitation_id survey channel", labels="survey department")
def invitation(fact: FactImage) -> Iterator[FactRow]:
    if "invited" in fact.image:
        by, values = fact.image["invited"]
        yield FactRow(fact.id, fact.day(by[1]), _labels(values),
                      {"invitation_id": fact.id, "survey": values["survey"], "channel": values["channel"]})


@fact_row("survey.answer", fields="invitation_id survey invited complete", labels="survey department")
def answer(fact: FactImage) -> Iterator[FactRow]:
    """On the day of its invitation, with the invitation's dimensions, so that the two can be divided."""
    if "answer" not in fact.image:
        return
    _, values = fact.image["answer"]
    invited = fact.image.get("invited")
    at = invited[0][1] if invited else values["invited_at"]
    yield FactRow(fact.id, None if at is None else fact.day(at), _labels(invited[1] if invited else values), {
        "invitation_id": fact.id, "survey": values["survey"], "invited": not fact.id.startswith(UNINVITED),
        "complete": values["complete"]})


@fact_row("survey.score", fields="survey question question_kind score respondent_kind",
          labels="survey question department")
def score(fact: FactImage) -> Iterator[FactRow]:
    """Each number of the answer that counts, on the day of the answer. The kind of a question is that of its survey's
    definition; of a question that no definition declares, its name."""
    if "answer" not in fact.image or not fact.image["answer"][1]["complete"]:
        return
    by, values = fact.image["answer"]
    questions = fact.context.related.questions
    for question, number in sorted(values["scores"].items()):
        kind = questions.get((values["survey"], question), question)
        if kind == "nps" and not 0 <= number <= 10:
            continue
        yield FactRow(fact.id, fact.day(by[1]), _labels(values, question=question), {
            "survey": values["survey"], "question": question, "question_kind": kind, "score": number,
            "respondent_kind": values["asked"]})


def example() -> Iterator[Any]:
    context = SurveyContext()
    yield SurveyInvited(respondent_id="C1", invitation_id="I1", survey="after_win", url="/s/I1", context=context,
                        expires_at=datetime(2026, 3, 1, tzinfo=UTC))
    yield SurveyAnswerAccepted(respondent_id="C1", response_id="R1", survey="after_win", answers={"nps": 9},
                               context=context, complete=True, invitation_id="I1")
