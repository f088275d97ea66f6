"""Validation of answers against the questions of their survey: every error is reported."""
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from services.surveys.definitions.survey import QuestionDefinition, SurveyDefinition
from services.surveys.state.respondent import AnswerError, Answers


def normalised(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Without unanswered questions; a mark sent as 7.0 is 7."""
    return {id: int(v) if isinstance(v, float) and v.is_integer() else v for id, v in answers.items() if v is not None}


def answer_errors(survey: SurveyDefinition, answers: Answers, *, complete: bool) -> tuple[AnswerError, ...]:
    """`answers`: normalised. Required questions must be answered only when the answer is complete."""
    errors = [_error(id, "unknown_question", "question is not part of this survey")
             for id in answers if survey.question(id) is None]
    for question in survey.questions:
        if question.id in answers:
            problem = _problem(question, answers[question.id])
            errors += [_error(question.id, "invalid", problem)] if problem else []
        elif question.required and complete:
            errors.append(_error(question.id, "missing", "is required"))
    return tuple(errors)


def _error(id: str, code: str, message: str) -> AnswerError:
    return AnswerError(code=code, pointer="/answers/" + id.replace("~", "~0").replace("/", "~1"), message=message)


def _problem(question: QuestionDefinition, value: Any) -> str | None:
    if question.scale is not None:
        low, high = question.scale
        valid = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return None if valid else f"must be a whole number from {low} to {high}"
    if question.kind == "boolean":
        return None if isinstance(value, bool) else "must be true or false"
    if question.kind == "text":
        valid = isinstance(value, str) and len(value) <= question.max_length
        return None if valid else f"must be a string of at most {question.max_length} characters"
    return _choice_problem(question, value)


def _choice_problem(question: QuestionDefinition, value: Any) -> str | None:
    names = [name for name, _ in question.choices]
    if not question.multiple:
        return None if value in names else f"must be one of {', '.join(names)}"
    valid = isinstance(value, tuple | list) and all(v in names for v in value) and len(set(value)) == len(value)
    return None if valid else f"must be a list of {', '.join(names)}, each at most once"


def digest_of(*parts: Any) -> str:
    """Stored per response: equal for repeats."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:32]


def without_texts(survey: SurveyDefinition | None, answers: Answers) -> Answers:
    """The answers that figures are computed from."""
    if survey is None:
        return {}
    return {id: v for id, v in answers.items() if (q := survey.question(id)) is not None and q.kind != "text"}
