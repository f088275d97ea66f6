"""What a mapping YAML file means: which file's rows become which events, by expressions over the row.

Values of `data`, `id`, `time`, `when` are expressions of the criteria language; a literal text stands in quotes within.
Besides the language's own functions they may call `slug(text)`, `money(text, currency)`, `fix(name, text)` (the value
fixes of the mapping) and `lookup(file, key, column)`; they know the columns of the row by name (`field('Odd name')` for
others) and `row_number`, the line in the file.
"""
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chassis.criteria import FUNCTIONS, CriterionError, Expression, compile_criterion
from chassis.definitions import Definition, DefinitionError, read_file

EXPONENTS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "XOF": 0, "XAF": 0, "UGX": 0, "PYG": 0,
             "BHD": 3, "KWD": 3, "OMR": 3, "JOD": 3, "TND": 3, "IQD": 3, "LYD": 3}
"""ISO 4217 exponents that are not 2."""


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


Row = Mapping[str, Any]


@dataclass(slots=True)
class Tables:
    """What expressions may look at besides their row: the other files, and how often a fix was needed."""

    by_key: dict[str, dict[str, Row]] = field(default_factory=dict)
    fixes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    fixed: dict[tuple[str, str], int] = field(default_factory=dict)
    slugs: dict[str, str] = field(default_factory=dict)

    def functions(self) -> dict[str, Callable[..., Any]]:
        return {**FUNCTIONS, "slug": self.slug, "money": money, "fix": self.fix, "lookup": self.lookup}

    def slug(self, text: Any) -> str | None:
        """An id out of a name: `Acme Corporation` becomes `acme-corporation`; two names never share one."""
        if not isinstance(text, str) or not text.strip():
            return None
        made = re.sub(r"[^a-z0-9._:]+", "-", text.strip().lower()).strip("-")[:128]
        if not made or self.slugs.setdefault(made, text) != text:
            raise RowRejected("id_taken", f"{text!r} and {self.slugs.get(made)!r} would get the same id {made!r}")
        return made

    def fix(self, name: Any, text: Any) -> Any:
        """The value as it should be; counted, so that the summary tells what was put right."""
        mended = self.fixes.get(str(name), {}).get(str(text)) if text is not None else None
        if mended is None:
            return text
        self.fixed[(str(name), f"{text} → {mended}")] = self.fixed.get((str(name), f"{text} → {mended}"), 0) + 1
        return mended

    def lookup(self, file: Any, key: Any, column: Any) -> Any:
        if key is None:
            return None
        row = self.by_key.get(str(file), {}).get(str(key))
        if row is None:
            raise RowRejected("not_found", f"{file} has no row with the key {key!r}")
        return row.get(str(column))


class RowRejected(Exception):
    """This row cannot become an event; the rows around it can."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def money(text: Any, currency: Any) -> dict[str, Any] | None:
    """Minor units of an amount in major units, half-even; nothing for an empty cell."""
    if text is None or text == "" or not isinstance(currency, str):
        return None
    try:
        exact = Decimal(str(text)).scaleb(EXPONENTS.get(currency, 2))
        return {"amount_minor": int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)), "currency": currency}
    except InvalidOperation:
        raise RowRejected("not_an_amount", f"{text!r} is no amount") from None


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
    try:
        read = MappingYaml.model_validate(definition.body)
    except ValidationError as error:
        first = error.errors()[0]
        where = "/".join(map(str, first["loc"]))
        raise DefinitionError(f"{definition.path or definition.name}: {where}: {first['msg']}") from None
    tables = Tables(fixes=read.fixes)
    compiler = _Compiler(definition.path or definition.name, tables.functions())
    for emit in read.emit:
        if emit.file not in read.files:
            raise DefinitionError(f"{definition.path}: emit names the file {emit.file!r}, which `files` does not have")
    return ImportMapping(read.name, read.source, read.files, tuple(compiler.emission(e) for e in read.emit), tables)


@dataclass(frozen=True, slots=True)
class _Compiler:
    where: str
    functions: Mapping[str, Callable[..., Any]]

    def emission(self, e: _Emit) -> Emission:
        return Emission(
            file=e.file, event=e.event, id=self.value(e.id), time=self.value(e.time),
            when=self.value(e.when) if e.when else lambda _row: True, data=self.value(e.data),
            group_by=tuple(e.group_by) if e.group_by else None,
            line=self.value(e.lines) if e.lines else None, lines_field=e.lines_field, sum_of_lines=e.sum_of_lines,
            skip=tuple((self.value(s.when), s.reason) for s in e.skip),
            notes=tuple((self.value(n.when), n.text) for n in e.notes),
        )

    def value(self, tree: Any) -> Maker:
        """Texts are expressions, mappings and lists of them are built up; what is None is left out of a mapping."""
        if isinstance(tree, str):
            return self._expression(tree).evaluate
        if isinstance(tree, dict):
            made = {key: self.value(part) for key, part in tree.items()}
            return lambda row: {k: v for k, maker in made.items() if (v := maker(row)) is not None} or None
        if isinstance(tree, list):
            items = [self.value(part) for part in tree]
            return lambda row: [maker(row) for maker in items]
        return lambda _row: tree

    def _expression(self, text: str) -> Expression:
        try:
            return compile_criterion(text, functions=self.functions)
        except CriterionError as error:
            raise DefinitionError(f"{self.where}: {text!r}: {error}") from None
