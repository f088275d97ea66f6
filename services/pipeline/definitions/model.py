"""Compiled business lines: blueprints, stages and transitions as frozen values that decisions read."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, Literal

from chassis.domain.criteria import Criterion
from services.pipeline.definitions.fields import FieldDefinition, OptionDefinition

StageType = Literal["open", "won", "lost"]
Titles = Mapping[str, str]  # language -> text; English always


@dataclass(frozen=True, slots=True)
class Level:
    after: timedelta
    level: str


@dataclass(frozen=True, slots=True)
class StageDefinition:
    name: str
    title: Titles
    type: StageType
    order: int
    forecast_category: Any
    probability: float | None
    sla: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class RequirementDefinition:
    """A field that a transition needs filled. `check` must be met by the deal as it would be, else `message`."""

    field: str
    check: Criterion | None
    message: Titles | None


@dataclass(frozen=True, slots=True)
class ActionDefinition:
    """Activities of a kind that a transition needs done, and how many."""

    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class TransitionDefinition:
    """`from_` is complete: a common transition already names every open stage."""

    name: str
    title: Titles
    from_: tuple[str, ...]
    to: str
    reopen: bool
    owners: tuple[str, ...]
    criteria: Criterion | None
    criteria_message: Titles | None
    requires: tuple[RequirementDefinition, ...]
    actions: tuple[ActionDefinition, ...]
    checklist: tuple[OptionDefinition, ...]


@dataclass(frozen=True, slots=True)
class BlueprintDefinition:
    """One version of one pipeline. `table` decides: (stage, transition) -> stage."""

    name: str
    version: int
    line: str
    title: Titles
    when: Criterion | None
    initial: str
    stages: Mapping[str, StageDefinition]  # in order
    transitions: Mapping[str, TransitionDefinition]
    loss_reasons: tuple[OptionDefinition, ...]
    fields: Mapping[str, FieldDefinition]
    count_lead_activities: bool
    table: Mapping[tuple[str, str], str]
    required: Mapping[str, tuple[RequirementDefinition, ...]]  # by transition: its own, then what the layout requires

    @property
    def ref(self) -> str:
        return f"{self.name}@{self.version}"

    def leaving(self, stage: str) -> Sequence[TransitionDefinition]:
        """The transitions that may start here, in declared order."""
        return [t for t in self.transitions.values() if (stage, t.name) in self.table]

    def joins(self, stage: str, to: str) -> TransitionDefinition | None:
        """The first transition that leads from the one stage to the other."""
        return next((t for t in self.leaving(stage) if t.to == to), None)

    def rank(self, stage: str) -> int:
        """How far a stage is: its order; -1 for a lost or unknown one."""
        found = self.stages.get(stage)
        return -1 if found is None or found.type == "lost" else found.order


@dataclass(frozen=True, slots=True)
class BusinessLineDefinition:
    """A business line; `fields` are those of its layout."""

    name: str
    version: int
    title: Titles
    opens_on_qualified: bool
    count_lead_activities: bool
    fields: tuple[FieldDefinition, ...]
    blueprints: tuple[BlueprintDefinition, ...]

    def blueprint_for(self, facts: Mapping[str, Any]) -> BlueprintDefinition | None:
        """The first one, in declared order, whose `when` is met."""
        return next((b for b in self.blueprints if b.when is None or b.when.is_met(facts)), None)


@dataclass(frozen=True)
class Book:
    """All business lines in force, and every version of every blueprint that an open deal may still run under."""

    lines: Mapping[str, BusinessLineDefinition]
    versions: Mapping[str, BlueprintDefinition]  # by name@version

    @cached_property
    def pipelines(self) -> Mapping[str, BlueprintDefinition]:
        return {b.name: b for line in self.lines.values() for b in line.blueprints}

    def of(self, ref: str) -> BlueprintDefinition:
        """The version named, else the pipeline's present one: only a restored store can lack the first."""
        return self.versions.get(ref) or self.pipelines[ref.rsplit("@", 1)[0]]
