"""Funnel: how many deals reached each stage. Lost deals count in every stage that they reached.

cohort: the deals opened in the period. throughput: for each stage, the deals that first reached it in the period.
A deal that skipped a stage has reached it on the day on which it entered a later one.
"""
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, tzinfo
from statistics import median
from typing import Any, NamedTuple

from services.pipeline.definitions.model import BlueprintDefinition, StageDefinition
from services.pipeline.state.model import OpportunityState


class FunnelPeriod(NamedTuple):
    """Local days, `low` inclusive, `high` exclusive; None is open. With both open, undated deals are included."""

    low: date | None
    high: date | None
    zone: tzinfo

    def contains(self, at: datetime | None) -> bool:
        if self.low is None and self.high is None:
            return True
        if at is None:
            return False
        day = at.astimezone(self.zone).date()
        return (self.low is None or day >= self.low) and (self.high is None or day < self.high)


class Journey(NamedTuple):
    """`steps`: (rank, time) of every stay outside the lost stages, in order of time; `furthest`: the highest rank."""

    state: OpportunityState
    steps: tuple[tuple[int, datetime | None], ...]
    furthest: int

    def first(self, rank: int) -> datetime | None:
        return next((at for r, at in self.steps if r >= rank), None)


def journey(blueprint: BlueprintDefinition, state: OpportunityState) -> Journey:
    steps = tuple((rank, v.at) for v in state.visits if (rank := blueprint.rank(v.stage)) >= 0)
    return Journey(state, steps, max((r for r, _ in steps), default=-1))


def funnel_stages(
    blueprint: BlueprintDefinition, journeys: Sequence[Journey], period: FunnelPeriod, mode: str,
) -> list[dict[str, Any]]:
    """One row per stage but the lost ones: reached, converted, conversion rate, median days, losses by reason."""
    stages = [s for s in blueprint.stages.values() if s.type != "lost"]
    if mode == "cohort":
        journeys = [j for j in journeys if j.state.deal is not None and period.contains(j.state.deal.opened_at)]
    return [_row(s, [j for j in journeys if _reached(j, s, period, mode)], stages, period) for s in stages]


def _reached(found: Journey, stage: StageDefinition, period: FunnelPeriod, mode: str) -> bool:
    return found.furthest >= stage.order and (mode == "cohort" or period.contains(found.first(stage.order)))


def _row(
    stage: StageDefinition, reached: Sequence[Journey], stages: Sequence[StageDefinition], period: FunnelPeriod,
) -> dict[str, Any]:
    converted = [j for j in reached if j.furthest > stage.order]
    lost = [j for j in reached if j.state.status == "lost" and j.furthest == stage.order]
    stays = [days for j in converted if (days := _days(j, stage.order, period.zone)) is not None]
    last = stage.order == max(s.order for s in stages)
    return {
        "stage": stage.name, "title": stage.title, "reached": len(reached),
        "converted": len(converted),
        "conversion": None if last or not reached else round(len(converted) / len(reached), 6),
        "median_days": median(stays) if stays else None, "lost": len(lost),
        "loss_reasons": dict(Counter(j.state.loss_reason for j in lost).most_common()),
    }


def _days(found: Journey, rank: int, zone: tzinfo) -> int | None:
    """Whole local days from reaching the stage to reaching a later one; None when one of the days is unknown."""
    began, ended = found.first(rank), found.first(rank + 1)
    if began is None or ended is None:
        return None
    return max(0, (ended.astimezone(zone).date() - began.astimezone(zone).date()).days)
