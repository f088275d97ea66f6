"""`SurveyYaml`: what may be written in `definitions/surveys/*.yaml`."""
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from chassis.domain.definitions.schema import Title, YamlModel
from services.surveys.definitions.survey import QuestionKind

LowerName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class ScaleYaml(YamlModel):
    min: int = Field(ge=0, le=10)
    max: int = Field(ge=1, le=10)
    low: Title | None = None
    high: Title | None = None


class ChoiceYaml(YamlModel):
    name: LowerName
    title: Title


class QuestionYaml(YamlModel):
    id: LowerName
    type: QuestionKind
    title: Title
    required: bool = False
    scale: ScaleYaml | None = None
    choices: list[ChoiceYaml] = Field(default=[])
    multiple: bool = False
    max_length: int = Field(default=2000, ge=1, le=10_000)


class TriggerYaml(YamlModel):
    on: Literal["opportunity_won"]
    business_lines: list[str] = Field(default=[])
    delay_hours: int = Field(default=0, ge=0, le=24 * 90)


class FatigueYaml(YamlModel):
    cooldown_days: int = Field(default=0, ge=0)
    recontact_days: int = Field(default=0, ge=0)
    max: int | None = Field(default=None, ge=1)
    per_days: int = Field(default=365, ge=1)


class IssueYaml(YamlModel):
    name: LowerName
    when: str
    reason: Title


class SurveyYaml(YamlModel):
    name: LowerName
    version: int = 1
    title: Title
    intro: Title = Field(default={})
    thanks: Title = Field(default={})
    audience: Literal["customer", "employee"] = "customer"
    languages: list[str] = Field(min_length=1)
    channel: str = "email"
    trigger: TriggerYaml | None = None
    expires_after_days: int = Field(default=30, ge=1, le=365)
    remind_after_days: int | None = Field(default=None, ge=1)
    fatigue: FatigueYaml = FatigueYaml()
    questions: list[QuestionYaml] = Field(min_length=1)
    issues: list[IssueYaml] = Field(default=[])
    smallest_group: int | None = Field(default=None, ge=1)
