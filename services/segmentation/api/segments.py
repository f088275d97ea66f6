"""Routes of segments: sizes, the matrix, members, recomputing the cut-offs."""
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from chassis.http.problems import ProblemError, not_found
from chassis.http.routing import Paged, json_response, page_response
from chassis.service.context import ServiceContext
from services.segmentation.api.cutoff_announcements import recompute
from services.segmentation.api.schemas import Matrix, MemberPage, Recomputed, Segments
from services.segmentation.definitions.segmentation import Segmentation, Segmentations
from services.segmentation.queries.customers import (
    listing_on,
    matrix,
    member_counts,
    placements_now,
    placements_on,
    present_cutoffs,
)
from services.segmentation.queries.process_state import PlacedCustomer, runtime_of

Named = Annotated[str | None, Query(description="The segmentation; without it the first")]


def add_routes(routes: APIRouter, context: ServiceContext) -> None:
    segmentations, process = runtime_of(context).segmentations, runtime_of(context).process

    @routes.get("/v1/segments", response_model=Segments,
                summary="Segments and how many customers are in each, now or as of a day")
    async def segments(as_of: date | None = None, segmentation: Named = None) -> Response:
        selected = _selected(segmentations, segmentation)
        if as_of is None:
            known = await present_cutoffs(context, selected)
            counts: dict[str, int] = await member_counts(context, segmentations, selected)
            cutoffs = known.cutoffs if known else selected.absolute
        else:
            cutoffs, placed = await placements_on(context, selected, as_of)
            counts = {s.name: sum(p.segment == s.name for p in placed) for s in selected.segments}
        items = [{"name": s.name, "title": s.title, "members": counts.get(s.name, 0)} for s in selected.segments]
        return json_response({"items": items, "next": None, "segmentation": selected.ref, "as_of": as_of,
                              "cutoffs": cutoffs, "customers": sum(i["members"] for i in items)})

    @routes.get("/v1/segments/rfm/matrix", response_model=Matrix,
                summary="Customers and money by recency and by frequency with money")
    async def cells(as_of: date | None = None, segmentation: Named = None) -> Response:
        selected = _selected(segmentations, segmentation)
        if as_of is None:
            placed = await placements_now(context, selected)
        else:
            _, placed = await placements_on(context, selected, as_of)
        return json_response({"cells": matrix(placed), "segmentation": selected.ref, "as_of": as_of})

    @routes.get("/v1/segments/{name}/members", response_model=MemberPage,
                summary="Members of a segment, now or as of a day")
    async def members(
        name: str, request: Request, paged: Paged, as_of: date | None = None, segmentation: Named = None,
    ) -> Response:
        selected = _selected(segmentations, segmentation)
        if name not in {s.name for s in selected.segments}:
            raise not_found("segment", name)
        if as_of is None:
            everyone = await placements_now(context, selected)
        else:
            everyone = await listing_on(context, process, selected, as_of, further_page=paged.cursor is not None)
        placed = [p for p in everyone if p.segment == name]
        after = paged.cursor or ""
        rest = sorted((p for p in placed if p.customer_id > after), key=lambda p: p.customer_id)
        items, more = rest[: paged.limit], len(rest) > paged.limit
        present = await context.get_many("customer", [p.customer_id for p in items])  # a listing may be out of date
        bodies = [_member_body(p) for p in items if p.customer_id in present
                  and not present[p.customer_id].state.erased]
        return page_response(request, bodies, items[-1].customer_id if more else None, members=len(placed),
                             as_of=as_of)

    @routes.post("/v1/segments/recompute", response_model=Recomputed, status_code=202,
                 summary="New cut-offs as of a day, sent to every customer")
    async def recompute_now(as_of: date, segmentation: Named = None) -> Response:
        state = await recompute(context, _selected(segmentations, segmentation), as_of, "asked")
        return json_response({"version": state.version, "as_of": state.as_of, "cutoffs": state.cutoffs}, 202)


def _selected(segmentations: Segmentations, name: str | None) -> Segmentation:
    if name is None:
        return segmentations.first
    if name not in segmentations.segmentations:
        known = ", ".join(segmentations.segmentations)
        raise ProblemError(404, "not_found", f"Segmentation {name!r} is not defined; use one of {known}")
    return segmentations.segmentations[name]


def _member_body(p: PlacedCustomer) -> dict[str, Any]:
    return {"customer_id": p.customer_id, "name": p.name, "segment": p.segment, "profile": p.profile}
