"""HTTP: one command or one query per route."""
from fastapi import APIRouter

from chassis.context import Context


def router(_context: Context) -> APIRouter:
    return APIRouter(prefix="/v1", tags=["pipeline"])
