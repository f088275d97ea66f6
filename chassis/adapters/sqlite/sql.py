"""Typed query helper for SQLite."""
from collections.abc import Sequence
from typing import Any

import apsw


def rows(connection: apsw.Connection, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """All rows of the result; the caller knows the column types."""
    result: list[tuple[Any, ...]] = connection.execute(sql, tuple(values)).fetchall()
    return result
