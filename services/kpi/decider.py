"""What becomes of a target. Whether measure and scope exist is looked at by the door, which knows the definitions."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chassis.domain.decider import Aggregate, Decider
from chassis.ports import Scalar
from contracts.kpi import TargetSet
from services.kpi.commands import SetTarget
from services.kpi.state import Target


@dataclass(frozen=True, slots=True)
class TargetNoted:
    """Who set it and when: only for the state, beside the published event."""

    at: datetime
    by: str


def decide(command: SetTarget, state: Target) -> Sequence[Any]:
    """Nothing when it stands so already, or when a seed meets a target."""
    if state.value is not None and (command.seed or state.value == command.value):
        return []
    said = TargetSet(
        measure=command.measure, period=command.period, scope=dict(command.scope), value=command.value,
        currency=command.currency, before=state.value, actor_id=command.actor or None,
    )
    return [said, TargetNoted(command.at, command.actor)]


def evolve(state: Target, event: Any) -> Target:
    match event:
        case TargetSet():
            return replace(state, period=event.period, measure=event.measure, scope=event.scope, value=event.value,
                           currency=event.currency)
        case TargetNoted():
            return replace(state, set_at=event.at, set_by=event.by)
        case _:
            return state


def index(state: Target) -> Mapping[str, Scalar]:
    return {"period": state.period, "measure": state.measure}


DECIDER: Decider[SetTarget, Target] = Decider(decide, evolve, Target)

TARGET: Aggregate[Target] = Aggregate(
    "target", DECIDER, Target, {"period": str, "measure": str}, (("period", "measure"), ("measure", "period")), index)
