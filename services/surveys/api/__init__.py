"""HTTP: surveys, invitations, results, issues, and the public page."""
from fastapi import APIRouter

from chassis.service.context import Context
from services.surveys.api import issues, public, surveys
from services.surveys.api.links import links_of


def router(context: Context) -> APIRouter:
    links = links_of(context.settings)
    routes = APIRouter(tags=["surveys"])
    surveys.add(routes, context, links)
    issues.add(routes, context)
    public.add(routes, context, links)
    return routes
