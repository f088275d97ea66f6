"""Routes of transitions: which are allowed now, requesting one, requesting many at once."""
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, Field

from chassis.http.problems import ProblemError, not_found, not_in_this_release
from chassis.http.routing import Write, WriteRequest, etag, json_response
from chassis.service.context import CommandRefused, CommandResult, Entity, ServiceContext
from contracts.kinds import Id
from contracts.pipeline import TransitionRefused
from services.pipeline.api.deal_access import (
    Body,
    Fields,
    OpportunityId,
    blueprint_of,
    business_time,
    deal_body,
    deal_or_404,
    field_errors,
    reason_body,
)
from services.pipeline.api.schemas import AvailableTransitions, BulkTransitionResult, Deal
from services.pipeline.commands import RequestTransition
from services.pipeline.decider.transition_checks import actions_done, transition_reasons
from services.pipeline.decider.values import values_of
from services.pipeline.definitions.fields import LOSS_LABEL, LOSS_REASON
from services.pipeline.definitions.model import BlueprintDefinition, TransitionDefinition
from services.pipeline.state.model import OpportunityState

BULK_LIMIT = 1_000


class TransitionBody(Body):
    transition: Id
    fields: Annotated[Fields | None, Field(max_length=200)] = None
    checklist: Annotated[tuple[str, ...] | None, Field(max_length=100)] = None
    note: Annotated[str | None, Field(max_length=2_000)] = None
    occurred_at: AwareDatetime | None = None


class BulkTransitionBody(TransitionBody):
    opportunity_id: Id
    if_match: int | None = None


def router(context: ServiceContext) -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["pipeline"])

    @routes.get("/opportunities/{id}/transitions", response_model=AvailableTransitions)
    async def transitions(id: OpportunityId) -> Response:
        entity = await deal_or_404(context, id)
        blueprint, state = blueprint_of(context, entity), entity.state
        items = [transition_body(blueprint, state, t, context.now()) for t in blueprint.leaving(state.deal.stage)]
        return json_response({"opportunity_id": id, "stage": state.deal.stage, "blueprint": blueprint.ref,
                              "items": items, "next": None}, headers=etag(entity.rev))

    @routes.post("/opportunities/{id}/transitions", response_model=Deal)
    async def request_transition(id: OpportunityId, body: TransitionBody, write: Write) -> Response:
        await deal_or_404(context, id)
        result = await _request(context, id, body, write)
        return json_response(deal_body(result.entity), headers=etag(result.entity.rev))

    @routes.post("/opportunities/transitions", response_model=list[BulkTransitionResult], status_code=207)
    async def request_many(
        body: Annotated[list[BulkTransitionBody], Field(max_length=BULK_LIMIT)], write: Write,
    ) -> Response:
        known = await context.get_many("opportunity", [b.opportunity_id for b in body])
        return json_response([await _request_one_of(context, i, b, write, known) for i, b in enumerate(body)], 207)

    @routes.post("/actions/{id}/complete", status_code=501)
    async def complete_action(id: str) -> Response:
        raise not_in_this_release("completing requested actions")

    return routes


async def _request(context: ServiceContext, id: str, body: TransitionBody, write: WriteRequest) -> CommandResult:
    """Raises ProblemError 409 with every reason when the blueprint refuses."""
    command = RequestTransition(
        **business_time(context, body.occurred_at), actor=write.principal, ref=write.idempotency_key or str(uuid4()),
        transition=body.transition, fields=body.fields or {}, checklist=body.checklist or (), note=body.note,
    )
    result = await context.execute(
        "opportunity", id, command, if_match=write.if_match, idempotency_key=write.idempotency_key,
        body_hash=write.body_hash, principal=write.principal)
    for event in result.events:
        if isinstance(event, TransitionRefused):
            raise _refused(context, result.entity, event)
    return result


def _refused(context: ServiceContext, entity: Entity, event: TransitionRefused) -> ProblemError:
    blueprint, stage = blueprint_of(context, entity), entity.state.deal.stage
    return ProblemError(
        409, "transition_refused", f"{event.transition!r} is refused: {'; '.join(r.message for r in event.reasons)}",
        field_errors(event.reasons), headers=etag(entity.rev),
        params={"reasons": "".join(reason_body(r)["message"] for r in event.reasons)},
        transition=event.transition, stage=stage,
        allowed_transitions=[t.name for t in blueprint.leaving(stage)],
    )


async def _request_one_of(
    context: ServiceContext, i: int, body: BulkTransitionBody, write: WriteRequest, known: dict[str, Entity],
) -> dict[str, Any]:
    key = None if write.idempotency_key is None else f"{write.idempotency_key}:{i}"
    single = WriteRequest(body.if_match, key, write.body_hash, write.principal)
    try:
        if body.opportunity_id not in known or known[body.opportunity_id].state.deal is None:
            raise not_found("opportunity", body.opportunity_id)
        result = await _request(context, body.opportunity_id, body, single)
    except ProblemError as error:
        return {"index": i, "id": body.opportunity_id, "status": error.status, "problem": error.body()}
    except CommandRefused as refused:
        problem = ProblemError(refused.status, refused.code, refused.message).body()
        return {"index": i, "id": body.opportunity_id, "status": refused.status, "problem": problem}
    return {"index": i, "id": body.opportunity_id, "status": 200, "rev": result.entity.rev,
            "stage": result.entity.state.deal.stage}


# --- which transitions are allowed now -------------------------------------------------------------------------------


def transition_body(
    blueprint: BlueprintDefinition, state: OpportunityState, transition: TransitionDefinition, now: datetime,
) -> dict[str, Any]:
    """One transition of the present stage: whether it is allowed now, why not, and its requirements."""
    assert state.deal is not None
    command = RequestTransition(at=now, transition=transition.name)
    reasons = transition_reasons(blueprint, state, state.deal.stage, command)
    return {
        "name": transition.name, "title": transition.title, "to": transition.to,
        "to_title": blueprint.stages[transition.to].title, "owners": transition.owners,
        "allowed": not reasons, "reasons": [reason_body(r) for r in reasons],
        "fields": _required_fields(blueprint, state, transition),
        "checklist": [asdict(c) for c in transition.checklist],
        "actions": [{"kind": a.kind, "count": a.count, "done": actions_done(blueprint, state, a.kind)}
                    for a in transition.actions],
    }


def _required_fields(
    blueprint: BlueprintDefinition, state: OpportunityState, transition: TransitionDefinition,
) -> list[dict[str, Any]]:
    values, lost = values_of(state), blueprint.stages[transition.to].type == "lost"
    names = dict.fromkeys(r.field for r in transition.requires)
    if not lost:
        names |= dict.fromkeys(n for n, f in blueprint.fields.items() if f.required)
    fields = [{**asdict(blueprint.fields[n]), "required": True, "value": values.get(n)}
              for n in names]
    if lost:
        options = [asdict(o) for o in blueprint.loss_reasons]
        fields.append({"name": LOSS_REASON, "type": "choice", "label": LOSS_LABEL,
                       "required": True, "options": options, "value": None})
    return fields
