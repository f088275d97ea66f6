"""Response schemas of the surveys routes."""
from datetime import datetime
from typing import Any, Literal

from chassis.http.responses import NotRequired, Title, TypedDict
from contracts.surveys import SurveyContext
from services.surveys.definitions import QuestionKind


class Scale(TypedDict):
    min: int
    max: int


class Choice(TypedDict):
    name: str
    title: Title


class SurveyQuestion(TypedDict):
    id: str
    type: QuestionKind
    title: Title
    required: bool
    scale: Scale | None
    choices: list[Choice]


class Survey(TypedDict):
    """`trigger`: the event after which a respondent is invited; null: by request only."""

    name: str
    version: str
    title: Title
    audience: Literal["customer", "employee"]
    languages: list[str]
    channel: str
    trigger: str | None
    expires_after_days: int
    questions: list[SurveyQuestion]


class Invitation(TypedDict):
    """`url`: the signed link, while it can be answered."""

    invitation_id: str
    survey: str
    respondent_id: str
    respondent_kind: Literal["customer", "employee"]
    contact_id: str | None
    channel: str
    invited_at: datetime
    expires_at: datetime
    status: Literal["open", "answered", "expired"]
    delivery: Literal["delivered", "bounced", "opened"] | None
    context: SurveyContext
    url: str | None


class SurveyAnswer(TypedDict):
    """`answers`: by the question's id."""

    feedback_id: str
    respondent_id: str
    channel: str | None
    answered_at: datetime
    context: SurveyContext
    answers: dict[str, Any]


class Issue(TypedDict):
    """`reason`: in the language of the request; `rule`: the survey's rule with this reason, if it still has one."""

    issue_id: str
    status: Literal["open", "resolved"]
    survey: str
    reason: str
    rule: str | None
    respondent_id: str
    response_id: str
    context: SurveyContext
    raised_at: datetime
    resolved_at: datetime | None
    note: str | None
    actor_id: str | None


class LinkAnswered(TypedDict):
    status: Literal["answered"]


# --- results ---------------------------------------------------------------------------------------------------------


class Mark(TypedDict):
    """`margin`: of 95 %; null when there are too few answers for one."""

    value: float | None
    margin: float | None
    reason: NotRequired[Literal["no_answers"]]


class Csat(TypedDict):
    """`top2`: per cent of 4 and 5."""

    top2: Mark
    mean: Mark


class Ces(TypedDict):
    """`top3`: per cent of 5 to 7."""

    mean: Mark
    top3: Mark


class QuestionResult(TypedDict):
    """By question type: nps with its counts and margin, csat, ces, or a mean. `distribution`: answers by mark."""

    id: str
    type: QuestionKind
    n: int
    promoters: NotRequired[int]
    passives: NotRequired[int]
    detractors: NotRequired[int]
    nps: NotRequired[float | None]
    margin: NotRequired[float | None]
    reason: NotRequired[Literal["no_answers"]]
    csat: NotRequired[Csat]
    ces: NotRequired[Ces]
    mean: NotRequired[Mark]
    distribution: dict[str, int]


class SurveyRow(TypedDict):
    """One group. A group too small to be shown has `n` null, the reason, and the smallest group."""

    dimensions: dict[str, str | None]
    n: int | None
    reason: NotRequired[Literal["group_too_small"]]
    smallest_group: NotRequired[int]
    invited: NotRequired[int]
    delivered: NotRequired[int]
    answered: NotRequired[int]
    response_rate: NotRequired[float | None]
    questions: NotRequired[list[QuestionResult]]


SurveyResults = TypedDict("SurveyResults", {
    "survey": str, "title": Title, "from": str | None, "to": str | None, "by": list[str], "confidence": float,
    "rows": list[SurveyRow], "complete_until": datetime})
