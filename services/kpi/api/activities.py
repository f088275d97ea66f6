"""`GET /v1/activities`: planned, done and voided activities."""
import re
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from chassis.http.problems import ProblemError
from chassis.http.responses import page_schema
from chassis.http.routing import Paged, page_response
from chassis.messages.codec.errors import FieldError
from contracts.crm import ActivityKind
from contracts.kinds import ID_PATTERN, Id
from services.kpi.api.schemas import Activity
from services.kpi.queries import FigureQueries
from services.kpi.queries.activities import ActivityFilter, activities

SUBJECT = re.compile(r"(lead|opportunity|customer):(.+)")
Subject = Annotated[
    str | None, Query(max_length=140, description="`lead:…`, `opportunity:…` or `customer:…`")]
Label = Annotated[str | None, Query(max_length=200)]


def router(queries: FigureQueries) -> APIRouter:
    routes = APIRouter(tags=["kpi"])

    @routes.get("/v1/activities", response_model=page_schema(Activity),
                summary="Activities, those of a subject or the latest")
    async def listed(
        request: Request, paged: Paged, subject: Subject = None,
        kind: ActivityKind | None = None, status: Literal["planned", "done", "voided"] | None = None,
        rep_id: Id | None = None, team: Label = None, region: Label = None, business_line: Label = None,
        from_: Annotated[date | None, Query(alias="from")] = None, to: date | None = None,
    ) -> Response:
        """Days are local days of the company, `to` is exclusive; with a subject they are ignored. A page may have fewer
        items than `limit` although more follow."""
        fields = {"kind": kind, "rep_id": rep_id, "team": team, "region": region, "business_line": business_line}
        criteria = ActivityFilter(
            _subject(subject), {n: v for n, v in fields.items() if v is not None}, status, from_, to)
        items, cursor = await activities(queries, criteria, paged.cursor, paged.limit)
        return page_response(request, items, cursor)

    return routes


def _subject(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    match = SUBJECT.fullmatch(text)
    if match is None or not re.fullmatch(ID_PATTERN, match[2]):
        fault = FieldError(
            "bad_subject", "/query/subject",
            "must be kind:id with kind lead, opportunity or customer, such as opportunity:4711.")
        raise ProblemError(422, "invalid", fault.message, [fault])
    return match[1], match[2]
