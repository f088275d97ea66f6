"""SQL of queries over declared index fields. Values are bound parameters, names are validated."""
from collections.abc import Sequence
from typing import Any

import apsw

from chassis.adapters.sqlite.documents import CollectionTable, Row, column
from chassis.adapters.sqlite.sql import rows
from chassis.ports import AnyOf, Between, Condition, Contains, Group, Scalar, Where
from chassis.ports.query import decode_cursor

Part = tuple[str, list[Any]]  # SQL and the values bound in it


def pages(shape: CollectionTable, where: Where, order: str | None, descending: bool, after: str | None) -> list[Part]:
    """Statements to run in turn until the page is full; each of them uses an index."""
    conditions = [_condition(column(name), condition) for name, condition in where.items()]
    way = "DESC" if descending else "ASC"
    by = f"{column(order)} {way}, id {way}" if order else f"id {way}"
    return [
        _select(shape, [*conditions, *further], by) for further in _segments(order, descending, after)
    ]


def _select(shape: CollectionTable, conditions: Sequence[Part], by: str) -> Part:
    sql, values = _joined(conditions)
    return f"SELECT id, version, body{shape.columns} FROM {shape.table} WHERE {sql} ORDER BY {by} LIMIT ?", values


def _segments(order: str | None, descending: bool, after: str | None) -> list[list[Part]]:
    """Conditions for the rest of the order, split so that none needs OR. NULL sorts lowest in SQLite."""
    if after is None:
        return [[]]
    value, id = decode_cursor(after, order, descending)
    beyond = "<" if descending else ">"
    if order is None:
        return [[(f"id {beyond} ?", [id])]]
    name = column(order)
    nothing: Part = (f"{name} IS NULL", [])
    something: Part = (f"{name} IS NOT NULL", [])
    if value is None:
        rest = [nothing, (f"id {beyond} ?", [id])]
        return [rest] if descending else [rest, [something]]
    rest = [(f"({name}, id) {beyond} (?, ?)", [value, id])]
    return [rest, [nothing]] if descending else [rest]


def run(connection: apsw.Connection, parts: Sequence[Part], limit: int) -> list[Row]:
    fetched: list[Row] = []
    for sql, values in parts:
        if len(fetched) < limit:
            fetched += rows(connection, sql, (*values, limit - len(fetched)))
    return fetched


def count(
    connection: apsw.Connection, shape: CollectionTable, where: Where, by: Sequence[str], sums: Sequence[str]
) -> list[Group]:
    sql, values = _joined([_condition(column(name), condition) for name, condition in where.items()])
    keys = ", ".join(map(column, by))
    columns = [*map(column, by), "count(*)", *(f"ifnull(sum({column(name)}), 0)" for name in sums)]
    grouped = f" GROUP BY {keys} ORDER BY {keys}" if by else ""
    groups = rows(connection, f"SELECT {', '.join(columns)} FROM {shape.table} WHERE {sql}{grouped}", values)
    return [
        Group(
            {name: _value(shape, name, value) for name, value in zip(by, row, strict=False)}, row[len(by)],
            dict(zip(sums, map(int, row[len(by) + 1 :]), strict=True)),
        )
        for row in groups
    ]


def ids(connection: apsw.Connection, shape: CollectionTable, prefix: str, after: str, limit: int) -> list[str]:
    select = f"SELECT id FROM {shape.table} WHERE id >= ? AND id < ? AND id > ? ORDER BY id LIMIT ?"
    return [id for (id,) in rows(connection, select, (prefix, prefix + "\U0010ffff", after, limit))]


def _value(shape: CollectionTable, name: str, value: Scalar) -> Scalar:
    return bool(value) if shape.fields[name] is bool and value is not None else value


def _joined(parts: Sequence[Part]) -> Part:
    return " AND ".join(f"({sql})" for sql, _ in parts) or "true", [v for _, values in parts for v in values]


def _condition(name: str, condition: Condition) -> Part:
    if isinstance(condition, Between):
        return _between(name, condition)
    if isinstance(condition, Contains):
        return f"holds({name}, ?)", [condition.text.lower()]
    if isinstance(condition, AnyOf):
        values = [value for value in condition.values if value is not None]
        listed = f"{name} IN ({','.join('?' * len(values))})"
        return (f"{listed} OR {name} IS NULL" if len(values) < len(condition.values) else listed), values
    return f"{name} IS ?", [condition]


def _between(name: str, condition: Between) -> Part:
    bounds: list[Part] = []
    if condition.low is not None:
        bounds.append((f"{name} >= ?", [condition.low]))
    if condition.high is not None:
        bounds.append((f"{name} < ?", [condition.high]))
    return _joined(bounds)
