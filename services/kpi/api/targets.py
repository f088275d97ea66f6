"""`/v1/targets/{period}`: plain numbers to aim at, and how far they are reached."""
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from chassis.http.responses import paged
from chassis.http.routing import Fault, Problem, Write, answer, not_in_this_release, page
from chassis.service.context import Entity
from services.kpi.api import schemas
from services.kpi.api.kpis import freshness
from services.kpi.api.schemas import Attainment
from services.kpi.commands import SetTarget
from services.kpi.queries import BadPeriod, Desk, Period, answered, question
from services.kpi.queries.figures import askable, within_reach
from services.kpi.state import Target, target_key


class TargetAsked(BaseModel):
    """`scope`: {dimension: label}, empty for the whole company. Money in minor units, with its currency. `rev`: of the
    target that was seen (0: there was none); 412 when it has been changed since."""

    model_config = ConfigDict(extra="forbid")

    measure: str
    scope: dict[str, str] = {}
    value: Annotated[str | int | float | None, Field()] = None
    currency: Annotated[str | None, Field(pattern="^[A-Z]{3}$")] = None
    growth: dict[str, Any] | None = None
    rev: Annotated[int | None, Field(ge=0)] = None


def router(desk: Desk) -> APIRouter:
    routes = APIRouter(tags=["kpi"])
    context = desk.context

    @routes.post("/v1/targets/solve", status_code=501, summary="Not in this release: targets derived backwards")
    async def solve() -> Response:
        raise not_in_this_release("targets derived backwards")

    @routes.get("/v1/targets/{period}", response_model=paged(schemas.Target), summary="The targets of a period")
    async def targets(period: str, request: Request) -> Response:
        found = await _of(desk, _period(desk, period))
        return page(request, [_face(t) for t in found], None)

    @routes.put("/v1/targets/{period}", response_model=paged(schemas.Target),
                summary="Set targets; others of the period stay")
    async def put(period: str, wanted: list[TargetAsked], write: Write) -> Response:
        label = _period(desk, period).label
        await _reachable(desk, wanted)
        faults = [f for i, w in enumerate(wanted) for f in _faults(desk, i, w)]
        if faults:
            raise Problem(422, "invalid", faults[0].message, faults)
        now = context.now()
        for i, w in enumerate(wanted):
            key = target_key(label, w.measure, w.scope, w.currency)
            await context.ask(
                "target", key,
                SetTarget(at=now, actor=write.principal, ref=key, period=label, measure=w.measure, scope=w.scope,
                          value=_text(w.value), currency=w.currency),
                if_match=w.rev,
                idempotency_key=f"{write.idempotency_key}:{i}" if write.idempotency_key else None,
                body_hash=write.body_hash, principal=write.principal)
        found = await _of(desk, _period(desk, period))
        return answer({"items": [_face(t) for t in found], "next": None})

    @routes.get("/v1/targets/{period}/attainment", response_model=Attainment,
                summary="Each target of a period with its figure, attainment, pace")
    async def attainment(period: str) -> Response:
        parsed = _period(desk, period)
        reader = await desk.reader({})  # each target names what it is for, and that lies within: one figure for all
        items = []
        for entity in await _of(desk, parsed):
            target: Target = entity.state
            where = [f"{k}:{v}" for k, v in target.scope.items()]
            if target.currency:
                where.append(f"currency:{target.currency}")
            q = question(desk.catalogue, desk.calendar, target.measure, {"period": period, "where": where},
                         desk.today())
            rows = (await answered(desk, reader, q))["rows"]
            row: dict[str, Any] = next((r for r in rows if "target" in r), {})
            items.append({**_face(entity), "actual": row.get("value", 0), "attainment": row.get("attainment", 0.0),
                          "pace": row.get("pace")})
        return answer({"period": parsed.label, **await freshness(desk), "items": items, "next": None})

    return routes


def _period(desk: Desk, text: str) -> Period:
    try:
        return desk.calendar.parse(text)
    except BadPeriod as error:
        raise Problem(422, "bad_period", str(error)) from None


async def _of(desk: Desk, period: Period) -> Sequence[Entity]:
    """Those of what the request may see: a rep's own; of who leads a team, a region or a line, theirs and below."""
    found: list[Entity] = []
    organisation = (await desk.reader()).organisation
    after: str | None = None
    while True:
        page_ = await desk.context.find("target", {"period": period.label}, after=after, limit=500)
        found += [e for e in page_.items if within_reach(e.state.scope, organisation, desk.today())]
        if page_.next is None:
            return sorted(found, key=lambda e: (e.state.measure, sorted(e.state.scope.items()), e.state.currency or ""))
        after = page_.next


async def _reachable(desk: Desk, wanted: Sequence[TargetAsked]) -> None:
    """Raises Problem 403 for a target of others."""
    organisation = (await desk.reader()).organisation
    faults = [Fault("outside_scope", f"/{i}/scope", "This target lies outside of what is yours.")
              for i, w in enumerate(wanted) if not within_reach(w.scope, organisation, desk.today())]
    if faults:
        raise Problem(403, "outside_scope", faults[0].message, faults)


def _face(entity: Entity) -> dict[str, Any]:
    t: Target = entity.state
    value = Decimal(t.value or "0")
    return {"period": t.period, "measure": t.measure, "scope": dict(t.scope), "currency": t.currency,
            "value": int(value) if value == int(value) else float(value), "set_at": t.set_at, "set_by": t.set_by,
            "rev": entity.rev}


def _text(value: str | int | float | None) -> str:
    return format(Decimal(str(value)).normalize(), "f")


def _faults(desk: Desk, index: int, wanted: TargetAsked) -> list[Fault]:
    if wanted.growth is not None:
        raise not_in_this_release("targets by growth")
    measure = desk.catalogue.measures.get(wanted.measure)
    if measure is None:
        return [Fault("unknown_measure", f"/{index}/measure", f"There is no measure {wanted.measure!r}.")]
    under = desk.catalogue.basis_of(measure)
    faults = [Fault("unknown_dimension", f"/{index}/scope/{name}",
                    f"{name!r} is no dimension of {measure.name}; it has {', '.join(askable(under))}.")
              for name in wanted.scope if name not in askable(under)]
    if wanted.value is None or not re.fullmatch(r"-?\d{1,18}(\.\d{1,12})?", str(wanted.value)):
        faults.append(Fault("bad_value", f"/{index}/value", "A target is a number in the measure's unit."))
    if under.by_currency and wanted.currency is None:
        faults.append(Fault("currency_required", f"/{index}/currency", f"{measure.name} is money: name the currency."))
    if not under.by_currency and wanted.currency is not None:
        faults.append(Fault("no_currency", f"/{index}/currency", f"{measure.name} is not money."))
    return faults
