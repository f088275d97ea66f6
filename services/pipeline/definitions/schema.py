"""The form of `definitions/business_lines/<line>.yaml`: what may be written, strictly."""
import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from contracts.crm import ActivityKind, ForecastCategory

FieldType = Literal["text", "number", "integer", "boolean", "date", "money", "choice", "choices"]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def read_duration(value: object) -> timedelta:
    """`30m`, `36h`, `5d`, `2w`: elapsed time, not working time."""
    found = re.fullmatch(r"([1-9][0-9]{0,5})([mhdw])", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"{value!r} is no duration such as 30m, 36h, 5d or 2w")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


DURATION = "^[1-9][0-9]{0,5}[mhdw]$"
Duration = Annotated[
    timedelta, BeforeValidator(read_duration), WithJsonSchema({"type": "string", "pattern": DURATION})]


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Title(Form):
    en: Text
    zh: Text | None = None

    def told(self) -> dict[str, str]:
        """Words per language."""
        return {"en": self.en} if self.zh is None else {"en": self.en, "zh": self.zh}


class Option(Form):
    name: Name
    title: Title


class FieldForm(Form):
    """One field of the layout. `required`: no requested transition but one to a lost stage goes through without it."""

    name: Name
    type: FieldType
    label: Title
    required: bool = False
    options: tuple[Option, ...] = ()


class LayoutForm(Form):
    fields: tuple[FieldForm, ...] = ()


class SlaForm(Form):
    """A deal that is still in its stage `after` so long breaches; several levels may be stacked."""

    after: Duration
    level: Name = "overdue"


class StageForm(Form):
    name: Name
    title: Title
    type: Literal["open", "won", "lost"] = "open"
    order: Annotated[int, Field(ge=0)] | None = None  # without: its place in the list
    forecast_category: ForecastCategory | None = None  # without: pipeline, closed or omitted by its type
    probability: Annotated[float, Field(ge=0, le=1)] | None = None
    sla: tuple[SlaForm, ...] = ()


class RequirementForm(Form):
    """A field that must be filled; `check` is a criterion over the deal as it would be, `message` what to say."""

    field: Name
    check: Text | None = None
    message: Title | None = None


class ActionForm(Form):
    kind: ActivityKind
    count: Annotated[int, Field(ge=1, le=50)] = 1


class ItemForm(Form):
    name: Name
    title: Title


class TransitionForm(Form):
    """`from` names stages; `common` allows it from every open stage; `reopen` leads from a closed stage back."""

    name: Name
    title: Title
    from_: Annotated[tuple[Name, ...], Field(alias="from")] = ()
    common: bool = False
    reopen: bool = False
    to: Name
    owners: tuple[Name, ...] = ()
    criteria: Text | None = None
    criteria_message: Title | None = None
    requires: tuple[RequirementForm, ...] = ()
    actions: tuple[ActionForm, ...] = ()
    checklist: tuple[ItemForm, ...] = ()


class BlueprintForm(Form):
    """One pipeline of the line. `when`: the deals that it takes; the first that matches, in this order, takes it."""

    name: Name
    title: Title
    when: Text | None = None
    initial: Name | None = None  # without: the first stage
    stages: Annotated[tuple[StageForm, ...], Field(min_length=3, max_length=50)]
    transitions: Annotated[tuple[TransitionForm, ...], Field(max_length=200)]
    loss_reasons: Annotated[tuple[Option, ...], Field(min_length=1)]


class BusinessLineForm(Form):
    name: Name
    version: Annotated[int, Field(ge=1)] = 1
    title: Title
    opens_on_qualified: bool = False
    count_lead_activities: bool = False
    layout: LayoutForm = LayoutForm()
    blueprints: Annotated[tuple[BlueprintForm, ...], Field(min_length=1)]
