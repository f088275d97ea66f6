"""Asking SQLite."""
from collections.abc import Sequence
from typing import Any

import apsw


def rows(connection: apsw.Connection, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """All rows of the answer; what a column holds is known by who asks."""
    answer: list[tuple[Any, ...]] = connection.execute(sql, tuple(values)).fetchall()
    return answer
