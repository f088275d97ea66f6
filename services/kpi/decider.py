"""Decider of targets. Whether measure and scope exist is validated by the API, which has the definitions."""
from collections.abc import Mapping
from typing import Any

from chassis.domain.decider import Aggregate, replace
from chassis.domain.decision import DecisionBuilder, table_decider
from chassis.ports import Scalar
from contracts.kpi import TargetSet
from services.kpi.commands import SetTarget
from services.kpi.state import TargetSetBy, TargetState


def _set_target(decision: DecisionBuilder[TargetState, Any], command: SetTarget) -> None:
    """Emits nothing when the value is set already, or when a seed finds any value."""
    state = decision.state
    if state.value is not None and (command.seed or state.value == command.value):
        return
    decision.emit(
        TargetSet(measure=command.measure, period=command.period, scope=dict(command.scope), value=command.value,
                  currency=command.currency, before=state.value, actor_id=command.actor or None),
        TargetSetBy(command.at, command.actor))


def _apply_value(state: TargetState, event: TargetSet) -> TargetState:
    return replace(state, period=event.period, measure=event.measure, scope=event.scope, value=event.value,
                   currency=event.currency)


def _apply_author(state: TargetState, event: TargetSetBy) -> TargetState:
    return replace(state, set_at=event.at, set_by=event.by)


def index(state: TargetState) -> Mapping[str, Scalar]:
    return {"period": state.period, "measure": state.measure}


DECIDER = table_decider(
    {SetTarget: _set_target}, {TargetSet: _apply_value, TargetSetBy: _apply_author}, TargetState)

TARGET: Aggregate[TargetState] = Aggregate(
    "target", DECIDER, TargetState, {"period": str, "measure": str}, (("period", "measure"), ("measure", "period")),
    index)
