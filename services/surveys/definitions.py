"""What a survey (`definitions/surveys/*.yaml`) means: its questions, whom it asks when, how often, what is an issue."""
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from chassis.domain.criteria import compile_criterion
from chassis.domain.definitions import Definition, DefinitionError, Definitions

KIND = "surveys"
Titles = Mapping[str, str]  # language -> text
QuestionKind = Literal["nps", "enps", "csat", "ces", "rating", "text", "choice", "boolean"]
SCALES: Mapping[str, tuple[int, int]] = {
    "nps": (0, 10), "enps": (0, 10), "csat": (1, 5), "ces": (1, 7), "rating": (1, 5)}
FIXED = ("nps", "enps", "csat", "ces")  # their figures mean something only on their own scale
ONLY_FOR = {"nps": "customer", "enps": "employee"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    id: str
    kind: QuestionKind
    title: Titles
    required: bool
    scale: tuple[int, int] | None  # lowest and highest mark, both allowed; None: no marks
    ends: tuple[Titles, Titles] | None  # what the lowest and the highest mark mean
    choices: tuple[tuple[str, Titles], ...]
    multiple: bool
    max_length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    on: str
    business_lines: frozenset[str]  # empty: every one
    delay: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Fatigue:
    """Zero days and no `most`: without that rule. `cooldown` looks at every survey, `recontact` at this one."""

    cooldown: timedelta
    recontact: timedelta
    most: int | None
    per: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueRule:
    name: str
    reason: str
    title: Titles
    holds: Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    ref: str
    name: str
    title: Titles
    intro: Titles
    thanks: Titles
    audience: Literal["customer", "employee"]
    languages: tuple[str, ...]
    channel: str
    trigger: Trigger | None
    expires_after: timedelta
    remind_after: timedelta | None
    fatigue: Fatigue
    questions: tuple[Question, ...]
    issues: tuple[IssueRule, ...]
    smallest_group: int  # figures of fewer answers are not shown

    def question(self, id: str) -> Question | None:
        return next((q for q in self.questions if q.id == id), None)


class Surveys:
    """The surveys in force by name, and every version ever published for invitations that are answered by it."""

    def __init__(self, current: Iterable[Survey] = (), every: Iterable[Survey] = ()) -> None:
        self._current = {survey.name: survey for survey in current}
        self._every = {s.ref: s for s in every} | {s.ref: s for s in self._current.values()}

    def all(self) -> tuple[Survey, ...]:
        return tuple(self._current.values())

    def one(self, name: str) -> Survey | None:
        return self._current.get(name)

    def version(self, ref: str) -> Survey | None:
        return self._every.get(ref)

    def triggered(self, on: str, business_line: str | None) -> list[Survey]:
        return [s for s in self._current.values() if s.trigger and s.trigger.on == on
                and (not s.trigger.business_lines or business_line in s.trigger.business_lines)]


def compile_surveys(definitions: Definitions) -> Surveys:
    """Raises DefinitionError naming the file for what cannot be used."""
    current = [compile_survey(d) for d in definitions.current(KIND)]
    return Surveys(current, [compile_survey(d) for d in definitions.every(KIND)])


def compile_survey(definition: Definition) -> Survey:
    try:
        sheet = SurveySheet.model_validate(definition.body)
    except ValidationError as error:
        raise DefinitionError("; ".join(definition.fault(e["loc"], str(e["msg"])) for e in error.errors())) from None
    return Survey(
        ref=definition.ref, name=sheet.name, title=sheet.title, intro=sheet.intro, thanks=sheet.thanks,
        audience=sheet.audience, languages=tuple(sheet.languages), channel=sheet.channel,
        trigger=_trigger(sheet.trigger),
        expires_after=timedelta(days=sheet.expires_after_days),
        remind_after=None if sheet.remind_after_days is None else timedelta(days=sheet.remind_after_days),
        fatigue=_fatigue(sheet.fatigue),
        questions=tuple(_question(q) for q in sheet.questions),
        issues=tuple(_issue(rule, sheet, definition.where("issues", i)) for i, rule in enumerate(sheet.issues)),
        smallest_group=sheet.smallest_group if sheet.smallest_group is not None else
        (5 if sheet.audience == "employee" else 1),
    )


def _trigger(sheet: "TriggerSheet | None") -> Trigger | None:
    return None if sheet is None else Trigger(
        on=sheet.on, business_lines=frozenset(sheet.business_lines), delay=timedelta(hours=sheet.delay_hours))


def _fatigue(sheet: "FatigueSheet") -> Fatigue:
    return Fatigue(cooldown=timedelta(days=sheet.cooldown_days), recontact=timedelta(days=sheet.recontact_days),
                   most=sheet.max, per=timedelta(days=sheet.per_days))


def _question(q: "QuestionSheet") -> Question:
    scale = (q.scale.min, q.scale.max) if q.scale else SCALES.get(q.type)
    ends = (q.scale.low, q.scale.high) if q.scale and q.scale.low and q.scale.high else None
    return Question(id=q.id, kind=q.type, title=q.title, required=q.required, scale=scale, ends=ends,
                    choices=tuple((c.name, c.title) for c in q.choices), multiple=q.multiple, max_length=q.max_length)


def _issue(rule: "IssueSheet", sheet: "SurveySheet", where: str) -> IssueRule:
    try:
        criterion = compile_criterion(rule.when, names={q.id for q in sheet.questions})
    except ValueError as error:
        raise DefinitionError(f"{where}, issue {rule.name!r}: {error}") from None
    return IssueRule(name=rule.name, reason=rule.reason["en"], title=rule.reason,
                     holds=lambda said: criterion.evaluate(said) is True)


# --- the form of the file --------------------------------------------------------------------------------------------

NAME = r"^[a-z][a-z0-9_]*$"
Text = dict[str, str]


class Sheet(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ScaleSheet(Sheet):
    min: int = Field(ge=0, le=10)
    max: int = Field(ge=1, le=10)
    low: Text | None = None
    high: Text | None = None


class ChoiceSheet(Sheet):
    name: str = Field(pattern=NAME)
    title: Text


class QuestionSheet(Sheet):
    id: str = Field(pattern=NAME)
    type: QuestionKind
    title: Text
    required: bool = False
    scale: ScaleSheet | None = None
    choices: list[ChoiceSheet] = []
    multiple: bool = False
    max_length: int = Field(default=2000, ge=1, le=10_000)

    @model_validator(mode="after")
    def _agrees(self) -> "QuestionSheet":
        if (self.type == "choice") != bool(self.choices):
            raise ValueError(f"question {self.id!r}: a choice, and only a choice, has choices")
        if self.scale and self.type not in SCALES:
            raise ValueError(f"question {self.id!r}: {self.type} has no scale")
        if self.scale and self.scale.min >= self.scale.max:
            raise ValueError(f"question {self.id!r}: the scale goes from lower to higher")
        if self.scale and self.type in FIXED and (self.scale.min, self.scale.max) != SCALES[self.type]:
            raise ValueError(f"question {self.id!r}: the scale of {self.type} is fixed: {SCALES[self.type]}")
        return self


class TriggerSheet(Sheet):
    on: Literal["opportunity_won"]
    business_lines: list[str] = []
    delay_hours: int = Field(default=0, ge=0, le=24 * 90)


class FatigueSheet(Sheet):
    cooldown_days: int = Field(default=0, ge=0)
    recontact_days: int = Field(default=0, ge=0)
    max: int | None = Field(default=None, ge=1)
    per_days: int = Field(default=365, ge=1)


class IssueSheet(Sheet):
    name: str = Field(pattern=NAME)
    when: str
    reason: Text


class SurveySheet(Sheet):
    name: str = Field(pattern=NAME)
    version: int = 1
    title: Text
    intro: Text = {}
    thanks: Text = {}
    audience: Literal["customer", "employee"] = "customer"
    languages: list[str] = Field(min_length=1)
    channel: str = "email"
    trigger: TriggerSheet | None = None
    expires_after_days: int = Field(default=30, ge=1, le=365)
    remind_after_days: int | None = Field(default=None, ge=1)
    fatigue: FatigueSheet = FatigueSheet()
    questions: list[QuestionSheet] = Field(min_length=1)
    issues: list[IssueSheet] = []
    smallest_group: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _agrees(self) -> "SurveySheet":
        ids = [q.id for q in self.questions]
        if twice := {id for id in ids if ids.count(id) > 1}:
            raise ValueError(f"questions named twice: {', '.join(sorted(twice))}")
        for question in self.questions:
            if ONLY_FOR.get(question.type, self.audience) != self.audience:
                raise ValueError(f"question {question.id!r}: {question.type} is asked of {ONLY_FOR[question.type]}s")
        texts = [self.title, *(q.title for q in self.questions), *(c.title for q in self.questions for c in q.choices)]
        texts += [t for t in (self.intro, self.thanks) if t]
        for language in self.languages:
            if any(language not in text for text in texts):
                raise ValueError(f"some text lacks its {language!r} version")
        if any("en" not in rule.reason for rule in self.issues):
            raise ValueError("the reason of an issue needs its 'en' version")
        if self.remind_after_days is not None and self.remind_after_days >= self.expires_after_days:
            raise ValueError("remind_after_days lies before expires_after_days")
        return self
