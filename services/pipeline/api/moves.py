"""Transitions: what may be done now, doing it, and doing many at once."""
from datetime import datetime
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, Field

from chassis.http.i18n import said
from chassis.http.routing import Fault, Problem, Write, WriteRequest, answer, etag, not_found, not_in_this_release
from chassis.service.context import Context, Entity, Outcome, Refusal
from contracts.kinds import Id
from contracts.pipeline import Reason, TransitionRefused
from services.pipeline.api.common import Body, Fields, OpportunityId, blueprint_of, business_time, deal_or_404, item
from services.pipeline.api.schemas import Deal, MoveVerdict, Transitions
from services.pipeline.commands import RequestTransition
from services.pipeline.decider.checks import actions_done, reasons_against
from services.pipeline.decider.values import values_of
from services.pipeline.definitions import LOSS_REASON, Blueprint, Transition
from services.pipeline.definitions.fields import LOSS_LABEL
from services.pipeline.state import Opportunity

MANY = 1_000


class Move(Body):
    transition: Id
    fields: Annotated[Fields | None, Field(max_length=200)] = None
    checklist: Annotated[tuple[str, ...] | None, Field(max_length=100)] = None
    note: Annotated[str | None, Field(max_length=2_000)] = None
    occurred_at: AwareDatetime | None = None


class OneOfMany(Move):
    opportunity_id: Id
    if_match: int | None = None


def router(context: Context) -> APIRouter:
    made = APIRouter()

    @made.get("/opportunities/{id}/transitions", response_model=Transitions)
    async def transitions(id: OpportunityId) -> Response:
        entity = await deal_or_404(context, id)
        blueprint, state = blueprint_of(context, entity), entity.state
        items = [shown(blueprint, state, t, context.now()) for t in blueprint.leaving(state.deal.stage)]
        return answer({"opportunity_id": id, "stage": state.deal.stage, "blueprint": blueprint.ref, "items": items,
                       "next": None}, headers=etag(entity.rev))

    @made.post("/opportunities/{id}/transitions", response_model=Deal)
    async def request_transition(id: OpportunityId, body: Move, write: Write) -> Response:
        await deal_or_404(context, id)
        outcome = await moved(context, id, body, write)
        return answer(item(outcome.entity), headers=etag(outcome.entity.rev))

    @made.post("/opportunities/transitions", response_model=list[MoveVerdict], status_code=207)
    async def request_many(body: Annotated[list[OneOfMany], Field(max_length=MANY)], write: Write) -> Response:
        known = await context.read_many("opportunity", [m.opportunity_id for m in body])
        return answer([await verdict(context, i, m, write, known) for i, m in enumerate(body)], 207)

    @made.post("/actions/{id}/complete", status_code=501)
    async def complete_action(id: str) -> Response:
        raise not_in_this_release("completing requested actions")

    return made


async def moved(context: Context, id: str, body: Move, write: WriteRequest) -> Outcome:
    """Raises Problem 409 with every reason when the blueprint refuses."""
    command = RequestTransition(
        **business_time(context, body.occurred_at), actor=write.principal, ref=write.idempotency_key or str(uuid4()),
        transition=body.transition, fields=body.fields or {}, checklist=body.checklist or (), note=body.note,
    )
    outcome = await context.ask(
        "opportunity", id, command, if_match=write.if_match, idempotency_key=write.idempotency_key,
        body_hash=write.body_hash, principal=write.principal)
    for event in outcome.events:
        if isinstance(event, TransitionRefused):
            raise refused(context, outcome.entity, event)
    return outcome


def refused(context: Context, entity: Entity, event: TransitionRefused) -> Problem:
    faults = [Fault(r.code, r.path, r.message, r.params) for r in event.reasons]
    blueprint, stage = blueprint_of(context, entity), entity.state.deal.stage
    return Problem(
        409, "transition_refused", f"{event.transition!r} is refused: {' '.join(r.message for r in event.reasons)}",
        faults, headers=etag(entity.rev), params={"reasons": "".join(reason_face(r)["message"] for r in event.reasons)},
        transition=event.transition, stage=stage,
        allowed_transitions=[t.name for t in blueprint.leaving(stage)],
    )


async def verdict(
    context: Context, i: int, move: OneOfMany, write: WriteRequest, known: dict[str, Entity],
) -> dict[str, Any]:
    key = None if write.idempotency_key is None else f"{write.idempotency_key}:{i}"
    own = WriteRequest(move.if_match, key, write.body_hash, write.principal)
    try:
        if move.opportunity_id not in known or known[move.opportunity_id].state.deal is None:
            raise not_found("opportunity", move.opportunity_id)
        outcome = await moved(context, move.opportunity_id, move, own)
    except Problem as problem:
        return {"index": i, "id": move.opportunity_id, "status": problem.status, "problem": problem.body()}
    except Refusal as refusal:
        body = Problem(refusal.status, refusal.code, refusal.message).body()
        return {"index": i, "id": move.opportunity_id, "status": refusal.status, "problem": body}
    return {"index": i, "id": move.opportunity_id, "status": 200, "rev": outcome.entity.rev,
            "stage": outcome.entity.state.deal.stage}


# --- what may be done now --------------------------------------------------------------------------------------------


def shown(blueprint: Blueprint, state: Opportunity, transition: Transition, now: datetime) -> dict[str, Any]:
    """One transition of the present stage: whether it may be made as things stand, and what it asks for."""
    assert state.deal is not None
    command = RequestTransition(at=now, transition=transition.name)
    reasons = reasons_against(blueprint, state, state.deal.stage, command)
    return {
        "name": transition.name, "title": transition.title.model_dump(exclude_none=True), "to": transition.to,
        "to_title": blueprint.stages[transition.to].title.model_dump(exclude_none=True), "owners": transition.owners,
        "allowed": not reasons, "reasons": [reason_face(r) for r in reasons],
        "fields": asked_fields(blueprint, state, transition),
        "checklist": [c.model_dump(exclude_none=True) for c in transition.checklist],
        "actions": [{"kind": a.kind, "count": a.count, "done": actions_done(blueprint, state, a.kind)}
                    for a in transition.actions],
    }


def reason_face(reason: Reason) -> dict[str, Any]:
    message = said(reason.code, reason.message, reason.params)
    return {"code": reason.code, "path": reason.path, "message": message, "params": reason.params or {}}


def asked_fields(blueprint: Blueprint, state: Opportunity, transition: Transition) -> list[dict[str, Any]]:
    values, lost = values_of(state), blueprint.stages[transition.to].type == "lost"
    asked = dict.fromkeys(r.field for r in transition.requires)
    if not lost:
        asked |= dict.fromkeys(n for n, f in blueprint.fields.items() if f.required)
    made = [{**blueprint.fields[n].model_dump(exclude_none=True), "required": True, "value": values.get(n)}
            for n in asked]
    if lost:
        options = [o.model_dump(exclude_none=True) for o in blueprint.loss_reasons]
        made.append({"name": LOSS_REASON, "type": "choice", "label": LOSS_LABEL,
                     "required": True, "options": options, "value": None})
    return made
