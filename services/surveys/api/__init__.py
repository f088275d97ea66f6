"""HTTP: surveys, invitations, results, issues, and the public page."""
from fastapi import APIRouter

from chassis.context import Context


def router(context: Context) -> APIRouter:
    return APIRouter(tags=["surveys"])
