"""HTTP: customers and segments. One question per route."""
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime
from starlette.responses import Response

from chassis.http.responses import paged
from chassis.http.routing import Paged, Problem, answer, etag, not_found, page
from chassis.ports import Contains
from chassis.service.context import Context, Entity
from services.segmentation import queries
from services.segmentation.api import schemas
from services.segmentation.api.cutoff_announcements import recompute
from services.segmentation.api.schemas import Matrix, MemberPage, Recomputed, Segments
from services.segmentation.definitions import Compiled, Segmentation
from services.segmentation.queries import Memory, Placed
from services.segmentation.state import Customer

Named = Annotated[str | None, Query(description="The segmentation; without it the first")]
Ids = Annotated[list[str] | None, Query(max_length=100, description="These and no others, those that are known")]
SORTS = {"name": "name", "spent": "spent_minor", "purchases": "purchases"}


def router(context: Context) -> APIRouter:
    compiled: Compiled = context.parts.extra.compiled
    memory: Memory = context.parts.extra.memory
    routes = APIRouter(tags=["segmentation"])

    @routes.get("/v1/customers", response_model=paged(schemas.Customer),
                summary="Customers, by segment, line, region or rep")
    async def customers(
        request: Request, paged: Paged, segment: str | None = None, business_line: str | None = None,
        region: str | None = None, rep_id: str | None = None, id: Ids = None,
        sort: Annotated[str, Query(pattern="^-?(name|spent|purchases)$")] = "name",
        q: Annotated[str | None, Query(max_length=128, description="Part of the name, or how the id begins")] = None,
        updated_since: AwareDatetime | None = None,
    ) -> Response:
        if id is not None:
            known = await context.read_many("customer", list(dict.fromkeys(id)))
            return page(request, [_customer(e) for e in known.values() if not e.state.erased], None)
        if q is not None:
            return page(request, [_customer(e) for e in await _matching(context, q, paged.limit)], None)
        asked = {"segment": segment, "business_line": business_line, "region": region, "rep_id": rep_id}
        where = {k: v for k, v in asked.items() if v is not None}
        found = await context.find("customer", where, order=SORTS[sort.removeprefix("-")],
                                   descending=sort.startswith("-"), after=paged.cursor, limit=paged.limit,
                                   updated_since=updated_since)
        return page(request, [_customer(e) for e in found.items if not e.state.erased], found.next)

    @routes.get("/v1/customers/{id}", response_model=schemas.Customer | schemas.CustomerAsOf,
                summary="One customer, as it stands or as it stood on a day")
    async def customer(id: str, as_of: date | None = None) -> Response:
        entity = await context.read("customer", id)
        if entity is None or entity.state.erased:
            raise not_found("customer", id)
        if as_of is None:
            return answer(_customer(entity), headers=etag(entity.rev))
        _, placed = await queries.as_it_was(context, compiled.first, as_of)
        then = next((p for p in placed if p.customer_id == id), None)
        return answer({**_customer(entity), "as_of": as_of, "segments": {compiled.first.name: _placed(then)}})

    @routes.get("/v1/segments", response_model=Segments,
                summary="Segments and how many customers stand in each, now or on a day")
    async def segments(as_of: date | None = None, segmentation: Named = None) -> Response:
        chosen = _chosen(compiled, segmentation)
        if as_of is None:
            known = await queries.cutoffs_now(context, chosen)
            counts: dict[str, int] = await queries.members(context, compiled, chosen)
            cutoffs = known.cutoffs if known else chosen.absolute
        else:
            cutoffs, placed = await queries.as_it_was(context, chosen, as_of)
            counts = {s.name: sum(p.segment == s.name for p in placed) for s in chosen.segments}
        items = [{"name": s.name, "title": s.title, "members": counts.get(s.name, 0)} for s in chosen.segments]
        return answer({"items": items, "next": None, "segmentation": chosen.ref, "as_of": as_of, "cutoffs": cutoffs,
                       "customers": sum(i["members"] for i in items)})

    @routes.get("/v1/segments/rfm/matrix", response_model=Matrix,
                summary="Customers and money by recency and by frequency with money")
    async def matrix(as_of: date | None = None, segmentation: Named = None) -> Response:
        chosen = _chosen(compiled, segmentation)
        placed = await _placings(context, chosen, as_of)
        return answer({"cells": queries.matrix(placed), "segmentation": chosen.ref, "as_of": as_of})

    @routes.get("/v1/segments/{name}/members", response_model=MemberPage,
                summary="Who stands in a segment, now or on a day")
    async def members(
        name: str, request: Request, paged: Paged, as_of: date | None = None, segmentation: Named = None,
    ) -> Response:
        chosen = _chosen(compiled, segmentation)
        if name not in {s.name for s in chosen.segments}:
            raise not_found("segment", name)
        if as_of is None:
            everyone = await queries.as_it_is(context, chosen)
        else:
            everyone = await queries.listed(context, memory, chosen, as_of, on=paged.cursor is not None)
        placed = [p for p in everyone if p.segment == name]
        after = paged.cursor or ""
        rest = sorted((p for p in placed if p.customer_id > after), key=lambda p: p.customer_id)
        items, more = rest[: paged.limit], len(rest) > paged.limit
        now = await context.read_many("customer", [p.customer_id for p in items])  # of a listing some may be gone
        shown = [_member(p) for p in items if p.customer_id in now and not now[p.customer_id].state.erased]
        return page(request, shown, items[-1].customer_id if more else None, members=len(placed), as_of=as_of)

    @routes.post("/v1/segments/recompute", response_model=Recomputed, status_code=202,
                 summary="New cut-offs as of a day, told to every customer")
    async def recompute_now(as_of: date, segmentation: Named = None) -> Response:
        state = await recompute(context, _chosen(compiled, segmentation), as_of, "asked")
        return answer({"version": state.version, "as_of": state.as_of, "cutoffs": state.cutoffs}, 202)

    return routes


