"""HTTP: measures, boards, targets, activities."""
from fastapi import APIRouter

from chassis.service.context import ServiceContext
from services.kpi.api import activities, boards, kpis, targets
from services.kpi.queries import make_figure_queries


def router(context: ServiceContext) -> APIRouter:
    queries = make_figure_queries(context)
    routes = APIRouter()
    for part in (kpis, boards, targets, activities):
        routes.routes.extend(part.router(queries).routes)  # `include_router` would build each route anew
    return routes
