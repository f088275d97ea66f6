"""HTTP: one command or one query per route."""
from fastapi import APIRouter

from chassis.service.context import Context
from services.pipeline.api import blueprints, deals, figures, moves


def router(context: Context) -> APIRouter:
    made = APIRouter(prefix="/v1", tags=["pipeline"])
    for part in (figures, moves, deals, blueprints):  # fixed paths before `/opportunities/{id}`
        made.include_router(part.router(context))
    return made