async def _matching(context: Context, text: str, limit: int) -> list[Entity]:
    named = await context.find("customer", {"name": Contains(text)}, order="name", limit=limit)
    begun = await context.begins("customer", text, limit=limit)
    found = {e.key: e for e in (*begun, *named.items) if not e.state.erased}
    return list(found.values())[:limit]


def _chosen(compiled: Compiled, name: str | None) -> Segmentation:
    if name is None:
        return compiled.first
    if name not in compiled.segmentations:
        raise Problem(404, "not_found", f"There is no segmentation {name!r}; there are: "
                      + ", ".join(compiled.segmentations) + ".")
    return compiled.segmentations[name]


async def _placings(context: Context, chosen: Segmentation, as_of: date | None) -> list[Placed]:
    if as_of is None:
        return await queries.as_it_is(context, chosen)
    return (await queries.as_it_was(context, chosen, as_of))[1]


def _customer(entity: Entity) -> dict[str, Any]:
    c: Customer = entity.state
    return {
        "customer_id": entity.key, "name": c.name, "business_line": c.business_line, "region": c.region,
        "team": c.team, "rep_id": c.rep_id, "dimensions": dict(c.dimensions), "attributes": dict(c.attributes),
        "contacts": list(c.contacts), "merged_into": c.merged_into,
        "purchases": sum(d.n for d in c.days), "spent": _spent(c),
        "first_purchase_on": min((d.day for d in c.days), default=None),
        "last_purchase_on": max((d.day for d in c.days), default=None),
        "segments": {name: {"segment": s.segment, "since": s.since, "as_of": s.as_of, "profile": s.profile,
                            "model": s.model} for name, s in c.standings.items()},
    }


def _spent(c: Customer) -> Iterable[dict[str, Any]]:
    totals: dict[str, int] = {}
    for d in c.days:
        totals[d.currency] = totals.get(d.currency, 0) + d.amount_minor
    return [{"amount_minor": amount, "currency": currency} for currency, amount in sorted(totals.items())]


def _placed(p: Placed | None) -> dict[str, Any] | None:
    return {"segment": p.segment, "profile": p.profile} if p else None


def _member(p: Placed) -> dict[str, Any]:
    return {"customer_id": p.customer_id, "name": p.name, "segment": p.segment, "profile": p.profile}
