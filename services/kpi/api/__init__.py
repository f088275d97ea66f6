"""HTTP: measures, boards, targets, activities."""
from fastapi import APIRouter

from chassis.service.context import Context
from services.kpi.api import activities, boards, kpis, targets
from services.kpi.queries import desk_of


def router(context: Context) -> APIRouter:
    desk = desk_of(context)
    routes = APIRouter()
    for part in (kpis, boards, targets, activities):
        routes.include_router(part.router(desk))
    return routes
