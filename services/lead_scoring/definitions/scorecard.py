"""Compiled scorecards: rules with points, limits, grades and thresholds.

`fit` rules read the fields of the lead (`source`, `contact`, `attributes`, `dimensions` ...), `engagement` rules its
activities, engagements and campaign responses, each as `{kind, properties, ...}`.
"""
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from chassis.domain.criteria import Criterion


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRule:
    name: str
    why: str
    title: Mapping[str, str]
    when: Criterion
    points: int
    group: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngagementRule:
    """Counts at most `times` matching signals, the newest; None: all. `within`: how long a signal counts."""

    name: str
    why: str
    title: Mapping[str, str]
    on: str
    kinds: frozenset[str]
    when: Criterion
    points: int
    times: int | None
    within: timedelta | None
    group: str | None

    def matches(self, on: str, kind: str, facts: Mapping[str, Any]) -> bool:
        return on == self.on and (not self.kinds or kind in self.kinds) and self.when.is_met({"kind": kind, **facts})


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
    """The card in force of each business line, and every published version, which scores the leads assigned to it."""

    def __init__(self, current: Iterable[Scorecard] = (), every: Iterable[Scorecard] = ()) -> None:
        self._current = {card.business_line: card for card in current}
        self._every = {card.ref: card for card in every} | {card.ref: card for card in self._current.values()}

    def for_line(self, business_line: str | None) -> Scorecard | None:
        return self._current.get(business_line or "")

    def version(self, ref: str) -> Scorecard | None:
        return self._every.get(ref)
