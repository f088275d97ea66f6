"""Routes of deals: lists, one deal, its history, opening and revising."""
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from chassis.domain.indexing import instant_text
from chassis.http.history import history_page
from chassis.http.problems import ProblemError
from chassis.http.responses import page_schema
from chassis.http.routing import Paged, Write, WriteRequest, etag, json_response, page_response
from chassis.ports import Between
from chassis.service.context import CommandResult, Entity, HistoryRow, ServiceContext
from contracts.crm import DealKind, ForecastCategory
from contracts.kinds import Id, Line, Money
from contracts.pipeline import Reason
from services.pipeline.api.deal_access import (
    Body,
    Fields,
    OpportunityId,
    blueprint_of,
    book_of,
    business_time,
    deal_body,
    deal_or_404,
    field_errors,
    reason_body,
)
from services.pipeline.api.schemas import Deal
from services.pipeline.commands import OpenOpportunity, ReviseOpportunity
from services.pipeline.decider.deal_opening import blueprint_for, field_reasons, opening_reasons
from services.pipeline.decider.refusals import field_unknown
from services.pipeline.definitions.fields import LOSS_REASON, STANDARD
from services.pipeline.definitions.model import BlueprintDefinition
from services.pipeline.queries.deals import SORTS, conditions, find_deals

Ids = Annotated[list[str] | None, Query(max_length=100, description="Only these, as far as they exist")]
NOT_DEAL_FIELDS = {"opportunity_id", "business_line", "pipeline", "stage", "fields", "undated", "occurred_at"}
REFUSED = "crm.transition.refused.v1"


class About(Body):
    lead_id: Id | None = None
    customer_id: Id | None = None
    rep_id: Id | None = None
    region: str | None = None
    team: str | None = None
    product_id: Id | None = None
    campaign_id: Id | None = None
    amount: Money | None = None
    expected_close_on: date | None = None
    forecast_category: ForecastCategory | None = None
    deal_kind: DealKind | None = None
    lines: tuple[Line, ...] | None = None
    dimensions: dict[str, str | None] | None = None
    fields: Fields | None = None


class Opening(About):
    opportunity_id: Id | None = None
    business_line: Id | None = None
    pipeline: Id | None = None
    stage: Id | None = None
    undated: bool = False
    occurred_at: AwareDatetime | None = None


def router(context: ServiceContext) -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["pipeline"])

    @routes.get("/opportunities", response_model=page_schema(Deal))
    async def opportunities(
        request: Request, paged: Paged, business_line: str | None = None, pipeline: str | None = None,
        stage: str | None = None, status: Annotated[str | None, Query(pattern="^(open|won|lost)$")] = None,
        rep_id: str | None = None, region: str | None = None, team: str | None = None, customer_id: str | None = None,
        lead_id: str | None = None, id: Ids = None, sort: str | None = None,
        updated_since: AwareDatetime | None = None,
        q: Annotated[str | None, Query(max_length=128, description="Prefix of the id, alone; one page")] = None,
    ) -> Response:
        if q is not None:
            matches = await context.find_by_prefix("opportunity", q, limit=paged.limit)
            return page_response(request, [deal_body(e) for e in matches if e.state.deal is not None], None)
        if id is not None:
            known = await context.get_many("opportunity", list(dict.fromkeys(id)))
            return page_response(request, [deal_body(e) for e in known.values() if e.state.deal is not None], None)
        if sort is not None and sort.removeprefix("-") not in SORTS:
            raise ProblemError(400, "bad_sort", f"sort must be one of {', '.join(SORTS)}; prefix - for descending")
        since = None if updated_since is None else Between(low=instant_text(updated_since))
        where = conditions(
            business_line=business_line, pipeline=pipeline, stage=stage, status=status, rep_id=rep_id, region=region,
            team=team, customer_id=customer_id, lead_id=lead_id, updated=since)
        try:
            found = await find_deals(context, where, sort, paged.cursor, paged.limit)
        except ValueError as error:
            raise ProblemError(400, "bad_cursor", str(error)) from None
        return page_response(request, [deal_body(e) for e in found.items], found.next)

    @routes.post("/opportunities", response_model=Deal, status_code=201)
    async def open_opportunity(body: Opening, write: Write) -> Response:
        return await _open(context, body, write)

    @routes.get("/opportunities/{id}", response_model=Deal)
    async def opportunity(id: OpportunityId) -> Response:
        entity = await deal_or_404(context, id)
        return json_response(deal_body(entity), headers=etag(entity.rev))

    @routes.patch("/opportunities/{id}", response_model=Deal)
    async def revise_opportunity(id: OpportunityId, body: About, write: Write) -> Response:
        return await _revise(context, id, body, write)

    @routes.get("/opportunities/{id}/history", response_model=page_schema(HistoryRow))
    async def history(request: Request, id: OpportunityId, paged: Paged) -> Response:
        await deal_or_404(context, id)
        return await history_page(request, context, "opportunity", id, paged, data=_event_data)

    return routes


