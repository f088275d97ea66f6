"""Response schemas of sign-in, the caller and the reps."""
from typing import Literal

from chassis.http.responses import NotRequired, TypedDict

Mode = Literal["developer", "oidc", "key"]
"""How the caller signed in."""


class VisibleScope(TypedDict):
    """The widest scope of the caller: all records, or those that match every list that is not empty.

    `whole_teams`, `whole_regions`: all members are in scope, so their targets are visible too.
    """

    all: bool
    reps: list[str]
    teams: list[str]
    regions: list[str]
    business_lines: list[str]
    whole_teams: list[str]
    whole_regions: list[str]


class SignInMethods(TypedDict):
    modes: list[Literal["developer", "oidc", "token", "key"]]


class Me(TypedDict):
    """The caller. `warning`: the sign-in needed no password."""

    principal: str
    name: str | None
    rep_id: str | None
    roles: list[str]
    scope: VisibleScope
    permissions: list[str]
    mode: Mode
    signed_in: bool
    sign_in: SignInMethods
    warning: NotRequired[str]


class SignInCandidate(TypedDict):
    rep_id: str
    name: str | None
    team: str | None
    region: str | None
    roles: list[str]


class SignIn(TypedDict):
    """`people`, `warning`: in developer mode; `login_url`: with a provider for browsers."""

    mode: Literal["developer", "oidc"]
    roles: list[str]
    people: NotRequired[list[SignInCandidate]]
    warning: NotRequired[str]
    login_url: NotRequired[str | None]


class Rep(TypedDict):
    rep_id: str
    name: str | None
    team: str | None
    region: str | None
    department: str | None
    manager_id: str | None
    roles: list[str]
