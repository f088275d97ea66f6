"""Decider of cut-offs: versions them, and records how far a version has been announced."""
from typing import Any

from chassis.domain.decider import Decider
from chassis.domain.decision import CommandHandlers, DecisionBuilder, table_decider
from services.segmentation.commands import MoveCutoffs, RecordAnnouncement
from services.segmentation.state.cutoffs import (
    EVENTS,
    CutoffBaseChanged,
    CutoffsAnnounced,
    CutoffsMoved,
    CutoffsState,
)

CutoffsDecision = DecisionBuilder[CutoffsState, None]


def _move(decision: CutoffsDecision, command: MoveCutoffs) -> None:
    """Every version is sent to every customer: equal cut-offs for the same day and definitions make no new one."""
    state, cutoffs = decision.state, {axis: tuple(thresholds) for axis, thresholds in command.cutoffs.items()}
    if (command.as_of, command.definitions, cutoffs) != (state.as_of, state.definitions, state.cutoffs):
        decision.emit(CutoffsMoved(command.as_of, command.at, cutoffs, command.base, command.definitions))
    elif command.base != state.base:
        decision.emit(CutoffBaseChanged(command.base))


def _record_announcement(decision: CutoffsDecision, command: RecordAnnouncement) -> None:
    state = decision.state
    if command.version == state.version and state.announced != state.version:
        decision.emit(CutoffsAnnounced(command.upto))


COMMANDS: CommandHandlers[CutoffsDecision] = {MoveCutoffs: _move, RecordAnnouncement: _record_announcement}

CUTOFFS: Decider[Any, CutoffsState] = table_decider(COMMANDS, EVENTS, CutoffsState)
