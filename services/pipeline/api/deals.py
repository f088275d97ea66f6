"""Deals: lists, one, its history; opening and revising."""
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from chassis.http.responses import paged
from chassis.http.routing import (
    Fault,
    Paged,
    Problem,
    Write,
    WriteRequest,
    answer,
    decode_cursor,
    encode_cursor,
    etag,
    page,
)
from chassis.ports import Between
from chassis.service.context import Context, Entity, HistoryRow, Outcome
from contracts.crm import DealKind, ForecastCategory
from contracts.kinds import Id, Line, Money
from contracts.pipeline import Reason
from services.pipeline.api.common import (
    Body,
    Fields,
    OpportunityId,
    blueprint_of,
    book_of,
    business_time,
    deal_or_404,
    item,
)
from services.pipeline.api.schemas import Deal
from services.pipeline.commands import OpenOpportunity, ReviseOpportunity
from services.pipeline.decider.checks import pointer
from services.pipeline.decider.deal_opening import blueprint_for, wrong_fields, wrong_opening
from services.pipeline.definitions import LOSS_REASON, STANDARD, Blueprint
from services.pipeline.queries.deals import SORTS, conditions, page_of
from services.pipeline.state import instant

Ids = Annotated[list[str] | None, Query(max_length=100, description="These and no others, those that are known")]
NOT_ABOUT = {"opportunity_id", "business_line", "pipeline", "stage", "fields", "undated", "occurred_at"}


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


def router(context: Context) -> APIRouter:
    made = APIRouter()

    @made.get("/opportunities", response_model=paged(Deal))
    async def opportunities(
        request: Request, paged: Paged, business_line: str | None = None, pipeline: str | None = None,
        stage: str | None = None, status: Annotated[str | None, Query(pattern="^(open|won|lost)$")] = None,
        rep_id: str | None = None, region: str | None = None, team: str | None = None, customer_id: str | None = None,
        lead_id: str | None = None, id: Ids = None, sort: str | None = None,
        updated_since: AwareDatetime | None = None,
        q: Annotated[str | None, Query(max_length=128, description="How the id begins; alone, one page")] = None,
    ) -> Response:
        if q is not None:
            begun = await context.begins("opportunity", q, limit=paged.limit)
            return page(request, [item(e) for e in begun if e.state.deal is not None], None)
        if id is not None:
            known = await context.read_many("opportunity", list(dict.fromkeys(id)))
            return page(request, [item(e) for e in known.values() if e.state.deal is not None], None)
        if sort is not None and sort.removeprefix("-") not in SORTS:
            raise Problem(400, "bad_sort", f"sort is one of {', '.join(SORTS)}, with a hyphen for descending.")
        since = None if updated_since is None else Between(low=instant(updated_since))
        where = conditions(
            business_line=business_line, pipeline=pipeline, stage=stage, status=status, rep_id=rep_id, region=region,
            team=team, customer_id=customer_id, lead_id=lead_id, updated=since)
        try:
            found = await page_of(context, where, sort, paged.cursor, paged.limit)
        except ValueError as error:
            raise Problem(400, "bad_cursor", str(error)) from None
        return page(request, [item(e) for e in found.items], found.next)

    @made.post("/opportunities", response_model=Deal, status_code=201)
    async def open_opportunity(body: Opening, write: Write) -> Response:
        return await opened(context, body, write)

    @made.get("/opportunities/{id}", response_model=Deal)
    async def opportunity(id: OpportunityId) -> Response:
        entity = await deal_or_404(context, id)
        return answer(item(entity), headers=etag(entity.rev))

    @made.patch("/opportunities/{id}", response_model=Deal)
    async def revise_opportunity(id: OpportunityId, body: About, write: Write) -> Response:
        return await revised(context, id, body, write)

    @made.get("/opportunities/{id}/history", response_model=paged(HistoryRow))
    async def history(request: Request, id: OpportunityId, paged: Paged) -> Response:
        await deal_or_404(context, id)
        after = 0 if paged.cursor is None else int(decode_cursor(paged.cursor, int)[0])
        rows = await context.history("opportunity", id, after=after, limit=paged.limit)
        more = encode_cursor(rows[-1].sequence) if len(rows) == paged.limit else None
        return page(request, rows, more)

    return made


async def opened(context: Context, body: Opening, write: WriteRequest) -> Response:
    id = body.opportunity_id or _made_id(write)
    command = OpenOpportunity(
        **business_time(context, body.occurred_at), actor=write.principal, ref=write.idempotency_key or str(uuid4()),
        business_line=body.business_line, pipeline=body.pipeline, stage=body.stage, undated=body.undated,
        about=_about(body, everything=False), fields=body.fields or {},
    )
    blueprint, why = blueprint_for(book_of(context), command)
    if blueprint is None:
        raise _unfit([why])
    _refuse_misfits([*wrong_opening(blueprint, command), *_unknown(blueprint, command.fields)])
    outcome = await _ask(context, id, command, write)
    headers = {"Location": f"/v1/opportunities/{id}", **etag(outcome.entity.rev)}
    return answer(item(outcome.entity), 201, headers)


def _made_id(write: WriteRequest) -> str:
    """A request repeated under its idempotency key must name the same deal."""
    if write.idempotency_key is None:
        return str(uuid4())
    return str(uuid5(NAMESPACE_URL, f"{write.principal} {write.idempotency_key}"))


async def revised(context: Context, id: str, body: About, write: WriteRequest) -> Response:
    write.require_match()
    entity = await deal_or_404(context, id)
    blueprint = blueprint_of(context, entity)
    fields = _patched_fields(body, entity)
    _refuse_misfits([*wrong_fields(blueprint, fields), *_unknown(blueprint, fields)])
    command = ReviseOpportunity(
        **business_time(context, None), actor=write.principal, ref=write.idempotency_key or str(uuid4()),
        about=_about(body, everything=True), fields=fields,
    )
    outcome = await _ask(context, id, command, write)
    return answer(item(outcome.entity), headers=etag(outcome.entity.rev))


async def _ask(context: Context, id: str, command: Any, write: WriteRequest) -> Outcome:
    return await context.ask(
        "opportunity", id, command, if_match=write.if_match, idempotency_key=write.idempotency_key,
        body_hash=write.body_hash, principal=write.principal)


def _about(body: About, *, everything: bool) -> dict[str, Any]:
    """What the body named; of an opening only what has a value."""
    named = body.model_fields_set - NOT_ABOUT
    return {n: v for n in sorted(named) if (v := getattr(body, n)) is not None or everything}


def _patched_fields(body: About, entity: Entity) -> dict[str, Any]:
    if "fields" not in body.model_fields_set:
        return {}
    return dict.fromkeys(entity.state.fields) if body.fields is None else body.fields


def _unknown(blueprint: Blueprint, fields: Mapping[str, Any]) -> list[Reason]:
    """`fields` are those of the layout; what every deal has stands beside them."""
    known = (set(blueprint.fields) - set(STANDARD)) | {LOSS_REASON}
    return [Reason(code="field_unknown", path=pointer("fields", n), message=f"The layout has no field {n!r}.",
                   params={"name": n})
            for n in fields if n not in known]


def _refuse_misfits(reasons: list[Reason]) -> None:
    if reasons:
        raise _unfit(reasons)


def _unfit(reasons: list[Reason]) -> Problem:
    faults = [Fault(r.code, r.path, r.message, r.params) for r in reasons]
    return Problem(422, reasons[0].code, reasons[0].message, faults, params=reasons[0].params)
