"""Who asks, and what that allows."""
from dataclasses import dataclass
from typing import Literal

import msgspec

from chassis.http.access import EVERYTHING, Access, Scope
from services.gateway.permissions import for_all_records, permissions_of

Mode = Literal["developer", "oidc", "key"]
Via = Literal["cookie", "header", "nothing"]


class Identity(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a credential says of its bearer. `roles` None: those that the organisation gives the employee.

    `permissions` belong to API keys alone, which have no roles. `scope` is explicit: it stands instead of the tree's.
    """

    mode: Mode
    principal: str
    name: str | None = None
    login: str | None = None
    rep_id: str | None = None
    roles: tuple[str, ...] | None = None
    permissions: tuple[str, ...] | None = None
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """`own`: the records of one whose roles are not for the whole company. `via`: how the credential came."""

    principal: str
    name: str | None
    mode: Mode
    roles: tuple[str, ...]
    permissions: frozenset[str]
    own: Scope
    rep_id: str | None = None
    via: Via = "header"

    def may(self, permission: str) -> bool:
        return permission in self.permissions

    def scope(self, permission: str | None = None) -> Scope:
        """The records for which the caller has this permission; without one, the widest of all."""
        if for_all_records(self.roles, permission):
            return EVERYTHING
        return self.own

    def access(self, permission: str | None = None) -> Access:
        return Access(self.principal, self.scope(permission))

    def everything(self) -> Access:
        """For a look that is not answered with what it found."""
        return Access(self.principal, EVERYTHING)


def caller_of(
    identity: Identity, principal: str, name: str | None, roles: tuple[str, ...], own: Scope, rep_id: str | None,
    via: Via,
) -> Caller:
    granted = permissions_of(roles) if identity.permissions is None else frozenset(identity.permissions)
    return Caller(principal, name, identity.mode, roles, granted, own, rep_id, via)
