"""`GET /v1/activities`: what was planned, done and voided, of whom and about what."""
import re
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from chassis.http.responses import paged
from chassis.http.routing import Fault, Paged, Problem, page
from contracts.crm import ActivityKind
from contracts.kinds import ID_PATTERN, Id
from services.kpi.api.schemas import Activity
from services.kpi.queries import Desk
from services.kpi.queries.activities import Asked, activities

SUBJECT = re.compile(r"(lead|opportunity|customer):(.+)")
Subject = Annotated[
    str | None, Query(max_length=140, description="`lead:…`, `opportunity:…` or `customer:…`")]
Label = Annotated[str | None, Query(max_length=200)]


def router(desk: Desk) -> APIRouter:
    routes = APIRouter(tags=["kpi"])

    @routes.get("/v1/activities", response_model=paged(Activity),
                summary="Activities, those of a subject or the latest")
    async def listed(
        request: Request, paged: Paged, subject: Subject = None,
        kind: ActivityKind | None = None, status: Literal["planned", "done", "voided"] | None = None,
        rep_id: Id | None = None, team: Label = None, region: Label = None, business_line: Label = None,
        from_: Annotated[date | None, Query(alias="from")] = None, to: date | None = None,
    ) -> Response:
        """Days are of the company's zone, `to` is exclusive; with a subject they are not asked. A page may hold fewer
        than asked for while there are more."""
        named = {"kind": kind, "rep_id": rep_id, "team": team, "region": region, "business_line": business_line}
        asked = Asked(_subject(subject), {n: v for n, v in named.items() if v is not None}, status, from_, to)
        items, cursor = await activities(desk, asked, paged.cursor, paged.limit)
        return page(request, items, cursor)

    return routes


def _subject(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    found = SUBJECT.fullmatch(text)
    if found is None or not re.fullmatch(ID_PATTERN, found[2]):
        fault = Fault("bad_subject", "/query/subject", "Say the kind and the id, such as opportunity:4711.")
        raise Problem(422, "invalid", fault.message, [fault])
    return found[1], found[2]
