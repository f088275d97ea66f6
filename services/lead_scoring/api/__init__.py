"""HTTP API of lead scoring: leads and their scores; writes are published as the events of an enterprise system."""
from fastapi import APIRouter

from chassis.service.context import ServiceContext
from services.lead_scoring.api import event_publication, leads


def router(context: ServiceContext) -> APIRouter:
    routes = APIRouter(tags=["leads"])
    for part in (leads, event_publication):
        part.add_routes(routes, context)
    return routes
