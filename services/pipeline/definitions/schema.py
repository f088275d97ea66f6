"""`BusinessLineYaml`: what may be written in `definitions/business_lines/<line>.yaml`."""
import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from chassis.domain.definitions.faults import InvalidValue
from chassis.domain.definitions.schema import EnglishTitle, Name, Version, YamlModel
from contracts.crm import ActivityKind, ForecastCategory
from services.pipeline.definitions.fields import FieldType

Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def read_duration(value: object) -> timedelta:
    """`30m`, `36h`, `5d`, `2w`: elapsed time, not working time."""
    found = re.fullmatch(r"([1-9][0-9]{0,5})([mhdw])", value) if isinstance(value, str) else None
    if found is None:
        raise InvalidValue("bad_duration", "{value!r} must be a duration such as 30m, 36h, 5d or 2w", value=value)
    return timedelta(**{UNITS[found[2]]: int(found[1])})


DURATION = "^[1-9][0-9]{0,5}[mhdw]$"
Duration = Annotated[
    timedelta, BeforeValidator(read_duration), WithJsonSchema({"type": "string", "pattern": DURATION})]


class OptionYaml(YamlModel):
    name: Name
    title: EnglishTitle


class FieldYaml(YamlModel):
    """One field of the layout. `required`: no requested transition but one to a lost stage goes through without it."""

    name: Name
    type: FieldType
    label: EnglishTitle
    required: bool = False
    options: tuple[OptionYaml, ...] = ()


class LayoutYaml(YamlModel):
    fields: tuple[FieldYaml, ...] = ()


class SlaYaml(YamlModel):
    """A deal that is still in its stage `after` so long breaches; several levels may be stacked."""

    after: Duration
    level: Name = "overdue"


class StageYaml(YamlModel):
    name: Name
    title: EnglishTitle
    type: Literal["open", "won", "lost"] = "open"
    order: Annotated[int, Field(ge=0)] | None = None  # without: its index in the list
    forecast_category: ForecastCategory | None = None  # without: pipeline, closed or omitted by its type
    probability: Annotated[float, Field(ge=0, le=1)] | None = None
    sla: tuple[SlaYaml, ...] = ()


class RequirementYaml(YamlModel):
    """A field that must be filled; `check` is a criterion over the deal as it would be, `message` the reason shown."""

    field: Name
    check: Text | None = None
    message: EnglishTitle | None = None


class ActionYaml(YamlModel):
    kind: ActivityKind
    count: Annotated[int, Field(ge=1, le=50)] = 1


class ChecklistItemYaml(YamlModel):
    name: Name
    title: EnglishTitle


class TransitionYaml(YamlModel):
    """`from` names stages; `common` allows it from every open stage; `reopen` leads from a closed stage back."""

    name: Name
    title: EnglishTitle
    from_: Annotated[tuple[Name, ...], Field(alias="from")] = ()
    common: bool = False
    reopen: bool = False
    to: Name
    owners: tuple[Name, ...] = ()
    criteria: Text | None = None
    criteria_message: EnglishTitle | None = None
    requires: tuple[RequirementYaml, ...] = ()
    actions: tuple[ActionYaml, ...] = ()
    checklist: tuple[ChecklistItemYaml, ...] = ()


class BlueprintYaml(YamlModel):
    """One pipeline of the line. `when`: the deals that it takes; the first that matches, in this order, takes it."""

    name: Name
    title: EnglishTitle
    when: Text | None = None
    initial: Name | None = None  # without: the first stage
    stages: Annotated[tuple[StageYaml, ...], Field(min_length=3, max_length=50)]
    transitions: Annotated[tuple[TransitionYaml, ...], Field(max_length=200)]
    loss_reasons: Annotated[tuple[OptionYaml, ...], Field(min_length=1)]


class BusinessLineYaml(YamlModel):
    name: Name
    version: Version = 1
    title: EnglishTitle
    opens_on_qualified: bool = False
    count_lead_activities: bool = False
    layout: LayoutYaml = LayoutYaml()
    blueprints: Annotated[tuple[BlueprintYaml, ...], Field(min_length=1)]
