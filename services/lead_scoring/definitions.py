"""What a scorecard (`definitions/scorecards/*.yaml`) means: rules with points, limits, grades and thresholds.

`fit` rules look at what is known of the lead (`source`, `contact`, `attributes`, `dimensions` ...), `engagement` rules
at what it did: activities, engagements and campaign responses, each seen as `{kind, properties, ...}`.
"""
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from chassis.domain.criteria import compile_criterion
from chassis.domain.definitions import Definition, DefinitionError, Definitions

KIND = "scorecards"
Test = Callable[[Mapping[str, Any]], bool]
FIT_NAMES = frozenset({"source", "contact", "attributes", "dimensions", "business_line", "region", "team", "rep_id",
                       "customer_id", "product_id", "campaign_id"})
SIGNAL_NAMES = frozenset({"kind", "direction", "outcome", "effective", "duration_seconds", "properties", "campaign_id"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRule:
    name: str
    why: str
    title: Mapping[str, str]
    holds: Test
    points: int
    group: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngagementRule:
    """Counts at most `times` matching signals, the newest; None: all. `within`: only so long after it happened."""

    name: str
    why: str
    title: Mapping[str, str]
    on: str
    kinds: frozenset[str]
    holds: Test
    points: int
    times: int | None
    within: timedelta | None
    group: str | None

    def matches(self, on: str, kind: str, facts: Mapping[str, Any]) -> bool:
        return on == self.on and (not self.kinds or kind in self.kinds) and self.holds({"kind": kind, **facts})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that groups, sections and the whole may count, and the least of the whole; in points."""

    groups: Mapping[str, int]
    fit: int | None
    engagement: int | None
    total: int | None
    floor: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    ref: str
    business_line: str
    fit: tuple[FitRule, ...]
    engagement: tuple[EngagementRule, ...]
    limits: Limits
    grades: tuple[tuple[int | None, str], ...]  # (from so many points, grade), best first; the last has no threshold
    qualify_at: int
    disqualify_below: int

    def grade(self, score: int) -> str:
        return next(grade for least, grade in self.grades if least is None or score >= least)

    def matching(self, on: str, kind: str, facts: Mapping[str, Any]) -> tuple[str, ...]:
        """The names of the engagement rules that such a signal meets."""
        return tuple(rule.name for rule in self.engagement if rule.matches(on, kind, facts))


class Scorecards:
    """The card in force of each business line, and every version ever published for leads that are scored by it."""

    def __init__(self, current: Iterable[Scorecard] = (), every: Iterable[Scorecard] = ()) -> None:
        self._current = {card.business_line: card for card in current}
        self._every = {card.ref: card for card in every} | {card.ref: card for card in self._current.values()}

    def for_line(self, business_line: str | None) -> Scorecard | None:
        return self._current.get(business_line or "")

    def version(self, ref: str) -> Scorecard | None:
        return self._every.get(ref)


def compile_scorecards(definitions: Definitions) -> Scorecards:
    """Raises DefinitionError naming the file for what cannot be used."""
    current = [compile_scorecard(d) for d in definitions.current(KIND)]
    lines = [card.business_line for card in current]
    for line in lines:
        if lines.count(line) > 1:
            raise DefinitionError(f"scorecards: two are in force for business line {line!r}; keep one")
    return Scorecards(current, [compile_scorecard(d) for d in definitions.every(KIND)])


def compile_scorecard(definition: Definition) -> Scorecard:
    try:
        sheet = ScorecardSheet.model_validate(definition.body)
    except ValidationError as error:
        raise DefinitionError("; ".join(definition.fault(e["loc"], str(e["msg"])) for e in error.errors())) from None
    return Scorecard(
        ref=definition.ref, business_line=sheet.business_line or definition.name,
        fit=tuple(_fit(rule, definition.where("fit", i)) for i, rule in enumerate(sheet.fit)),
        engagement=tuple(_engagement(rule, definition.where("engagement", i))
                         for i, rule in enumerate(sheet.engagement)),
        limits=Limits(groups=sheet.limits.groups, fit=sheet.limits.fit, engagement=sheet.limits.engagement,
                      total=sheet.limits.total, floor=sheet.limits.floor),
        grades=tuple((g.least, g.grade) for g in sheet.grades),
        qualify_at=sheet.qualify_at,
        disqualify_below=sheet.qualify_at if sheet.disqualify_below is None else sheet.disqualify_below,
    )


def _fit(rule: "FitSheet", where: str) -> FitRule:
    return FitRule(name=rule.rule, why=rule.title.en, title=rule.title.model_dump(),
                   points=rule.points, group=rule.group,
                   holds=_test(rule.when, where, rule.rule, FIT_NAMES))


def _engagement(rule: "EngagementSheet", where: str) -> EngagementRule:
    return EngagementRule(
        name=rule.rule, why=rule.title.en, title=rule.title.model_dump(), on=rule.on,
        kinds=frozenset([rule.kind] if isinstance(rule.kind, str) else rule.kind or ()),
        holds=_test(rule.when, where, rule.rule, SIGNAL_NAMES) if rule.when else _always, points=rule.points,
        times=rule.max_times if rule.repeatable else 1,
        within=None if rule.within_days is None else timedelta(days=rule.within_days), group=rule.group,
    )


def _always(_facts: Mapping[str, Any]) -> bool:
    return True


def _test(text: str, where: str, rule: str, names: frozenset[str]) -> Test:
    try:
        criterion = compile_criterion(text, names=names)
    except ValueError as error:
        raise DefinitionError(f"{where}, rule {rule!r}: {error}") from None
    return lambda facts: criterion.evaluate(facts) is True


# --- the form of the file --------------------------------------------------------------------------------------------


class Sheet(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Title(Sheet):
    en: str
    zh: str


class FitSheet(Sheet):
    rule: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Title
    when: str
    points: int
    group: str | None = None


class EngagementSheet(Sheet):
    rule: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Title
    on: Literal["activity", "engagement", "campaign"]
    kind: str | list[str] | None = None
    when: str | None = None
    points: int
    repeatable: bool = False
    max_times: int | None = Field(default=None, ge=1, le=1000)
    within_days: int | None = Field(default=None, ge=1, le=3650)
    group: str | None = None

    @model_validator(mode="after")
    def _bounded(self) -> "EngagementSheet":
        if self.max_times is not None and not self.repeatable:
            raise ValueError("max_times needs repeatable: true")
        if self.on == "engagement" and self.repeatable and self.max_times is None:
            raise ValueError("engagements come in any number: a repeatable rule on them needs max_times")
        return self


class LimitsSheet(Sheet):
    groups: dict[str, int] = {}
    fit: int | None = None
    engagement: int | None = None
    total: int | None = None
    floor: int | None = None


class GradeSheet(Sheet):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)
    grade: str
    least: int | None = Field(default=None, alias="from")


class ScorecardSheet(Sheet):
    name: str
    version: int = 1
    title: Title
    business_line: str | None = None
    fit: list[FitSheet] = []
    engagement: list[EngagementSheet] = []
    limits: LimitsSheet = LimitsSheet()
    grades: list[GradeSheet] = Field(min_length=1)
    qualify_at: int
    disqualify_below: int | None = None

    @model_validator(mode="after")
    def _agrees(self) -> "ScorecardSheet":
        rules: list[FitSheet | EngagementSheet] = [*self.fit, *self.engagement]
        names = [rule.rule for rule in rules]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"rules named twice: {', '.join(sorted(twice))}")
        if both := {r.group for r in self.fit if r.group} & {r.group for r in self.engagement if r.group}:
            raise ValueError(f"a group lies in fit or in engagement, not in both: {', '.join(sorted(both))}")
        if unknown := set(self.limits.groups) - {rule.group for rule in rules}:
            raise ValueError(f"limits of groups that no rule names: {', '.join(sorted(unknown))}")
        least = [g.least for g in self.grades]
        if least[-1] is not None or None in least[:-1] or least[:-1] != sorted(least[:-1], reverse=True):  # type: ignore[type-var]
            raise ValueError("grades go from best to worst, each with `from`, the last one without")
        if self.disqualify_below is not None and self.disqualify_below > self.qualify_at:
            raise ValueError("disqualify_below lies above qualify_at")
        return self
