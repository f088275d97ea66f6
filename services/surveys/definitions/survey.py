"""Compiled surveys: questions, triggers, how often a respondent may be invited, and which answers raise an issue."""
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from chassis.domain.criteria import Criterion

Titles = Mapping[str, str]  # language -> text
QuestionKind = Literal["nps", "enps", "csat", "ces", "rating", "text", "choice", "boolean"]
SCALES: Mapping[str, tuple[int, int]] = {
    "nps": (0, 10), "enps": (0, 10), "csat": (1, 5), "ces": (1, 7), "rating": (1, 5)}


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionDefinition:
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
    """Zero days, or no `most`: the rule is off. `cooldown` counts every survey, `recontact` this one."""

    cooldown: timedelta
    recontact: timedelta
    most: int | None
    per: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueRule:
    name: str
    reason: str
    title: Titles
    when: Criterion


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyDefinition:
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
    questions: tuple[QuestionDefinition, ...]
    issues: tuple[IssueRule, ...]
    smallest_group: int  # figures of fewer answers are not shown

    def question(self, id: str) -> QuestionDefinition | None:
        return next((q for q in self.questions if q.id == id), None)


class Surveys:
    """The surveys in force by name, and every published version, by which its invitations are answered."""

    def __init__(self, current: Iterable[SurveyDefinition] = (), every: Iterable[SurveyDefinition] = ()) -> None:
        self._current = {survey.name: survey for survey in current}
        self._every = {s.ref: s for s in every} | {s.ref: s for s in self._current.values()}

    def all(self) -> tuple[SurveyDefinition, ...]:
        return tuple(self._current.values())

    def find(self, name: str) -> SurveyDefinition | None:
        return self._current.get(name)

    def version(self, ref: str) -> SurveyDefinition | None:
        return self._every.get(ref)

    def triggered(self, on: str, business_line: str | None) -> list[SurveyDefinition]:
        return [s for s in self._current.values() if s.trigger and s.trigger.on == on
                and (not s.trigger.business_lines or business_line in s.trigger.business_lines)]
