"""Routes of sign-in, sign-out and the current user: `/v1/sign-in`, `/v1/sign-out`, `/v1/me`."""
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from chassis.http.access import Scope
from chassis.http.problems import ProblemError, not_found
from chassis.http.routing import json_response
from chassis.messages.codec.errors import FieldError
from chassis.support.settings import Settings
from contracts.kinds import Id
from services.gateway.auth.address import developer_mode, public_url
from services.gateway.auth.caller import Caller, Identity
from services.gateway.auth.identification import session_token
from services.gateway.auth.sessions import COOKIE, LIFETIME_SECONDS, Sessions
from services.gateway.organisation import OrganisationDirectory
from services.gateway.permissions import ROLES
from services.gateway.schemas.sign_in import Me, SignIn

WARNING = "Developer sign-in: everyone who reaches this machine's loopback address has access without a password."


class DeveloperSignIn(BaseModel):
    """The role to act as. A rep needs `rep_id`; a manager one of rep_id, team, region, business_line."""

    model_config = ConfigDict(extra="forbid", strict=True)
    role: str
    rep_id: Id | None = None
    team: str | None = Field(default=None, max_length=128)
    region: str | None = Field(default=None, max_length=128)
    business_line: Id | None = None


def router(settings: Settings, sessions: Sessions, directory: OrganisationDirectory) -> APIRouter:
    routes = APIRouter(tags=["sign-in"])

    @routes.get("/v1/me", response_model=Me, summary="The caller with roles, scope and permissions")
    async def me(request: Request) -> Response:
        return json_response(current_user(request.state.caller, settings))

    @routes.get("/v1/sign-in", response_model=SignIn, summary="The methods of sign-in; needs no sign-in")
    async def ways() -> Response:
        return json_response(sign_in_methods(settings, directory))

    @routes.post("/v1/sign-in/developer", status_code=204,
                 summary="Act as any role; in developer mode only")
    async def developer(body: DeveloperSignIn) -> Response:
        if not developer_mode(settings):
            raise not_found("sign-in", "developer")
        token = await sessions.create(developer_identity(body))
        response = Response(status_code=204)
        set_session(response, settings, token)
        return response

    @routes.post("/v1/sign-out", status_code=204, summary="End the session of this browser")
    async def sign_out(request: Request) -> Response:
        token = session_token(request.headers)
        if token:
            await sessions.end(token)
        response = Response(status_code=204)
        response.delete_cookie(
            cookie_name(settings), path="/", secure=is_secure(settings), httponly=True, samesite="lax")
        return response

    return routes


def current_user(caller: Caller, settings: Settings) -> dict[str, Any]:
    scope = caller.scope()
    body: dict[str, Any] = {
        "principal": caller.principal, "name": caller.name, "rep_id": caller.rep_id, "roles": caller.roles,
        "scope": {"all": scope.all, "reps": scope.reps, "teams": scope.teams, "regions": scope.regions,
                  "business_lines": scope.business_lines, "whole_teams": scope.whole_teams,
                  "whole_regions": scope.whole_regions},
        "permissions": sorted(caller.permissions), "mode": caller.mode, "signed_in": caller.via != "nothing",
        "sign_in": {"modes": modes(settings)},
    }
    return {**body, "warning": WARNING} if caller.mode == "developer" else body


def modes(settings: Settings) -> list[str]:
    interactive = ["developer"] if developer_mode(settings) else ["oidc"] if settings.oidc_client_id else []
    return [*interactive, *([] if developer_mode(settings) else ["token"]), "key"]


def sign_in_methods(settings: Settings, directory: OrganisationDirectory) -> dict[str, Any]:
    body: dict[str, Any] = {"mode": "developer" if developer_mode(settings) else "oidc", "roles": list(ROLES)}
    if developer_mode(settings):
        people = [{"rep_id": p.rep_id, "name": p.name, "team": p.team, "region": p.region, "roles": p.roles}
                  for p in directory.employees().values()]
        return {**body, "people": people, "warning": WARNING}
    return {**body, "login_url": "/v1/sign-in/start" if settings.oidc_client_id else None}


def developer_identity(request: DeveloperSignIn) -> Identity:
    if request.role not in ROLES:
        raise _invalid("/role", f"role must be one of {', '.join(ROLES)}, not {request.role!r}.")
    labels = Scope(
        teams=(request.team,) if request.team else (), regions=(request.region,) if request.region else (),
        business_lines=(request.business_line,) if request.business_line else ())
    if request.role == "rep" and request.rep_id is None:
        raise _invalid("/rep_id", "rep_id is required for the role rep.")
    if request.role == "manager" and request.rep_id is None and labels.is_empty:
        raise _invalid("/team", "The role manager requires rep_id, team, region or business_line.")
    explicit = None if labels.is_empty else labels
    if request.role == "rep" and explicit is not None:
        explicit = Scope(reps=(request.rep_id or "",), regions=labels.regions, business_lines=labels.business_lines)
    name = None if request.rep_id else f"Developer as {request.role}"
    return Identity("developer", request.rep_id or f"developer:{request.role}", name, rep_id=request.rep_id,
                    roles=(request.role,), scope=explicit)


def _invalid(pointer: str, message: str) -> ProblemError:
    return ProblemError(422, "invalid", message, [FieldError("invalid", pointer, message)])


# --- cookies ---------------------------------------------------------------------------------------------------------


def is_secure(settings: Settings) -> bool:
    return public_url(settings).startswith("https://")


def cookie_name(settings: Settings) -> str:
    """With https the prefix `__Host-` prevents that another host or path sets the cookie."""
    return f"__Host-{COOKIE}" if is_secure(settings) else COOKIE


def set_session(response: Response, settings: Settings, token: str, lifetime: int = LIFETIME_SECONDS) -> None:
    response.set_cookie(cookie_name(settings), token, max_age=lifetime, path="/", secure=is_secure(settings),
                        httponly=True, samesite="lax")
