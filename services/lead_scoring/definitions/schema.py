"""`ScorecardYaml`: what may be written in `definitions/scorecards/*.yaml`."""
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from chassis.domain.definitions.schema import BilingualTitle, YamlModel

RuleName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class FitRuleYaml(YamlModel):
    rule: RuleName
    title: BilingualTitle
    when: str
    points: int
    group: str | None = None


class EngagementRuleYaml(YamlModel):
    rule: RuleName
    title: BilingualTitle
    on: Literal["activity", "engagement", "campaign"]
    kind: str | list[str] | None = None
    when: str | None = None
    points: int
    repeatable: bool = False
    max_times: int | None = Field(default=None, ge=1, le=1000)
    within_days: int | None = Field(default=None, ge=1, le=3650)
    group: str | None = None


class LimitsYaml(YamlModel):
    groups: dict[str, int] = Field(default={})
    fit: int | None = None
    engagement: int | None = None
    total: int | None = None
    floor: int | None = None


class GradeYaml(YamlModel):
    grade: str
    least: int | None = Field(default=None, alias="from")


class ScorecardYaml(YamlModel):
    name: str
    version: int = 1
    title: BilingualTitle
    business_line: str | None = None
    fit: list[FitRuleYaml] = Field(default=[])
    engagement: list[EngagementRuleYaml] = Field(default=[])
    limits: LimitsYaml = LimitsYaml()
    grades: list[GradeYaml] = Field(min_length=1)
    qualify_at: int
    disqualify_below: int | None = None
