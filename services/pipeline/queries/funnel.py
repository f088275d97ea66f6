"""How far deals came, stage by stage. Lost deals stay in: they count in every stage that they ever reached.

cohort: the deals opened in the period. throughput: for each stage, the deals that first reached it in the period.
A deal that skipped a stage has reached it, on the day on which it first was further.
"""
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, tzinfo
from statistics import median
from typing import Any, NamedTuple

from services.pipeline.definitions import Blueprint, Stage
from services.pipeline.state import Opportunity


class Period(NamedTuple):
    """Local days, `low` inclusive, `high` exclusive; None is open, and both open takes what is not dated too."""

    low: date | None
    high: date | None
    zone: tzinfo

    def takes(self, at: datetime | None) -> bool:
        if self.low is None and self.high is None:
            return True
        if at is None:
            return False
        day = at.astimezone(self.zone).date()
        return (self.low is None or day >= self.low) and (self.high is None or day < self.high)


class Journey(NamedTuple):
    """`steps`: rank and moment of every stay that leads on, in order of time; `furthest` its highest rank."""

    state: Opportunity
    steps: tuple[tuple[int, datetime | None], ...]
    furthest: int

    def first(self, rank: int) -> datetime | None:
        return next((at for r, at in self.steps if r >= rank), None)


def journey(blueprint: Blueprint, state: Opportunity) -> Journey:
    steps = tuple((rank, v.at) for v in state.visits if (rank := blueprint.rank(v.stage)) >= 0)
    return Journey(state, steps, max((r for r, _ in steps), default=-1))


def funnel(blueprint: Blueprint, journeys: Sequence[Journey], period: Period, mode: str) -> list[dict[str, Any]]:
    stages = [s for s in blueprint.stages.values() if s.type != "lost"]
    if mode == "cohort":
        journeys = [j for j in journeys if j.state.deal is not None and period.takes(j.state.deal.opened_at)]
    return [_row(s, [j for j in journeys if _reached(j, s, period, mode)], stages, period) for s in stages]


def _reached(found: Journey, stage: Stage, period: Period, mode: str) -> bool:
    return found.furthest >= stage.order and (mode == "cohort" or period.takes(found.first(stage.order)))


def _row(stage: Stage, reached: Sequence[Journey], stages: Sequence[Stage], period: Period) -> dict[str, Any]:
    converted = [j for j in reached if j.furthest > stage.order]
    lost = [j for j in reached if j.state.status == "lost" and j.furthest == stage.order]
    stays = [days for j in converted if (days := _days(j, stage.order, period.zone)) is not None]
    last = stage.order == max(s.order for s in stages)
    return {
        "stage": stage.name, "title": stage.title.model_dump(exclude_none=True), "reached": len(reached),
        "converted": len(converted),
        "conversion": None if last or not reached else round(len(converted) / len(reached), 6),
        "median_days": median(stays) if stays else None, "lost": len(lost),
        "loss_reasons": dict(Counter(j.state.loss_reason for j in lost).most_common()),
    }


def _days(found: Journey, rank: int, zone: tzinfo) -> int | None:
    """Whole local days from first reaching the stage to first being further; None when one day is not known."""
    began, ended = found.first(rank), found.first(rank + 1)
    if began is None or ended is None:
        return None
    return max(0, (ended.astimezone(zone).date() - began.astimezone(zone).date()).days)
