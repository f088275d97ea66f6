"""HTTP API of the pipeline: one command or one query per route."""
from fastapi import APIRouter

from chassis.service.context import ServiceContext
from services.pipeline.api import blueprints, deals, reports, transitions


def router(context: ServiceContext) -> APIRouter:
    routes = APIRouter()
    for part in (reports, transitions, deals, blueprints):  # fixed paths before `/opportunities/{id}`
        routes.routes.extend(part.router(context).routes)  # `include_router` would build each route anew
    return routes
