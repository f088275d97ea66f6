"""What a mapping YAML file means: which file's rows become which events, by expressions over the row.

Values of `data`, `id`, `time`, `when` are expressions of the criteria language; a literal text stands in quotes within.
Besides the language's own functions they may call `slug(text)`, `money(text, currency)`, `fix(name, text)` (the value
fixes of the mapping) and `lookup(file, key, column)`; they know the columns of the row by name (`field('Odd name')` for
others) and `row_number`, the line in the file.
"""
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

import contracts.crm  # noqa: F401  (enters what enterprises say in the register)
from chassis.domain.criteria import CriterionError, Expression, compile_criterion
from chassis.domain.definitions import Definition, DefinitionError, read_file
from contracts.kinds import BY_NAME
from contracts.topics import ENTERPRISE, TOPICS
from tools.importing.values import Row, Tables


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _File(_Strict):
    path: str
    key: str | None = None  # the column by which `lookup` finds a row; must be unique
    delimiter: str = ","
    encoding: str = "utf-8-sig"


class _Note(_Strict):
    """Rows worth telling: they are taken as they are, and counted in the summary."""

    when: str
    text: str


class _Skip(_Strict):
    """Rows that this mapping leaves out on purpose: counted in the summary, no reason to fail."""

    when: str
    reason: str


class _Emit(_Strict):
    file: str
    event: str
    id: str
    time: str
    when: str | None = None
    group_by: list[str] | None = None  # columns; the rows of a group become one event, its row is the first
    lines: dict[str, Any] | None = None  # with group_by: the data of one element per row of the group
    lines_field: str = "lines"
    sum_of_lines: str | None = None  # the field that gets the sum of the lines' amounts
    data: dict[str, Any]
    skip: list[_Skip] = []
    notes: list[_Note] = []


class MappingYaml(_Strict):
    """The form of `definitions/mappings/*.yaml`."""

    name: str
    version: int
    title: dict[str, str]
    source: Annotated[str, Field(min_length=1)]
    files: dict[str, _File]
    fixes: dict[str, dict[str, str]] = {}
    emit: Annotated[list[_Emit], Field(min_length=1)]


# --- compiled --------------------------------------------------------------------------------------------------------

Maker = Callable[[Row], Any]


@dataclass(frozen=True, slots=True)
class Emission:
    """One kind of event of a mapping, compiled."""

    file: str
    event: str
    id: Maker
    time: Maker
    when: Maker
    data: Maker
    group_by: tuple[str, ...] | None
    line: Maker | None
    lines_field: str
    sum_of_lines: str | None
    skip: tuple[tuple[Maker, str], ...]
    notes: tuple[tuple[Maker, str], ...]
    reads: "tuple[Reads, ...]" = ()


@dataclass(frozen=True, slots=True)
class ImportMapping:
    name: str
    source: str
    files: Mapping[str, _File]
    emissions: tuple[Emission, ...]
    tables: Tables


def load_mapping(name: str, definitions: Path) -> ImportMapping:
    """By name (`definitions/mappings/<name>.yaml`) or by the path of a file. Raises DefinitionError."""
    path = Path(name)
    if path.suffix not in {".yaml", ".yml"}:
        path = definitions / "mappings" / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in (definitions / "mappings").glob("*.yaml")))
        raise DefinitionError(f"There is no mapping {name!r}. Shipped with this installation: {known or 'none'}.")
    return compile_mapping(read_file(path, "mappings"))


def compile_mapping(definition: Definition) -> ImportMapping:
    """Raises DefinitionError with file, line and place."""
    try:
        read = MappingYaml.model_validate(definition.body)
    except ValidationError as error:
        first = error.errors()[0]
        raise DefinitionError(definition.fault(first["loc"], str(first["msg"]))) from None
    tables = Tables(fixes=read.fixes)
    compiler = _Compiler(definition, tables.functions())
    for i, emit in enumerate(read.emit):
        if emit.file not in read.files:
            raise DefinitionError(definition.fault(
                ("emit", i, "file"), f"{emit.file!r} is not one of `files`: {', '.join(read.files)}"))
        _check_event(definition, ("emit", i, "event"), emit.event)
    emissions = tuple(compiler.emission(e, ("emit", i)) for i, e in enumerate(read.emit))
    return ImportMapping(read.name, read.source, read.files, emissions, tables)


def _check_event(definition: Definition, place: tuple[str | int, ...], name: str) -> None:
    if name not in BY_NAME:
        raise DefinitionError(definition.fault(place, f"{name!r} is no event type; contracts/published lists them"))
    owner = TOPICS[BY_NAME[name].topic].owner
    if owner != ENTERPRISE:
        raise DefinitionError(definition.fault(place, f"{name} is what {owner} says; import what happened instead"))


@dataclass(frozen=True, slots=True)
class Reads:
    """An expression looks up this column; `where` is the file and line of the mapping."""

    column: str
    where: str


class _Compiler:
    def __init__(self, definition: Definition, functions: Mapping[str, Callable[..., Any]]) -> None:
        self.definition, self.functions = definition, functions
        self.reads: list[Reads] = []

    def emission(self, e: _Emit, place: tuple[str | int, ...]) -> Emission:
        self.reads = [Reads(c, self.definition.where(*place, "group_by")) for c in e.group_by or ()]

        def made(tree: Any, *key: str | int) -> Maker:
            return self.value(tree, (*place, *key))

        return Emission(
            file=e.file, event=e.event, id=made(e.id, "id"), time=made(e.time, "time"),
            when=made(e.when, "when") if e.when else lambda _row: True, data=made(e.data, "data"),
            group_by=tuple(e.group_by) if e.group_by else None,
            line=made(e.lines, "lines") if e.lines else None, lines_field=e.lines_field, sum_of_lines=e.sum_of_lines,
            skip=tuple((made(s.when, "skip", i), s.reason) for i, s in enumerate(e.skip)),
            notes=tuple((made(n.when, "notes", i), n.text) for i, n in enumerate(e.notes)),
            reads=tuple(self.reads),
        )

    def value(self, tree: Any, place: tuple[str | int, ...]) -> Maker:
        """Texts are expressions, mappings and lists of them are built up; what is None is left out of a mapping."""
        if isinstance(tree, str):
            return self._expression(tree, place).evaluate
        if isinstance(tree, dict):
            made = {key: self.value(part, (*place, key)) for key, part in tree.items()}
            return lambda row: {k: v for k, maker in made.items() if (v := maker(row)) is not None} or None
        if isinstance(tree, list):
            items = [self.value(part, (*place, i)) for i, part in enumerate(tree)]
            return lambda row: [maker(row) for maker in items]
        return lambda _row: tree

    def _expression(self, text: str, place: tuple[str | int, ...]) -> Expression:
        try:
            made = compile_criterion(text, functions=self.functions)
        except CriterionError as error:
            raise DefinitionError(self.definition.fault(place, f"{text!r}: {error}")) from None
        self.reads += [Reads(name, self.definition.where(*place)) for name in sorted(made.names)]
        return made
