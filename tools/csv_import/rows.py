"""Turns rows of CSV files into CloudEvents; the same files give the same events with the same ids."""
import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from chassis.support.errors import ActionableError
from tools.csv_import.mapping import Emission, ImportMapping
from tools.csv_import.values import Row, RowRejected


@dataclass(frozen=True, slots=True)
class Rejection:
    file: str
    line: int
    code: str
    message: str


@dataclass(slots=True)
class Tally:
    """Counts of an import, printed as its summary."""

    rows: dict[str, int] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    rejected: list[Rejection] = field(default_factory=list)
    sent: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """A structured CloudEvent and the row it came from."""

    body: dict[str, Any]
    file: str
    line: int


class MissingFile(ActionableError):
    """A file named by the mapping is missing or does not have the expected format."""


def read_rows(path: Path, delimiter: str, encoding: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, row); an empty cell is None. Raises MissingFile when it is not in this encoding."""
    try:
        with path.open(newline="", encoding=encoding) as handle:
            reader = csv.DictReader(handle, delimiter=delimiter)
            for row in reader:
                yield reader.line_num, {k: (v if v != "" else None) for k, v in row.items() if k is not None}
    except (UnicodeError, csv.Error, LookupError) as error:
        raise MissingFile(f"{path.name} cannot be read as {encoding}: {error}. The mapping's `files` can name another "
                          "`encoding` and `delimiter`.") from None


def columns_of(path: Path, delimiter: str, encoding: str) -> list[str]:
    first = next(read_rows(path, delimiter, encoding), None)
    return list(first[1]) if first else []


def load_tables(mapping: ImportMapping, directory: Path) -> None:
    """Checks that every file exists with the columns that are read, and loads lookup files."""
    known: dict[str, list[str]] = {}
    for name, file in mapping.files.items():
        path = directory / file.path
        if not path.is_file():
            raise MissingFile(f"{directory} has no file {file.path!r}, which the mapping {mapping.name} reads.")
        known[name] = columns_of(path, file.delimiter, file.encoding)
        if file.key:
            _has_column(known[name], file.key, file.path, f"`files` of the mapping {mapping.name}")
            rows = read_rows(path, file.delimiter, file.encoding)
            mapping.tables.by_key[name] = {str(row[file.key]): row for _, row in rows if row.get(file.key)}
    for emission in mapping.emissions:
        for read in emission.reads:
            _has_column(known[emission.file], read.column, mapping.files[emission.file].path, read.where)


def _has_column(columns: list[str], column: str, file: str, where: str) -> None:
    """A misspelled column would be empty in every row, and silently so where the field is optional."""
    if columns and column not in columns and column.split(".")[0] not in {*columns, "row_number"}:
        raise MissingFile(f"{file} has no column {column!r}, which {where} reads; it has {', '.join(columns)}.")


def events(mapping: ImportMapping, directory: Path, zone: ZoneInfo, tally: Tally) -> Iterator[Event]:
    """Every event, in the order of the mapping and of the files; invalid rows are counted as rejected."""
    load_tables(mapping, directory)
    for emission in mapping.emissions:
        file = mapping.files[emission.file]
        rows = read_rows(directory / file.path, file.delimiter, file.encoding)
        seen = 0
        for line, group in _groups(emission, rows):
            seen += len(group)
            tally.rows[file.path] = max(seen, tally.rows.get(file.path, 0))
            try:
                body = _event(mapping, emission, line, group, zone, tally)
            except RowRejected as error:
                tally.rejected.append(Rejection(file.path, line, error.code, error.message))
                continue
            if body is not None:
                tally.events[emission.event] = tally.events.get(emission.event, 0) + 1
                yield Event(body, file.path, line)


def _groups(emission: Emission, rows: Iterator[tuple[int, Row]]) -> Iterator[tuple[int, list[Row]]]:
    if emission.group_by is None:
        for line, row in rows:
            yield line, [row]
        return
    groups: dict[tuple[Any, ...], tuple[int, list[Row]]] = {}
    for line, row in rows:
        groups.setdefault(tuple(row.get(c) for c in emission.group_by), (line, []))[1].append(row)
    yield from groups.values()


def _event(
    mapping: ImportMapping, emission: Emission, line: int, group: list[Row], zone: ZoneInfo, tally: Tally,
) -> dict[str, Any] | None:
    row = {**group[0], "row_number": line}
    if emission.when(row) is not True:
        return None
    for holds, reason in emission.skip:
        if holds(row) is True:
            tally.skipped[reason] = tally.skipped.get(reason, 0) + 1
            return None
    data = emission.data(row) or {}
    if emission.line is not None:
        data[emission.lines_field] = [emission.line({**r, "row_number": line}) for r in group]
        if emission.sum_of_lines:
            data[emission.sum_of_lines] = _sum([(part or {}).get("amount") for part in data[emission.lines_field]])
    for holds, text in emission.notes:
        if holds(row) is True:
            tally.notes[text] = tally.notes.get(text, 0) + 1
    return _cloudevent(mapping, emission, row, data, zone)


def _sum(amounts: list[Any]) -> dict[str, Any]:
    if not all(amounts):
        raise RowRejected("no_amount", "a line of this order has no amount")
    currencies = {a["currency"] for a in amounts}
    if len(currencies) != 1:
        raise RowRejected("currencies_differ", "the lines of one order are in different currencies")
    return {"amount_minor": sum(a["amount_minor"] for a in amounts), "currency": currencies.pop()}


def _cloudevent(
    mapping: ImportMapping, emission: Emission, row: Row, data: dict[str, Any], zone: ZoneInfo,
) -> dict[str, Any]:
    id = emission.id(row)
    if not isinstance(id, str) or not id:
        raise RowRejected("no_id", "the expression of `id` has no value for this row")
    when, day_only = _when(emission.time(row), zone)
    body = {"specversion": "1.0", "type": emission.event, "source": mapping.source, "id": id,
            "time": when.isoformat().replace("+00:00", "Z"), "datacontenttype": "application/json",
            "backfill": True, "data": data}
    return {**body, "timeprecision": "day"} if day_only else body


def _when(value: Any, zone: ZoneInfo) -> tuple[datetime, bool]:
    """A date without time becomes noon in the company's zone, so that it is the same day in every calculation."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
        except ValueError:
            raise RowRejected("bad_time", f"{value!r} is not a date or time") from None
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC), False
    if isinstance(value, date):
        return datetime.combine(value, time(12), zone).astimezone(UTC), True
    raise RowRejected("no_time", "the expression of `time` has no value for this row")
