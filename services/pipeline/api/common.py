"""What the doors of this service share: the form of a deal, and finding one."""
from datetime import datetime
from typing import Annotated, Any

from fastapi import Path
from msgspec import structs
from pydantic import BaseModel, ConfigDict, StringConstraints

from chassis.http.routing import Problem, not_found
from chassis.service.context import Context, Entity
from contracts.kinds import ID_PATTERN
from services.pipeline.definitions import Blueprint, Book

FIRST_YEAR = 1970
Fields = dict[Annotated[str, StringConstraints(max_length=128)], Any]
OpportunityId = Annotated[str, Path(pattern=ID_PATTERN)]


class Body(BaseModel):
    """Unknown fields are refused in REST bodies."""

    model_config = ConfigDict(extra="forbid")


def book_of(context: Context) -> Book:
    book: Book = context.parts.extra
    return book


def blueprint_of(context: Context, entity: Entity) -> Blueprint:
    return book_of(context).of(entity.state.deal.blueprint)


async def deal_or_404(context: Context, id: str) -> Entity:
    entity = await context.read("opportunity", id)
    if entity is None or entity.state.deal is None:
        raise not_found("opportunity", id)
    return entity


def item(entity: Entity) -> dict[str, Any]:
    """The deal as its events carry it, and what only its document knows."""
    state = entity.state
    deal = {n: v for n, v in structs.asdict(state.deal).items() if n not in ("stage",)}
    return {
        "opportunity_id": entity.key, "status": state.status, "stage": state.deal.stage, **deal,
        "fields": dict(state.fields), "stage_entered_at": state.entered_at, "closed_at": state.closed_at,
        "stage_before": state.stage_before, "loss_reason": state.loss_reason,
        "due_at": state.dues[0].at if state.dues else None,
        "breaches": [{"stage": b.stage, "due_at": b.at, "level": b.level} for b in state.breaches],
        "rev": entity.rev, "updated_at": entity.updated_at,
    }


def business_time(context: Context, occurred_at: datetime | None) -> dict[str, Any]:
    """`at` and `live` of a command: now, or when it happened; 422 for what has not happened yet."""
    now = context.now()
    if occurred_at is None:
        return {"at": now, "live": True}
    if occurred_at > now:
        raise Problem(422, "in_the_future", "occurred_at lies in the future.")
    if occurred_at.year < FIRST_YEAR:
        raise Problem(422, "too_early", f"occurred_at lies before the year {FIRST_YEAR}.")
    return {"at": occurred_at, "live": now - occurred_at <= context.settings.effects_within}
