"""The forms of measures, boards, targets, calendar and dimensions: what may be written at all, key by key.

Editors get them as JSON Schemas; what the words mean together is checked where they are compiled.
"""
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from chassis.domain.definitions import DefinitionError, Definitions
from services.kpi.definitions.measure import Kind, Unit
from services.kpi.definitions.rows import ROWS

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Row = Annotated[str, Field(json_schema_extra={"enum": sorted(ROWS)})]
Grain = Literal["day", "week", "month", "quarter", "year", "fiscal_quarter", "fiscal_year", "total"]


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Title(Form):
    en: Words
    zh: Words


class Definition(Form):
    name: Name
    version: Annotated[int, Field(ge=1)] = 1
    title: Title


class MeasureForm(Definition):
    formula: Title
    unit: Unit
    kind: Kind
    row: Row | None = None
    rows: tuple[Row, ...] | None = None
    when: Words | None = None
    value: Name | None = None
    member: Name | None = None
    first: bool = False
    dimensions: tuple[Name, ...] | None = None
    without: tuple[Name, ...] | None = None
    lines: bool = False
    currency: bool = False
    numerator: Name | tuple[Name, ...] | None = None
    denominator: Name | tuple[Name, ...] | None = None
    also: dict[Name, Name] | None = None
    basis: Name | None = None
    hidden: bool = False


class TileForm(Form):
    measure: Name
    title: Title | None = None
    grain: Grain | None = None
    by: tuple[Name, ...] | None = None
    compare: tuple[Literal["previous", "year"], ...] | None = None


class BoardForm(Definition):
    tiles: Annotated[tuple[TileForm, ...], Field(min_length=1)]


class SeedForm(Form):
    """`value` in the unit of the measure, minor units for money; a text where a float would round."""

    period: Words | int
    measure: Name
    scope: dict[Name, Words] = {}
    value: int | float | Words
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")] | None = None


class TargetsForm(Definition):
    targets: tuple[SeedForm, ...] = ()


class HolidayForm(Form):
    date: date
    name: Title


class CalendarForm(Definition):
    timezone: Words
    fiscal_year_starts: Annotated[int, Field(ge=1, le=12)] = 1
    week_starts: Literal["monday"] = "monday"
    holidays: tuple[HolidayForm, ...] = ()


class DimensionForm(Form):
    name: Name
    title: Title


class DimensionsForm(Definition):
    dimensions: tuple[DimensionForm, ...] = ()


FORMS: dict[str, type[Form]] = {
    "boards": BoardForm, "calendar": CalendarForm, "dimensions": DimensionsForm, "measures": MeasureForm,
    "targets": TargetsForm,
}


def check_forms(definitions: Definitions) -> None:
    """Raises DefinitionError with file, line and place for the first that is not of its form."""
    for kind, form in FORMS.items():
        for definition in definitions.current(kind):
            try:
                form.model_validate(definition.body)
            except ValidationError as error:
                first: Any = error.errors()[0]
                raise DefinitionError(definition.fault(first["loc"], str(first["msg"]))) from None


def check_boards(definitions: Definitions, known: set[str]) -> None:
    """A board shows measures that there are: found wrong before anything starts, not when a director opens it."""
    for board in definitions.current("boards"):
        for place, tile in enumerate(board.body["tiles"]):
            if tile["measure"] not in known:
                words = f"there is no measure {tile['measure']!r}"
                raise DefinitionError(board.fault(("tiles", place, "measure"), words))
