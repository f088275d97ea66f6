"""Mappings (`definitions/mappings/*.yaml`): which file's rows become which events, by expressions over the row.

Values of `data`, `id`, `time`, `when` are expressions of the criteria language; a literal text needs quotes within.
Besides the language's own functions they may call `slug(text)`, `money(text, currency)`, `fix(name, text)` (the value
fixes of the mapping) and `lookup(file, key, column)`; they know the columns of the row by name (`field('Odd name')` for
others) and `row_number`, the line in the file.
"""
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

import contracts.crm  # noqa: F401  (registers the event types of enterprises)
from chassis.domain.criteria import ALWAYS, Criterion
from chassis.domain.definitions import Definition, DefinitionError, DefinitionFault, FaultReporter, read_file
from chassis.domain.definitions.schema import Title, YamlModel, load
from contracts.kinds import BY_NAME
from contracts.topics import ENTERPRISE, TOPICS
from tools.csv_import.values import Row, Tables


class FileYaml(YamlModel):
    path: str
    key: str | None = None  # the column by which `lookup` finds a row; must be unique
    delimiter: str = ","
    encoding: str = "utf-8-sig"


class NoteYaml(YamlModel):
    """Rows to report: imported unchanged, and counted in the summary."""

    when: str
    text: str


class SkipYaml(YamlModel):
    """Rows that this mapping leaves out on purpose: counted in the summary, not rejected."""

    when: str
    reason: str


class EmitYaml(YamlModel):
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
    skip: list[SkipYaml] = Field(default=[])
    notes: list[NoteYaml] = Field(default=[])


class MappingYaml(YamlModel):
    """What may be written in `definitions/mappings/*.yaml`."""

    name: str
    version: int
    title: Title
    source: Annotated[str, Field(min_length=1)]
    files: dict[str, FileYaml]
    fixes: dict[str, dict[str, str]] = Field(default={})
    emit: Annotated[list[EmitYaml], Field(min_length=1)]


# --- compiled --------------------------------------------------------------------------------------------------------

ValueFunction = Callable[[Row], Any]


@dataclass(frozen=True, slots=True)
class Emission:
    """One kind of event of a mapping, compiled."""

    file: str
    event: str
    id: ValueFunction
    time: ValueFunction
    when: Callable[[Row], bool]
    data: ValueFunction
    group_by: tuple[str, ...] | None
    line: ValueFunction | None
    lines_field: str
    sum_of_lines: str | None
    skip: tuple[tuple[Callable[[Row], bool], str], ...]
    notes: tuple[tuple[Callable[[Row], bool], str], ...]
    reads: "tuple[ColumnRead, ...]" = ()


@dataclass(frozen=True, slots=True)
class ImportMapping:
    name: str
    source: str
    files: Mapping[str, FileYaml]
    emissions: tuple[Emission, ...]
    tables: Tables


def load_mapping(name: str, definitions: Path) -> ImportMapping:
    """By name (`definitions/mappings/<name>.yaml`) or by the path of a file. Raises DefinitionError."""
    path = Path(name)
    if path.suffix not in {".yaml", ".yml"}:
        path = definitions / "mappings" / f"{name}.yaml"
    if not path.is_file():
        known = sorted(p.stem for p in (definitions / "mappings").glob("*.yaml"))
        message = f"mapping {name!r} does not exist; use one of {', '.join(known) or '(none are installed)'}"
        raise DefinitionError([DefinitionFault(
            "no_mapping", message, str(definitions / "mappings"), params={"value": name, "allowed": known})])
    return compile_mapping(read_file(path, "mappings"))


def compile_mapping(definition: Definition) -> ImportMapping:
    """Raises DefinitionError with every fault of the mapping."""
    report = FaultReporter(definition)
    mapping = _compile(report)
    if mapping is None or report.faults:
        raise DefinitionError(report.faults)
    return mapping


