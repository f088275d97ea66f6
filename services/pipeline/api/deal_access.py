"""Shared by the routes: finding a deal and its blueprint, its JSON, its refusals in the request's language."""
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

from fastapi import Path
from msgspec import structs
from pydantic import BaseModel, ConfigDict, StringConstraints

from chassis.http.i18n import translate
from chassis.http.problems import ProblemError, not_found
from chassis.messages.codec.errors import FieldError
from chassis.service.context import Entity, ServiceContext
from contracts.kinds import ID_PATTERN
from contracts.pipeline import Reason
from services.pipeline.definitions.model import BlueprintDefinition, Book
from services.pipeline.state.model import due_at

FIRST_YEAR = 1970
Fields = dict[Annotated[str, StringConstraints(max_length=128)], Any]
OpportunityId = Annotated[str, Path(pattern=ID_PATTERN)]


class Body(BaseModel):
    """Request bodies reject unknown fields."""

    model_config = ConfigDict(extra="forbid")


def book_of(context: ServiceContext) -> Book:
    book: Book = context.components.extra
    return book


def blueprint_of(context: ServiceContext, entity: Entity) -> BlueprintDefinition:
    return book_of(context).of(entity.state.deal.blueprint)


async def deal_or_404(context: ServiceContext, id: str) -> Entity:
    entity = await context.get("opportunity", id)
    if entity is None or entity.state.deal is None:
        raise not_found("opportunity", id)
    return entity


def deal_body(entity: Entity) -> dict[str, Any]:
    """The deal as its events carry it, with the fields that only its state has."""
    state = entity.state
    return {
        "opportunity_id": entity.key, "status": state.status, "stage": state.deal.stage, **structs.asdict(state.deal),
        "fields": dict(state.fields), "stage_entered_at": state.entered_at, "closed_at": state.closed_at,
        "stage_before": state.stage_before, "loss_reason": state.loss_reason, "due_at": due_at(state),
        "breaches": [{"stage": b.stage, "due_at": b.at, "level": b.level} for b in state.breaches],
        "rev": entity.rev, "updated_at": entity.updated_at,
    }


def reason_body(reason: Reason) -> dict[str, Any]:
    """The reason in the language of the request."""
    message = translate(reason.code, reason.message, reason.params)
    return {"code": reason.code, "path": reason.path, "message": message, "params": reason.params or {}}


def field_errors(reasons: Iterable[Reason]) -> list[FieldError]:
    return [FieldError(r.code, r.path, r.message, r.params) for r in reasons]


def business_time(context: ServiceContext, occurred_at: datetime | None) -> dict[str, Any]:
    """`at` and `live` of a command: now, or the given time; 422 for a time in the future or before 1970."""
    now = context.now()
    if occurred_at is None:
        return {"at": now, "live": True}
    if occurred_at > now:
        raise ProblemError(422, "in_the_future", "occurred_at must not be in the future")
    if occurred_at.year < FIRST_YEAR:
        raise ProblemError(422, "too_early", f"occurred_at must not be before {FIRST_YEAR}")
    return {"at": occurred_at, "live": now - occurred_at <= context.settings.effects_within}
