"""Lists as CSV. Text that a spreadsheet would take for a formula gets a leading `'`; numbers stay numbers."""
import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

TYPE = "text/csv"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
MOST_ROWS = 20_000
MONEY = {"amount_minor", "currency"}


def wanted(accept: str) -> bool:
    """Whether CSV is asked for, and before JSON."""
    kinds = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    return TYPE in kinds and "application/json" not in kinds[: kinds.index(TYPE)]


def rows_of(body: Any) -> list[dict[str, Any]] | None:
    """The rows of an answer that is a list; None when it is none."""
    if isinstance(body, Mapping):
        for name in ("items", "rows"):
            found = body.get(name)
            if isinstance(found, list) and all(isinstance(x, dict) for x in found):
                return found
    return None


def written(rows: Iterable[Mapping[str, Any]]) -> str:
    """RFC 4180, UTF-8; money and dimensions in columns of their own, anything deeper as JSON."""
    flat = [flattened(row) for row in rows]
    columns: dict[str, None] = {}
    for row in flat:
        columns |= dict.fromkeys(row)
    return table(list(columns), flat)


def table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    made = io.StringIO()
    writer = csv.writer(made, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow([cell(c) for c in columns])
    for row in rows:
        writer.writerow([cell(row.get(c)) for c in columns])
    return made.getvalue()


def flattened(row: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping) and (set(value) == MONEY or name in ("dimensions", "scope", "profile")):
            made |= {f"{name}.{key}": inner for key, inner in value.items()}
        else:
            made[name] = value
    return made


def cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return f"'{text}" if text.startswith(FORMULA) else text
