"""SQL of documents: tables, loading, compare-and-set.

Many documents share one statement: each step of a statement releases the interpreter lock, and beside a busy event
loop taking it again costs far more than the step itself.
"""
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import apsw

from chassis.adapters.sqlite.sql import rows
from chassis.ports import Collection, Document

_COLUMN = {str: "TEXT", int: "INTEGER", float: "REAL", bool: "INTEGER"}
_KINDS: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}
_AT_ONCE = (128, 32, 8, 1)  # rows in one statement; few sizes, so that the statements stay compiled
_IDS_AT_ONCE = 500
_WORTH_A_STATEMENT = 8  # documents that have the same changes

Row = tuple[Any, ...]


@dataclass(frozen=True)
class CollectionTable:
    """A collection's table. Its names are validated, so they can be interpolated into SQL."""

    name: str
    fields: Mapping[str, type]

    @property
    def table(self) -> str:
        return f'"d.{self.name}"'

    @property
    def columns(self) -> str:
        return "".join(f", {column(name)}" for name in self.fields)


def column(field: str) -> str:
    return f'"f_{field}"'


def ensure(connection: apsw.Connection, collections: Sequence[Collection]) -> dict[str, CollectionTable]:
    """Create table and indexes. Raises ValueError when a field exists with another type."""
    return {collection.name: _ensure(connection, collection) for collection in collections}


def _ensure(connection: apsw.Connection, collection: Collection) -> CollectionTable:
    existing = shape_of(connection, collection.name)
    fields = dict(existing.fields) if existing else {}
    shape = CollectionTable(collection.name, fields)
    if existing is None:
        create = "(id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, body BLOB NOT NULL) STRICT"
        connection.execute(f"CREATE TABLE {shape.table}{create}")
    for name, kind in collection.fields.items():
        if name not in fields:
            connection.execute(f"ALTER TABLE {shape.table} ADD COLUMN {column(name)} {_COLUMN[kind]}")
            fields[name] = kind
        elif fields[name] is not kind:
            raise ValueError(f"{collection.name!r} declares {name!r} as {fields[name].__name__}, not {kind.__name__}")
    for index in collection.indexes:
        parts = ", ".join([*map(column, index), "id"])
        connection.execute(f'CREATE INDEX IF NOT EXISTS "i.{shape.name}.{"-".join(index)}" ON {shape.table}({parts})')
    described = json.dumps({name: kind.__name__ for name, kind in fields.items()})
    connection.execute("INSERT OR REPLACE INTO collections VALUES(?, ?)", (shape.name, described))
    return shape


def shape_of(connection: apsw.Connection, collection: str) -> CollectionTable | None:
    stored = rows(connection, "SELECT fields FROM collections WHERE name=?", (collection,))
    if not stored:
        return None
    return CollectionTable(collection, {name: _KINDS[kind] for name, kind in json.loads(stored[0][0]).items()})


def document(shape: CollectionTable, row: Row) -> Document:
    index = {
        name: bool(value) if kind is bool else value
        for (name, kind), value in zip(shape.fields.items(), row[3:], strict=True) if value is not None
    }
    return Document(row[0], row[1], row[2], index)


def load(connection: apsw.Connection, shape: CollectionTable, ids: Sequence[str]) -> dict[str, Document]:
    documents: dict[str, Document] = {}
    for start in range(0, len(ids), _IDS_AT_ONCE):
        some = tuple(ids[start : start + _IDS_AT_ONCE])
        marks = ",".join("?" * len(some))
        select = f"SELECT id, version, body{shape.columns} FROM {shape.table} WHERE id IN ({marks})"
        for row in rows(connection, select, some):
            documents[row[0]] = document(shape, row)
    return documents


def save(connection: apsw.Connection, shape: CollectionTable, documents: Sequence[Document]) -> frozenset[str]:
    """Compare-and-set; returns the ids whose stored version was not the expected one."""
    lost: set[str] = set()
    for some in _portions(documents):
        lost.update(_conflicts(connection, shape, some))
    winners = [document for document in documents if document.id not in lost] if lost else documents
    # inside the transaction nothing else changes, so the comparison still holds
    for names, group in _by_changes(shape, winners):
        for some in _portions(group):
            _upsert(connection, shape, names, some, 1, "")
    return frozenset(lost)


def save_newer(connection: apsw.Connection, shape: CollectionTable, documents: Sequence[Document]) -> None:
    for some in _portions(documents):
        _upsert(connection, shape, tuple(shape.fields), some, 0, f"WHERE {shape.table}.version < excluded.version")


def delete(connection: apsw.Connection, shape: CollectionTable, ids: Sequence[str]) -> None:
    for start in range(0, len(ids), _IDS_AT_ONCE):
        some = tuple(ids[start : start + _IDS_AT_ONCE])
        connection.execute(f"DELETE FROM {shape.table} WHERE id IN ({','.join('?' * len(some))})", some)


def _conflicts(connection: apsw.Connection, shape: CollectionTable, documents: Sequence[Document]) -> list[str]:
    marks = ",".join(["(?,?)"] * len(documents))
    select = (
        f"SELECT json_group_array(w.column1) FROM (VALUES {marks}) AS w LEFT JOIN {shape.table} AS d "
        "ON d.id = w.column1 WHERE ifnull(d.version, 0) <> w.column2"
    )
    values = tuple(value for document in documents for value in (document.id, document.version))
    lost: list[str] = json.loads(rows(connection, select, values)[0][0])
    return lost


def _by_changes(
    shape: CollectionTable, documents: Sequence[Document]
) -> Iterator[tuple[tuple[str, ...], list[Document]]]:
    """Groups documents by the fields that changed: only indexes over written fields are updated, and indexes are most
    of the cost of a document. Small groups are written with all fields."""
    every = tuple(shape.fields)
    groups: dict[tuple[str, ...], list[Document]] = {every: []}
    for document in documents:
        if document.before is None or not document.version:
            groups[every].append(document)
        else:
            old, new = document.before.get, document.index.get
            groups.setdefault(tuple([name for name in every if old(name) != new(name)]), []).append(document)
    for names, group in groups.items():
        if names != every and len(group) >= _WORTH_A_STATEMENT:
            yield names, group
        elif names != every:
            groups[every] += group
    yield every, groups[every]


@lru_cache(maxsize=1000)
def _statement(table: str, names: tuple[str, ...], rows: int, only: str) -> str:
    columns = [column(name) for name in names]
    row = f"({','.join('?' * (3 + len(names)))})"
    sets = ", ".join(f"{name}=excluded.{name}" for name in ["version", "body", *columns])
    return (
        f"INSERT INTO {table}({', '.join(['id', 'version', 'body', *columns])}) VALUES {','.join([row] * rows)} "
        f"ON CONFLICT(id) DO UPDATE SET {sets} {only}"
    )


def _upsert(
    connection: apsw.Connection,
    shape: CollectionTable,
    names: tuple[str, ...],
    documents: Sequence[Document],
    more: int,
    only: str,
) -> None:
    """Insert, or overwrite these fields; the stored version is the document's plus `more`."""
    statement = _statement(shape.table, names, len(documents), only)
    values: list[Any] = []
    for document in documents:
        values += (document.id, document.version + more, document.body)
        values += map(document.index.get, names)
    try:
        connection.execute(statement, values)
    except apsw.ConstraintError as error:
        raise ValueError(f"an index field does not have its declared type: {error}") from error


def _portions(documents: Sequence[Document]) -> Iterator[Sequence[Document]]:
    start = 0
    for size in _AT_ONCE:
        while start + size <= len(documents):
            yield documents[start : start + size]
            start += size
