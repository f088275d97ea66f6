"""Permissions and the roles that grant them, collected from the descriptions of all services. The rest is denied."""
from collections.abc import Iterable, Mapping
from functools import lru_cache

from chassis.service.access_rules import Permission, grant
from chassis.service.discovery import find_services

PERMISSIONS: tuple[Permission, ...] = (
    grant("audit:read", "The audit log of writes and refusals", "director operator"),
    grant("campaigns:read", "Campaigns", "manager director marketer analyst"),
    grant("campaigns:write", "Spend and responses of campaigns", "marketer"),
    grant("definitions:read", "Published definitions", "director operator"),
    grant("events:read", "The feed of events", "director"),
    grant("events:write", "Publish any event of the contracts"),
    grant("operate:read", "Lag, health, dead letters", "operator"),
    grant("operate:write", "Replay and discard dead letters", "operator"),
    grant("organisation:write", "Assign employees, managers and roles, which decide what others may see and do"),
    grant("people:read", "Reps and teams", "rep manager director marketer analyst"),
    grant("webhooks:write", "Register webhooks"),
)
"""The gateway's own. Campaigns have no service yet."""

ADMIN = "admin"
ROLES = ("rep", "manager", "director", "marketer", "analyst", "operator", ADMIN)
COMPANY_WIDE = frozenset(ROLES) - {"rep", "manager"}
"""Roles whose permissions hold for every record; the others' for the records within their scope."""


@lru_cache(maxsize=1)
def permission_texts() -> Mapping[str, str]:
    """{name: what it allows} of all services, by name."""
    return dict(sorted((permission.name, permission.text) for permission in _declared()))


@lru_cache(maxsize=1)
def granted_by_role() -> Mapping[str, frozenset[str]]:
    """{role: permissions}; `admin` has every one. Raises ValueError when a service grants to a role that is unknown."""
    declared = _declared()
    unknown = sorted(frozenset().union(*(permission.roles for permission in declared)) - set(ROLES))
    if unknown:
        raise ValueError(f"permissions are granted to unknown roles {unknown}; roles are {', '.join(ROLES)}")
    return {role: frozenset(p.name for p in declared if role in p.roles or role == ADMIN) for role in ROLES}


def _declared() -> tuple[Permission, ...]:
    return tuple(permission for service in find_services() for permission in service.permissions)


def permissions_of(roles: Iterable[str]) -> frozenset[str]:
    granted = granted_by_role()
    return frozenset().union(*(granted.get(role, frozenset()) for role in roles))


def for_all_records(roles: Iterable[str], permission: str | None = None) -> bool:
    """Whether a role for the whole company grants the permission (without one: whether there is such a role)."""
    granted = granted_by_role()
    return any(r in COMPANY_WIDE and (permission is None or permission in granted[r]) for r in roles)
