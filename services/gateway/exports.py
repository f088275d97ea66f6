"""Lists as CSV. Text that a spreadsheet would take for a formula gets a leading `'`; numbers stay numbers."""
import csv
import io
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any

import httpx
import orjson
from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from chassis.http.routing import Problem

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


def response(rows: Iterable[Mapping[str, Any]], link: str | None) -> Response:
    """To be saved as a file; `link` leads to what is left of the list."""
    told = {"content-disposition": 'attachment; filename="export.csv"', **({} if link is None else {"link": link})}
    return Response(written(rows), 200, told, f"{TYPE}; charset=utf-8")


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


# --- lists of the door itself -----------------------------------------------------------------------------------------

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Exported(APIRoute):
    """The page that was asked for; without a limit, all pages up to so many rows. `Link` leads to what is left."""

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()

        async def answered(request: Request) -> Response:
            answer = await handler(request)
            as_csv = request.method == "GET" and wanted(request.headers.get("accept", ""))
            return await _exported(request, handler, answer) if as_csv and answer.status_code == 200 else answer

        return answered


async def _exported(request: Request, handler: Handler, answer: Response) -> Response:
    rows = rows_of(orjson.loads(answer.body))
    if rows is None:
        raise Problem(406, "no_list", "Only lists can be had as text/csv.")
    whole = not {"limit", "cursor"} & set(request.query_params)
    while whole and (query := _next(answer)) is not None and len(rows) < MOST_ROWS:
        answer = await handler(Request({**request.scope, "query_string": query}, request.receive))
        rows += rows_of(orjson.loads(answer.body)) or []
    return response(rows, answer.headers.get("link"))


def _next(answer: Response) -> bytes | None:
    """The query of the page that follows."""
    links = httpx.Response(200, headers={"link": answer.headers.get("link", "")}).links
    return links["next"]["url"].partition("?")[2].encode() if "next" in links else None
