"""`…Yaml` models of measures, boards, targets, calendar and dimensions: keys and types of their files.

How keys fit together is checked where definitions are compiled.
"""
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StringConstraints, create_model

from chassis.domain.definitions import Definitions, FaultCollector, FaultReporter
from chassis.domain.definitions.schema import BilingualTitle, Name, Version, YamlModel, load
from services.kpi.definitions.measure import Better, Kind, Unit

Text = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Grain = Literal["day", "week", "month", "quarter", "year", "fiscal_quarter", "fiscal_year", "total"]


class DefinitionYaml(YamlModel):
    name: Name
    version: Version = 1
    title: BilingualTitle


class MeasureYaml(DefinitionYaml):
    formula: BilingualTitle
    unit: Unit
    kind: Kind
    better: Better | None = None
    row: str | None = None
    rows: tuple[str, ...] | None = None
    when: Text | None = None
    value: Name | None = None
    member: Name | None = None
    first: StrictBool = False
    dimensions: tuple[Name, ...] | None = None
    without: tuple[Name, ...] | None = None
    lines: StrictBool = False
    currency: StrictBool = False
    numerator: Name | tuple[Name, ...] | None = None
    denominator: Name | tuple[Name, ...] | None = None
    also: dict[Name, Name] | None = None
    basis: Name | None = None
    hidden: StrictBool = False


def measure_model(row_types: Iterable[str]) -> type[MeasureYaml]:
    """`MeasureYaml` whose JSON Schema lists the row types. A measure that names another one does not compile."""
    name: Any = Annotated[str, Field(json_schema_extra={"enum": [*sorted(row_types)]})]
    rows: Any = tuple[name, ...] | None
    return create_model("MeasureYaml", __base__=MeasureYaml, row=(name | None, None), rows=(rows, None))


class TileYaml(YamlModel):
    measure: Name
    title: BilingualTitle | None = None
    grain: Grain | None = None
    by: tuple[Name, ...] | None = None
    compare: tuple[Literal["previous", "year"], ...] | None = None


class BoardYaml(DefinitionYaml):
    tiles: Annotated[tuple[TileYaml, ...], Field(min_length=1)]


class TargetYaml(YamlModel):
    """`value` in the unit of the measure, minor units for money; a text where a float would round."""

    period: Text | int
    measure: Name
    scope: dict[Name, Text] = Field(default={})
    value: int | float | Text
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")] | None = None


class TargetsYaml(DefinitionYaml):
    targets: tuple[TargetYaml, ...] = ()


class HolidayYaml(YamlModel):
    date: date
    name: BilingualTitle


class CalendarYaml(DefinitionYaml):
    timezone: Text
    fiscal_year_starts: Annotated[int, Field(ge=1, le=12)] = 1
    week_starts: Literal["monday"] = "monday"
    holidays: tuple[HolidayYaml, ...] = ()


class DimensionYaml(YamlModel):
    name: Name
    title: BilingualTitle


class DimensionsYaml(DefinitionYaml):
    dimensions: tuple[DimensionYaml, ...] = ()


MODELS: dict[str, type[YamlModel]] = {
    "boards": BoardYaml, "calendar": CalendarYaml, "dimensions": DimensionsYaml, "measures": MeasureYaml,
    "targets": TargetsYaml,
}
"""Kind of definition -> its model."""


def check_models(definitions: Definitions, faults: FaultCollector) -> None:
    """Reports every place where a current definition does not fit its model."""
    for kind, model in MODELS.items():
        for definition in definitions.current(kind):
            load(FaultReporter(definition, faults=faults.faults), model)


def check_boards(definitions: Definitions, faults: FaultCollector) -> None:
    """Reports tiles of measures that do not exist: at start-up, not when the board is opened."""
    known = definitions.names("measures")
    for board in definitions.current("boards"):
        report = FaultReporter(board, faults=faults.faults)
        for index, tile in enumerate(board.body.get("tiles") or ()):
            measure = tile.get("measure") if isinstance(tile, dict) else None
            if isinstance(measure, str) and measure not in known:
                report.at("tiles", index, "measure").add(
                    "unknown_measure", "measure {value!r} does not exist; use one of {allowed}", value=measure,
                    allowed=sorted(known))
