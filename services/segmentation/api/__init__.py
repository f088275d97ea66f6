"""HTTP API of segmentation: customers, and the segments they are in."""
from fastapi import APIRouter

from chassis.service.context import ServiceContext
from services.segmentation.api import customers, segments


def router(context: ServiceContext) -> APIRouter:
    routes = APIRouter(tags=["segmentation"])
    for part in (customers, segments):
        part.add_routes(routes, context)
    return routes
