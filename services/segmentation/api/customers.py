"""Routes of customers: lists, search, one customer now or as of a day."""
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime
from starlette.responses import Response

from chassis.http.problems import not_found
from chassis.http.responses import page_schema
from chassis.http.routing import Paged, etag, json_response, page_response
from chassis.ports import Contains
from chassis.service.context import Entity, ServiceContext
from services.segmentation.api.schemas import Customer, CustomerAsOf
from services.segmentation.queries.customers import placements_on
from services.segmentation.queries.process_state import PlacedCustomer, runtime_of
from services.segmentation.state.customer import CustomerState

Ids = Annotated[list[str] | None, Query(max_length=100, description="Only these, as far as they exist")]
SORTS = {"name": "name", "spent": "spent_minor", "purchases": "purchases"}


def add_routes(routes: APIRouter, context: ServiceContext) -> None:
    first = runtime_of(context).segmentations.first

    @routes.get("/v1/customers", response_model=page_schema(Customer),
                summary="Customers, by segment, line, region or rep")
    async def customers(
        request: Request, paged: Paged, segment: str | None = None, business_line: str | None = None,
        region: str | None = None, rep_id: str | None = None, id: Ids = None,
        sort: Annotated[str, Query(pattern="^-?(name|spent|purchases)$")] = "name",
        q: Annotated[str | None, Query(max_length=128, description="Part of the name, or prefix of the id")] = None,
        updated_since: AwareDatetime | None = None,
    ) -> Response:
        if id is not None:
            known = await context.get_many("customer", list(dict.fromkeys(id)))
            return page_response(request, [customer_body(e) for e in known.values() if not e.state.erased], None)
        if q is not None:
            matches = await _search(context, q, paged.limit)
            return page_response(request, [customer_body(e) for e in matches], None)
        filters = {"segment": segment, "business_line": business_line, "region": region, "rep_id": rep_id}
        where = {k: v for k, v in filters.items() if v is not None}
        page = await context.find("customer", where, order=SORTS[sort.removeprefix("-")],
                                   descending=sort.startswith("-"), after=paged.cursor, limit=paged.limit,
                                   updated_since=updated_since)
        return page_response(request, [customer_body(e) for e in page.items if not e.state.erased], page.next)

    @routes.get("/v1/customers/{id}", response_model=Customer | CustomerAsOf,
                summary="One customer, now or as of a day")
    async def customer(id: str, as_of: date | None = None) -> Response:
        entity = await context.get("customer", id)
        if entity is None or entity.state.erased:
            raise not_found("customer", id)
        if as_of is None:
            return json_response(customer_body(entity), headers=etag(entity.rev))
        _, placed = await placements_on(context, first, as_of)
        then = next((p for p in placed if p.customer_id == id), None)
        return json_response({**customer_body(entity), "as_of": as_of, "segments": {first.name: _placement_body(then)}})


async def _search(context: ServiceContext, text: str, limit: int) -> list[Entity]:
    by_name = await context.find("customer", {"name": Contains(text)}, order="name", limit=limit)
    by_id = await context.find_by_prefix("customer", text, limit=limit)
    matches = {e.key: e for e in (*by_id, *by_name.items) if not e.state.erased}
    return list(matches.values())[:limit]


def customer_body(entity: Entity) -> dict[str, Any]:
    customer: CustomerState = entity.state
    return {
        "customer_id": entity.key, "name": customer.name, "business_line": customer.business_line,
        "region": customer.region, "team": customer.team, "rep_id": customer.rep_id,
        "dimensions": dict(customer.dimensions), "attributes": dict(customer.attributes),
        "contacts": list(customer.contacts), "merged_into": customer.merged_into,
        "purchases": sum(d.n for d in customer.days), "spent": _spent(customer),
        "first_purchase_on": min((d.day for d in customer.days), default=None),
        "last_purchase_on": max((d.day for d in customer.days), default=None),
        "segments": {name: {"segment": p.segment, "since": p.since, "as_of": p.as_of, "profile": p.profile,
                            "model": p.model} for name, p in customer.placements.items()},
    }


def _spent(customer: CustomerState) -> Iterable[dict[str, Any]]:
    totals: dict[str, int] = {}
    for d in customer.days:
        totals[d.currency] = totals.get(d.currency, 0) + d.amount_minor
    return [{"amount_minor": amount, "currency": currency} for currency, amount in sorted(totals.items())]


def _placement_body(p: PlacedCustomer | None) -> dict[str, Any] | None:
    return {"segment": p.segment, "profile": p.profile} if p else None
