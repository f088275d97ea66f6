"""Renders lists as CSV. Text that a spreadsheet would run as a formula gets a leading `'`; numbers stay numbers."""
import csv
import io
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any

import httpx
import orjson
from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from chassis.http.problems import ProblemError

TYPE = "text/csv"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
MAX_ROWS = 20_000
MONEY = {"amount_minor", "currency"}


def not_a_list() -> ProblemError:
    return ProblemError(406, "no_list", "text/csv is supported for list endpoints only.")


def accepts_csv(accept: str) -> bool:
    """Whether the Accept header names CSV, and before JSON."""
    kinds = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    return TYPE in kinds and "application/json" not in kinds[: kinds.index(TYPE)]


def rows_of(body: Any) -> list[dict[str, Any]] | None:
    """The rows of a response body; None when it is not a list."""
    if isinstance(body, Mapping):
        for name in ("items", "rows"):
            rows = body.get(name)
            if isinstance(rows, list) and all(isinstance(x, dict) for x in rows):
                return rows
    return None


def to_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """RFC 4180, UTF-8. Money and dimensions get a column per member, deeper values are JSON."""
    flat = [flattened(row) for row in rows]
    columns: dict[str, None] = {}
    for row in flat:
        columns |= dict.fromkeys(row)
    return table(list(columns), flat)


def table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow([cell(c) for c in columns])
    for row in rows:
        writer.writerow([cell(row.get(c)) for c in columns])
    return text.getvalue()


def csv_response(rows: Iterable[Mapping[str, Any]], link: str | None) -> Response:
    """A file to save; `link` leads to the rest of the list."""
    headers = {"content-disposition": 'attachment; filename="export.csv"', **({} if link is None else {"link": link})}
    return Response(to_csv(rows), 200, headers, f"{TYPE}; charset=utf-8")


def flattened(row: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping) and (set(value) == MONEY or name in ("dimensions", "scope", "profile")):
            flat |= {f"{name}.{key}": inner for key, inner in value.items()}
        else:
            flat[name] = value
    return flat


def cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return f"'{text}" if text.startswith(FORMULA) else text


# --- the gateway's own lists -----------------------------------------------------------------------------------------

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class CsvRoute(APIRoute):
    """A route whose list is also available as CSV: the requested page, or without a limit up to `MAX_ROWS`."""

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()

        async def respond(request: Request) -> Response:
            response = await handler(request)
            as_csv = request.method == "GET" and accepts_csv(request.headers.get("accept", ""))
            return await _exported(request, handler, response) if as_csv and response.status_code == 200 else response

        return respond


async def _exported(request: Request, handler: Handler, response: Response) -> Response:
    rows = rows_of(orjson.loads(response.body))
    if rows is None:
        raise not_a_list()
    all_pages = not {"limit", "cursor"} & set(request.query_params)
    while all_pages and (query := _next_query(response)) is not None and len(rows) < MAX_ROWS:
        response = await handler(Request({**request.scope, "query_string": query}, request.receive))
        rows += rows_of(orjson.loads(response.body)) or []
    return csv_response(rows, response.headers.get("link"))


def _next_query(response: Response) -> bytes | None:
    """The query of the next page, from the `Link` header."""
    links = httpx.Response(200, headers={"link": response.headers.get("link", "")}).links
    return links["next"]["url"].partition("?")[2].encode() if "next" in links else None
