"""Survey results: counts, marks with margins, response rate. Computed exactly, in integers and fractions.

Margins are of 95 %: 1.96 standard errors. NPS counts +1 (9, 10), 0 (7, 8) and -1 (0 to 6); its variance is that of
these tickets. Means use the sample variance; without two answers there is no margin.
"""
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from math import sqrt
from typing import Any

from services.surveys.definitions import QuestionDefinition, SurveyDefinition
from services.surveys.state.feedback import FeedbackState

Z = 1.96
Group = tuple[str | None, ...]


def rows(
    survey: SurveyDefinition, answered: Iterable[FeedbackState], invited: Iterable[FeedbackState], by: Sequence[str],
) -> list[dict[str, Any]]:
    """One row per group of `by` (one row without): marks by the answers, the response rate by the invitations."""
    answers, invitations = _grouped(answered, by), _grouped(invited, by)
    groups = sorted(answers.keys() | invitations.keys() | ({()} if not by else set()), key=_order)
    return [{"dimensions": dict(zip(by, group, strict=True)),
             **_row(survey, answers.get(group, []), invitations.get(group, []))} for group in groups]


def _grouped(entries: Iterable[FeedbackState], by: Sequence[str]) -> dict[Group, list[FeedbackState]]:
    groups: dict[Group, list[FeedbackState]] = {}
    for feedback in entries:
        groups.setdefault(tuple(label(feedback, name) for name in by), []).append(feedback)
    return groups


def label(feedback: FeedbackState, dimension: str) -> str | None:
    """The label of a context field or declared dimension; None, a row of its own, when it is unknown."""
    if dimension == "channel":
        return feedback.channel
    known: str | None = getattr(feedback.context, dimension, None)
    return known if dimension in PLAIN else (feedback.context.dimensions or {}).get(dimension)


PLAIN = ("business_line", "region", "team", "rep_id", "customer_id", "product_id", "department", "opportunity_id")


def _order(group: Group) -> list[tuple[bool, str]]:
    return [(label is not None, label or "") for label in group]


def _row(
    survey: SurveyDefinition, answered: Sequence[FeedbackState], invited: Sequence[FeedbackState],
) -> dict[str, Any]:
    n = len(answered)
    if 0 < n < survey.smallest_group:
        return {"n": None, "reason": "group_too_small", "smallest_group": survey.smallest_group}
    questions = [_question(q, answered) for q in survey.questions if q.kind != "text"]
    return {"n": n, **response_rate(invited), "questions": questions}


def response_rate(invited: Sequence[FeedbackState]) -> dict[str, Any]:
    """An invitation counts as delivered unless it was reported to have bounced."""
    delivered = [f for f in invited if f.delivery != "bounced" or f.complete]
    complete = sum(f.complete for f in delivered)
    return {"invited": len(invited), "delivered": len(delivered), "answered": complete,
            "response_rate": _ratio(complete, len(delivered))}


def _question(question: QuestionDefinition, answered: Sequence[FeedbackState]) -> dict[str, Any]:
    values: list[Any] = [f.answers[question.id] for f in answered if question.id in f.answers]
    body: dict[str, Any] = {"id": question.id, "type": question.kind, "n": len(values)}
    figures = _FIGURES.get(question.kind)
    return body | (figures(values) if figures else {}) | {"distribution": _distribution(question, values)}


def _distribution(question: QuestionDefinition, values: Sequence[Any]) -> dict[str, int]:
    single = [v for value in values for v in (value if isinstance(value, list | tuple) else [value])]
    counted = Counter(str(v).lower() if isinstance(v, bool) else str(v) for v in single)
    if question.scale is not None:
        names = [str(mark) for mark in range(question.scale[0], question.scale[1] + 1)]
    else:
        names = [name for name, _ in question.choices] or ["true", "false"]
    return {name: counted.get(name, 0) for name in names}


# --- marks -----------------------------------------------------------------------------------------------------------


def nps(values: Sequence[int]) -> dict[str, Any]:
    n = len(values)
    promoters, detractors = sum(v >= 9 for v in values), sum(v <= 6 for v in values)
    counts = {"promoters": promoters, "passives": n - promoters - detractors, "detractors": detractors}
    if not n:
        return counts | {"nps": None, "margin": None, "reason": "no_answers"}
    score = Fraction(promoters - detractors, n)
    variance = Fraction(promoters + detractors, n) - score ** 2
    return counts | {"nps": _number(100 * score), "margin": _margin(10_000 * variance, n)}


def share(values: Sequence[int], least: int) -> dict[str, Any]:
    """The share, in percent, of marks from `least` on."""
    n = len(values)
    if not n:
        return {"value": None, "margin": None, "reason": "no_answers"}
    part = Fraction(sum(v >= least for v in values), n)
    return {"value": _number(100 * part), "margin": _margin(10_000 * part * (1 - part), n)}


def mean(values: Sequence[int]) -> dict[str, Any]:
    n = len(values)
    if not n:
        return {"value": None, "margin": None, "reason": "no_answers"}
    middle = Fraction(sum(values), n)
    variance = None if n < 2 else (sum(v * v for v in values) - n * middle ** 2) / (n - 1)
    return {"value": _number(middle), "margin": None if variance is None else _margin(variance, n)}


def _csat(values: Sequence[int]) -> dict[str, Any]:
    return {"csat": {"top2": share(values, 4), "mean": mean(values)}}


def _ces(values: Sequence[int]) -> dict[str, Any]:
    return {"ces": {"mean": mean(values), "top3": share(values, 5)}}


def _rating(values: Sequence[int]) -> dict[str, Any]:
    return {"mean": mean(values)}


_FIGURES: Mapping[str, Callable[[Sequence[int]], dict[str, Any]]] = {
    "nps": nps, "enps": nps, "csat": _csat, "ces": _ces, "rating": _rating,
}


def _margin(variance: Fraction, n: int) -> float:
    return round(Z * sqrt(variance / n), 6)


def _ratio(numerator: int, denominator: int) -> float | None:
    return None if not denominator else _number(Fraction(numerator, denominator))


def _number(value: Fraction) -> float:
    """Six digits, half to even."""
    return float(round(value, 6))
