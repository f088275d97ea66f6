"""Signing in and out, and who one is: `/v1/sign-in`, `/v1/sign-out`, `/v1/me`."""
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from chassis.http.access import Scope
from chassis.http.routing import Fault, Problem, answer, not_found
from chassis.support.settings import Settings
from contracts.kinds import Id
from services.gateway.auth.address import developer_mode, public_url
from services.gateway.auth.caller import Caller, Identity
from services.gateway.auth.identification import session_token
from services.gateway.auth.sessions import COOKIE, LASTS, Sessions
from services.gateway.organisation import Organisation
from services.gateway.permissions import ROLES
from services.gateway.schemas import Me, SignIn

LOUD = "This is the developer sign-in: whoever reaches this machine's loopback address is let in without a password."


class DeveloperSignIn(BaseModel):
    """Look through the eyes of a role: a rep needs `rep_id`; a manager one of rep_id, team, region, business_line."""

    model_config = ConfigDict(extra="forbid", strict=True)
    role: str
    rep_id: Id | None = None
    team: str | None = Field(default=None, max_length=128)
    region: str | None = Field(default=None, max_length=128)
    business_line: Id | None = None


def router(settings: Settings, sessions: Sessions, organisation: Organisation) -> APIRouter:
    routes = APIRouter(tags=["sign-in"])

    @routes.get("/v1/me", response_model=Me, summary="Who is signed in, and what that allows")
    async def me(request: Request) -> Response:
        return answer(face(request.state.caller, settings))

    @routes.get("/v1/sign-in", response_model=SignIn, summary="How one signs in here; needs no login")
    async def ways() -> Response:
        return answer(ways_in(settings, organisation))

    @routes.post("/v1/sign-in/developer", status_code=204,
                 summary="Look through the eyes of any role; only on loopback without a provider")
    async def developer(body: DeveloperSignIn) -> Response:
        if not developer_mode(settings):
            raise not_found("sign-in", "developer")
        token = await sessions.begin(developer_identity(body))
        made = Response(status_code=204)
        set_session(made, settings, token)
        return made

    @routes.post("/v1/sign-out", status_code=204, summary="End the session of this browser")
    async def sign_out(request: Request) -> Response:
        token = session_token(request.headers)
        if token:
            await sessions.end(token)
        made = Response(status_code=204)
        made.delete_cookie(cookie_name(settings), path="/", secure=is_secure(settings), httponly=True, samesite="lax")
        return made

    return routes


def face(caller: Caller, settings: Settings) -> dict[str, Any]:
    scope = caller.scope()
    made: dict[str, Any] = {
        "principal": caller.principal, "name": caller.name, "rep_id": caller.rep_id, "roles": caller.roles,
        "scope": {"all": scope.all, "reps": scope.reps, "teams": scope.teams, "regions": scope.regions,
                  "business_lines": scope.business_lines, "whole_teams": scope.whole_teams,
                  "whole_regions": scope.whole_regions},
        "permissions": sorted(caller.permissions), "mode": caller.mode, "signed_in": caller.via != "nothing",
        "sign_in": {"modes": modes(settings)},
    }
    return {**made, "warning": LOUD} if caller.mode == "developer" else made


def modes(settings: Settings) -> list[str]:
    found = ["developer"] if developer_mode(settings) else ["oidc"] if settings.oidc_client_id else []
    return [*found, *([] if developer_mode(settings) else ["token"]), "key"]


def ways_in(settings: Settings, organisation: Organisation) -> dict[str, Any]:
    made: dict[str, Any] = {"mode": "developer" if developer_mode(settings) else "oidc", "roles": list(ROLES)}
    if developer_mode(settings):
        people = [{"rep_id": p.rep_id, "name": p.name, "team": p.team, "region": p.region, "roles": p.roles}
                  for p in organisation.people().values()]
        return {**made, "people": people, "warning": LOUD}
    return {**made, "login_url": "/v1/sign-in/start" if settings.oidc_client_id else None}


def developer_identity(asked: DeveloperSignIn) -> Identity:
    if asked.role not in ROLES:
        raise _unfit("/role", f"{asked.role!r} is no role; there are: {', '.join(ROLES)}.")
    places = Scope(
        teams=(asked.team,) if asked.team else (), regions=(asked.region,) if asked.region else (),
        business_lines=(asked.business_line,) if asked.business_line else ())
    if asked.role == "rep" and asked.rep_id is None:
        raise _unfit("/rep_id", "A rep has an id.")
    if asked.role == "manager" and asked.rep_id is None and places.nothing:
        raise _unfit("/team", "A manager has a rep_id, a team, a region or a business line.")
    explicit = None if places.nothing else places
    if asked.role == "rep" and explicit is not None:
        explicit = Scope(reps=(asked.rep_id or "",), regions=places.regions, business_lines=places.business_lines)
    name = None if asked.rep_id else f"Developer as {asked.role}"
    return Identity("developer", asked.rep_id or f"developer:{asked.role}", name, rep_id=asked.rep_id,
                    roles=(asked.role,), scope=explicit)


def _unfit(pointer: str, message: str) -> Problem:
    return Problem(422, "invalid", message, [Fault("invalid", pointer, message)])


# --- cookies ---------------------------------------------------------------------------------------------------------


def is_secure(settings: Settings) -> bool:
    return public_url(settings).startswith("https://")


def cookie_name(settings: Settings) -> str:
    """Over https the name itself forbids that another host or path sets it."""
    return f"__Host-{COOKIE}" if is_secure(settings) else COOKIE


def set_session(response: Response, settings: Settings, token: str, lasts: int = LASTS) -> None:
    response.set_cookie(cookie_name(settings), token, max_age=lasts, path="/", secure=is_secure(settings),
                        httponly=True, samesite="lax")
