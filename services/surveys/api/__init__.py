"""HTTP API of surveys: invitations, answers, results, issues, and the public page."""
from fastapi import APIRouter

from chassis.service.context import ServiceContext
from services.surveys.api import issues, public_page, surveys
from services.surveys.api.links import links_of


def router(context: ServiceContext) -> APIRouter:
    links = links_of(context.settings)
    routes = APIRouter(tags=["surveys"])
    surveys.add_routes(routes, context, links)
    issues.add_routes(routes, context)
    public_page.add_routes(routes, context, links)
    return routes
