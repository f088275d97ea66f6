"""History pages: the published events of one aggregate, oldest first, with one cursor format for every service."""
from collections.abc import Callable
from typing import Any

from fastapi import Request, Response

from chassis.http.routing import PageRequest, decode_cursor, encode_cursor, page_response
from chassis.service.context import HistoryRow, ServiceContext


async def history_page(
    request: Request, context: ServiceContext, aggregate: str, key: str, paged: PageRequest, *,
    data: Callable[[HistoryRow], Any] = lambda row: row.data,
) -> Response:
    """`{items: [{sequence, id, type, time, data}], next}`. `data(row)`: the event's data as it is shown."""
    after = 0 if paged.cursor is None else int(decode_cursor(paged.cursor, int)[0])
    rows = await context.history(aggregate, key, after=after, limit=paged.limit)
    items = [{"sequence": r.sequence, "id": r.id, "type": r.type, "time": r.time, "data": data(r)} for r in rows]
    return page_response(request, items, encode_cursor(rows[-1].sequence) if len(rows) == paged.limit else None)
