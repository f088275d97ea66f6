"""What a business line means once it is compiled: values that decisions read, nothing of YAML in them."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any, Literal

from chassis.domain.criteria import Expression as Criterion
from services.pipeline.definitions.schema import (
    ActionForm,
    BusinessLineForm,
    FieldForm,
    ItemForm,
    Option,
    Title,
)

Kind = Literal["open", "won", "lost"]


@dataclass(frozen=True, slots=True)
class Level:
    after: timedelta
    level: str


@dataclass(frozen=True, slots=True)
class Stage:
    name: str
    title: Title
    type: Kind
    order: int
    forecast_category: Any
    probability: float | None
    sla: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Requirement:
    field: str
    check: Criterion | None
    message: Title | None


@dataclass(frozen=True, slots=True)
class Transition:
    """`from_` is complete: what is common already names every open stage."""

    name: str
    title: Title
    from_: tuple[str, ...]
    to: str
    reopen: bool
    owners: tuple[str, ...]
    criteria: Criterion | None
    criteria_message: Title | None
    requires: tuple[Requirement, ...]
    actions: tuple[ActionForm, ...]
    checklist: tuple[ItemForm, ...]


@dataclass(frozen=True, slots=True)
class Blueprint:
    """One version of one pipeline. `table` is what decides: (stage, transition) -> stage, equal to the machine."""

    name: str
    version: int
    line: str
    title: Title
    when: Criterion | None
    initial: str
    stages: Mapping[str, Stage]  # in order
    transitions: Mapping[str, Transition]
    loss_reasons: tuple[Option, ...]
    fields: Mapping[str, FieldForm]
    count_lead_activities: bool
    table: Mapping[tuple[str, str], str]
    required: Mapping[str, tuple[Requirement, ...]]  # by transition: its own, then what the layout asks for
    machine: Any = field(compare=False, repr=False)

    @property
    def ref(self) -> str:
        return f"{self.name}@{self.version}"

    def leaving(self, stage: str) -> Sequence[Transition]:
        """The transitions that may start here, in declared order."""
        return [t for t in self.transitions.values() if (stage, t.name) in self.table]

    def joins(self, stage: str, to: str) -> Transition | None:
        """The first transition that leads from the one stage to the other."""
        return next((t for t in self.leaving(stage) if t.to == to), None)

    def rank(self, stage: str) -> int:
        """How far a stage is: its order; lost is nowhere (-1)."""
        found = self.stages.get(stage)
        return -1 if found is None or found.type == "lost" else found.order


@dataclass(frozen=True, slots=True)
class Line:
    form: BusinessLineForm
    blueprints: tuple[Blueprint, ...]

    @property
    def name(self) -> str:
        return self.form.name

    def blueprint_for(self, facts: Mapping[str, Any]) -> Blueprint | None:
        """The first one, in declared order, that takes such a deal."""
        return next((b for b in self.blueprints if b.when is None or holds(b.when, facts)), None)


@dataclass(frozen=True)
class Book:
    """All business lines in force, and every version of every blueprint that an open deal may still run under."""

    lines: Mapping[str, Line]
    versions: Mapping[str, Blueprint]  # by name@version

    @cached_property
    def pipelines(self) -> Mapping[str, Blueprint]:
        return {b.name: b for line in self.lines.values() for b in line.blueprints}

    def of(self, ref: str) -> Blueprint:
        """The version named, else the pipeline's present one: only a restored store can lack the first."""
        return self.versions.get(ref) or self.pipelines[ref.rsplit("@", 1)[0]]


def holds(criterion: Criterion, facts: Mapping[str, Any]) -> bool:
    """Whether it is met; what cannot be judged for want of a value is not met."""
    return criterion.holds(facts)
