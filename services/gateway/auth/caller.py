"""The caller of a request: identity, permissions and the records in scope."""
from dataclasses import dataclass
from typing import Literal

import msgspec

from chassis.http.access import EVERYTHING, Access, Scope
from services.gateway.permissions import for_all_records, permissions_of
from services.gateway.schemas.sign_in import Mode

Via = Literal["cookie", "header", "nothing"]


class Identity(msgspec.Struct, frozen=True, omit_defaults=True):
    """The claims of a credential. `roles` None: those of the employee in the organisation directory.

    `permissions`: of API keys, which have no roles. `scope`: explicit, replaces the one from the directory.
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
    """`own`: the records in scope when no role is company-wide. `via`: how the credential was sent."""

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
        """The records for which the caller has this permission; without one, the widest scope of all permissions."""
        if for_all_records(self.roles, permission):
            return EVERYTHING
        return self.own

    def access(self, permission: str | None = None) -> Access:
        return Access(self.principal, self.scope(permission))

    def full_access(self) -> Access:
        """For checks whose findings the response does not reveal."""
        return Access(self.principal, EVERYTHING)


def caller_of(
    identity: Identity, principal: str, name: str | None, roles: tuple[str, ...], own: Scope, rep_id: str | None,
    via: Via,
) -> Caller:
    granted = permissions_of(roles) if identity.permissions is None else frozenset(identity.permissions)
    return Caller(principal, name, identity.mode, roles, granted, own, rep_id, via)
