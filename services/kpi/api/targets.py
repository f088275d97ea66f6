"""`/v1/targets/{period}`: the targets of a period, and their attainment."""
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from chassis.http.problems import ProblemError, not_in_this_release
from chassis.http.responses import page_schema
from chassis.http.routing import Write, json_response, page_response
from chassis.messages.codec.errors import FieldError
from chassis.service.context import Entity
from services.kpi.api import schemas
from services.kpi.api.kpis import freshness
from services.kpi.api.schemas import Attainment
from services.kpi.commands import SetTarget
from services.kpi.queries import FigureQueries, InvalidPeriod, Period, answer_query, parse_query
from services.kpi.queries.figures import queryable_dimensions
from services.kpi.queries.request_scope import scope_covers
from services.kpi.state import TargetState, target_key


class TargetBody(BaseModel):
    """`scope`: {dimension: label}, empty for the whole company. Money in minor units, with its currency. `rev`: that of
    the target that was read (0: it did not exist); 412 when it has changed since."""

    model_config = ConfigDict(extra="forbid")

    measure: str
    scope: dict[str, str] = {}
    value: Annotated[str | int | float | None, Field()] = None
    currency: Annotated[str | None, Field(pattern="^[A-Z]{3}$")] = None
    growth: dict[str, Any] | None = None
    rev: Annotated[int | None, Field(ge=0)] = None


def router(queries: FigureQueries) -> APIRouter:
    routes = APIRouter(tags=["kpi"])
    context = queries.context

    @routes.post("/v1/targets/solve", status_code=501, summary="Not in this release: targets derived backwards")
    async def solve() -> Response:
        raise not_in_this_release("targets derived backwards")

    @routes.get("/v1/targets/{period}", response_model=page_schema(schemas.Target), summary="The targets of a period")
    async def targets(period: str, request: Request) -> Response:
        found = await _targets(queries, _period(queries, period))
        return page_response(request, [_target_body(t) for t in found], None)

    @routes.put("/v1/targets/{period}", response_model=page_schema(schemas.Target),
                summary="Set targets; others of the period stay")
    async def set_targets(period: str, wanted: list[TargetBody], write: Write) -> Response:
        label = _period(queries, period).label
        await _check_scope(queries, wanted)
        faults = [f for i, w in enumerate(wanted) for f in _faults(queries, i, w)]
        if faults:
            raise ProblemError(422, "invalid", faults[0].message, faults)
        now = context.now()
        for i, w in enumerate(wanted):
            key = target_key(label, w.measure, w.scope, w.currency)
            await context.execute(
                "target", key,
                SetTarget(at=now, actor=write.principal, ref=key, period=label, measure=w.measure, scope=w.scope,
                          value=_text(w.value), currency=w.currency),
                if_match=w.rev,
                idempotency_key=f"{write.idempotency_key}:{i}" if write.idempotency_key else None,
                body_hash=write.body_hash, principal=write.principal)
        found = await _targets(queries, _period(queries, period))
        return json_response({"items": [_target_body(t) for t in found], "next": None})

    @routes.get("/v1/targets/{period}/attainment", response_model=Attainment,
                summary="Each target of a period with its figure, attainment, pace")
    async def attainment(period: str) -> Response:
        parsed = _period(queries, period)
        reader = await queries.reader({})  # each target is in scope and limits its query, so one reader serves all
        items = []
        for entity in await _targets(queries, parsed):
            target: TargetState = entity.state
            where = [f"{k}:{v}" for k, v in target.scope.items()]
            if target.currency:
                where.append(f"currency:{target.currency}")
            q = parse_query(queries.catalogue, queries.calendar, target.measure, {"period": period, "where": where},
                         queries.today())
            rows = (await answer_query(queries, reader, q))["rows"]
            row: dict[str, Any] = next((r for r in rows if "target" in r), {})
            items.append({**_target_body(entity), "actual": row.get("value", 0),
                          "attainment": row.get("attainment", 0.0), "pace": row.get("pace")})
        return json_response({"period": parsed.label, **await freshness(queries), "items": items, "next": None})

    return routes


def _period(queries: FigureQueries, text: str) -> Period:
    try:
        return queries.calendar.parse(text)
    except InvalidPeriod as error:
        raise ProblemError(422, "bad_period", str(error)) from None


async def _targets(queries: FigureQueries, period: Period) -> Sequence[Entity]:
    """Those in the request's scope: a rep's own; for the lead of a team, region or business line, theirs and below."""
    found: list[Entity] = []
    reference = (await queries.reader()).reference
    after: str | None = None
    while True:
        page = await queries.context.find("target", {"period": period.label}, after=after, limit=500)
        found += [e for e in page.items if scope_covers(e.state.scope, reference, queries.today())]
        if page.next is None:
            return sorted(found, key=lambda e: (e.state.measure, sorted(e.state.scope.items()), e.state.currency or ""))
        after = page.next


async def _check_scope(queries: FigureQueries, wanted: Sequence[TargetBody]) -> None:
    """Raises Problem 403 for a target of others."""
    reference = (await queries.reader()).reference
    faults = [FieldError("outside_scope", f"/{i}/scope", "This target is outside of your scope.")
              for i, w in enumerate(wanted) if not scope_covers(w.scope, reference, queries.today())]
    if faults:
        raise ProblemError(403, "outside_scope", faults[0].message, faults)


def _target_body(entity: Entity) -> dict[str, Any]:
    t: TargetState = entity.state
    value = Decimal(t.value or "0")
    return {"period": t.period, "measure": t.measure, "scope": dict(t.scope), "currency": t.currency,
            "value": int(value) if value == int(value) else float(value), "set_at": t.set_at, "set_by": t.set_by,
            "rev": entity.rev}


def _text(value: str | int | float | None) -> str:
    return format(Decimal(str(value)).normalize(), "f")


def _faults(queries: FigureQueries, index: int, wanted: TargetBody) -> list[FieldError]:
    if wanted.growth is not None:
        raise not_in_this_release("targets by growth")
    measure = queries.catalogue.measures.get(wanted.measure)
    if measure is None:
        return [FieldError("unknown_measure", f"/{index}/measure", f"Measure {wanted.measure!r} does not exist.")]
    basis = queries.catalogue.basis_of(measure)
    allowed = queryable_dimensions(basis)
    faults = [FieldError("unknown_dimension", f"/{index}/scope/{name}",
                         f"{name!r} is not a dimension of {measure.name}; allowed are {', '.join(allowed)}.")
              for name in wanted.scope if name not in allowed]
    if wanted.value is None or not re.fullmatch(r"-?\d{1,18}(\.\d{1,12})?", str(wanted.value)):
        faults.append(FieldError("bad_value", f"/{index}/value", "must be a number in the measure's unit."))
    if basis.by_currency and wanted.currency is None:
        faults.append(FieldError(
            "currency_required", f"/{index}/currency", f"{measure.name} is money: `currency` is required."))
    if not basis.by_currency and wanted.currency is not None:
        faults.append(FieldError(
            "no_currency", f"/{index}/currency", f"{measure.name} is not money: leave out `currency`."))
    return faults