def _event_data(row: HistoryRow) -> Mapping[str, Any]:
    """The event's data; the reasons of a refusal in the language of the request."""
    if row.type != REFUSED:
        return row.data
    return {**row.data, "reasons": [reason_body(msgspec.convert(r, Reason)) for r in row.data["reasons"]]}


async def _open(context: ServiceContext, body: Opening, write: WriteRequest) -> Response:
    id = body.opportunity_id or _generated_id(write)
    command = OpenOpportunity(
        **business_time(context, body.occurred_at), actor=write.principal, ref=write.idempotency_key or str(uuid4()),
        business_line=body.business_line, pipeline=body.pipeline, stage=body.stage, undated=body.undated,
        about=_about(body, nulls=False), fields=body.fields or {},
    )
    blueprint = blueprint_for(book_of(context), command)
    if isinstance(blueprint, Reason):
        raise _invalid([blueprint])
    _require_none([*opening_reasons(blueprint, command), *_unknown_fields(blueprint, command.fields)])
    result = await _execute(context, id, command, write)
    headers = {"Location": f"/v1/opportunities/{id}", **etag(result.entity.rev)}
    return json_response(deal_body(result.entity), 201, headers)


def _generated_id(write: WriteRequest) -> str:
    """A request repeated under its idempotency key must name the same deal."""
    if write.idempotency_key is None:
        return str(uuid4())
    return str(uuid5(NAMESPACE_URL, f"{write.principal} {write.idempotency_key}"))


async def _revise(context: ServiceContext, id: str, body: About, write: WriteRequest) -> Response:
    write.require_match()
    entity = await deal_or_404(context, id)
    blueprint = blueprint_of(context, entity)
    fields = _patched_fields(body, entity)
    _require_none([*field_reasons(blueprint, fields), *_unknown_fields(blueprint, fields)])
    command = ReviseOpportunity(
        **business_time(context, None), actor=write.principal, ref=write.idempotency_key or str(uuid4()),
        about=_about(body, nulls=True), fields=fields,
    )
    result = await _execute(context, id, command, write)
    return json_response(deal_body(result.entity), headers=etag(result.entity.rev))


async def _execute(context: ServiceContext, id: str, command: Any, write: WriteRequest) -> CommandResult:
    return await context.execute(
        "opportunity", id, command, if_match=write.if_match, idempotency_key=write.idempotency_key,
        body_hash=write.body_hash, principal=write.principal)


def _about(body: About, *, nulls: bool) -> dict[str, Any]:
    """The deal's fields that the body names; a revision also takes nulls."""
    named = body.model_fields_set - NOT_DEAL_FIELDS
    return {n: v for n in sorted(named) if (v := getattr(body, n)) is not None or nulls}


def _patched_fields(body: About, entity: Entity) -> dict[str, Any]:
    """Fields of the layout to change; `fields: null` removes all of them."""
    if "fields" not in body.model_fields_set:
        return {}
    return dict.fromkeys(entity.state.fields) if body.fields is None else body.fields


def _unknown_fields(blueprint: BlueprintDefinition, fields: Mapping[str, Any]) -> list[Reason]:
    """`fields` takes those of the layout only; the standard ones are members of the body."""
    known = (set(blueprint.fields) - set(STANDARD)) | {LOSS_REASON}
    return [field_unknown(n) for n in fields if n not in known]


def _require_none(reasons: list[Reason]) -> None:
    if reasons:
        raise _invalid(reasons)


def _invalid(reasons: list[Reason]) -> ProblemError:
    return ProblemError(422, reasons[0].code, reasons[0].message, field_errors(reasons), params=reasons[0].params)
