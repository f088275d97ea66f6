"""Whether answers fit the questions of their survey; every fault is told, none is guessed away."""
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from services.surveys.definitions import Question, Survey
from services.surveys.state import AnswerFault, Answers


def clean(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Without what was left open; a mark that came as 7.0 is 7."""
    return {id: int(v) if isinstance(v, float) and v.is_integer() else v for id, v in answers.items() if v is not None}


def faults(survey: Survey, answers: Answers, *, complete: bool) -> tuple[AnswerFault, ...]:
    """`answers` as `clean` gives them. What is required is asked for only when the answer is complete."""
    found = [_unknown(id) for id in answers if survey.question(id) is None]
    for question in survey.questions:
        if question.id in answers:
            message = _fault(question, answers[question.id])
            found += [_at(question.id, "invalid", message)] if message else []
        elif question.required and complete:
            found.append(_at(question.id, "missing", "is required"))
    return tuple(found)


def _unknown(id: str) -> AnswerFault:
    return _at(id, "unknown_question", "the survey does not ask this")


def _at(id: str, code: str, message: str) -> AnswerFault:
    return AnswerFault(code=code, pointer="/answers/" + id.replace("~", "~0").replace("/", "~1"), message=message)


def _fault(question: Question, value: Any) -> str | None:
    if question.scale is not None:
        low, high = question.scale
        good = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return None if good else f"is a whole number from {low} to {high}"
    if question.kind == "boolean":
        return None if isinstance(value, bool) else "is true or false"
    if question.kind == "text":
        good = isinstance(value, str) and len(value) <= question.max_length
        return None if good else f"is a text of at most {question.max_length} characters"
    return _choice_fault(question, value)


def _choice_fault(question: Question, value: Any) -> str | None:
    names = [name for name, _ in question.choices]
    if not question.multiple:
        return None if value in names else f"is one of {', '.join(names)}"
    good = isinstance(value, tuple | list) and all(v in names for v in value) and len(set(value)) == len(value)
    return None if good else f"is a list of {', '.join(names)}, each at most once"


def digest_of(*said: Any) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:32]


def marks(survey: Survey | None, answers: Answers) -> Answers:
    """Answers without free text: what figures are made of."""
    if survey is None:
        return {}
    return {id: v for id, v in answers.items() if (q := survey.question(id)) is not None and q.kind != "text"}