def _compile(report: FaultReporter) -> ImportMapping | None:
    yaml = load(report, MappingYaml)
    if yaml is None:
        return None
    tables = Tables(fixes=yaml.fixes)
    compiler = _Compiler(tables.functions())
    for i, emit in enumerate(yaml.emit):
        if emit.file not in yaml.files:
            report.at("emit", i, "file").add(
                "unknown_file", "{value!r} is not one of `files`; use one of {allowed}", value=emit.file,
                allowed=list(yaml.files))
        _check_event(report.at("emit", i, "event"), emit.event)
    emissions = tuple(compiler.emission(e, report.at("emit", i)) for i, e in enumerate(yaml.emit))
    return ImportMapping(yaml.name, yaml.source, yaml.files, emissions, tables)


def _check_event(report: FaultReporter, name: str) -> None:
    if name not in BY_NAME:
        report.add(
            "unknown_event", "{value!r} is not an event type; use one of contracts/published/schemas", value=name)
        return
    owner = TOPICS[BY_NAME[name].topic].owner
    if owner != ENTERPRISE:
        report.add("event_of_a_service", "{value} is published by {owner}; import the business event that leads to it",
                   value=name, owner=owner)


@dataclass(frozen=True, slots=True)
class ColumnRead:
    """An expression reads this column; `where` is `file:line:column` of the expression."""

    column: str
    where: str


class _Compiler:
    """Compiles one mapping; collects the columns that its expressions read."""

    def __init__(self, functions: Mapping[str, Callable[..., Any]]) -> None:
        self.functions = functions
        self.reads: list[ColumnRead] = []

    def emission(self, e: EmitYaml, report: FaultReporter) -> Emission:
        where = report.definition.location(*report.path, "group_by")
        self.reads = [ColumnRead(column, where) for column in e.group_by or ()]
        return Emission(
            file=e.file, event=e.event, id=self._value(e.id, report.at("id")),
            time=self._value(e.time, report.at("time")),
            when=self._criterion(e.when, report.at("when")) if e.when else ALWAYS.is_met,
            data=self._value(e.data, report.at("data")), group_by=tuple(e.group_by) if e.group_by else None,
            line=self._value(e.lines, report.at("lines")) if e.lines else None, lines_field=e.lines_field,
            sum_of_lines=e.sum_of_lines,
            skip=tuple((self._criterion(s.when, report.at("skip", i, "when")), s.reason)
                       for i, s in enumerate(e.skip)),
            notes=tuple((self._criterion(n.when, report.at("notes", i, "when")), n.text)
                        for i, n in enumerate(e.notes)),
            reads=tuple(self.reads),
        )

    def _value(self, tree: Any, report: FaultReporter) -> ValueFunction:
        """A text is an expression; mappings and lists are built from their parts. A mapping leaves out None."""
        if isinstance(tree, str):
            expression = report.expression(tree, functions=self.functions)
            if expression is None:
                return lambda _row: None
            self._add_reads(expression.names, report)
            return expression.evaluate
        if isinstance(tree, dict):
            makers = {key: self._value(part, report.at(key)) for key, part in tree.items()}
            return lambda row: {k: v for k, maker in makers.items() if (v := maker(row)) is not None} or None
        if isinstance(tree, list):
            items = [self._value(part, report.at(i)) for i, part in enumerate(tree)]
            return lambda row: [maker(row) for maker in items]
        return lambda _row: tree

    def _criterion(self, text: str, report: FaultReporter) -> Callable[[Row], bool]:
        """A column is text, never true: a criterion compares it."""
        criterion: Criterion = report.criterion(text, functions=self.functions, boolean_names=()) or ALWAYS
        self._add_reads(criterion.names, report)
        return criterion.is_met

    def _add_reads(self, names: Collection[str], report: FaultReporter) -> None:
        where = report.definition.location(*report.path)
        self.reads += [ColumnRead(name, where) for name in sorted(names)]
