"""What a role may do. A permission names what is touched, and whether it is read or written; the rest is denied."""
from collections.abc import Iterable, Mapping

PUBLIC = "public"
"""Needs no sign-in: the sign-in itself, survey pages, the console's files."""
SIGNED_IN = "signed-in"
"""Needs any sign-in, and nothing else."""

PERMISSIONS: Mapping[str, str] = {
    "activities:read": "Activities", "activities:write": "Log activities",
    "audit:read": "The audit log of writes and refusals",
    "campaigns:read": "Campaigns", "campaigns:write": "Spend and responses of campaigns",
    "customers:read": "Customers", "customers:write": "Customers' own data",
    "deals:read": "Opportunities, their board and the worklist", "deals:write": "Open, revise and move opportunities",
    "definitions:read": "Published definitions",
    "events:read": "The feed of events", "events:write": "Hand in any event of the published language",
    "figures:read": "Measures, boards, funnels, forecasts, targets, anomalies",
    "issues:read": "Issues raised by survey answers", "issues:write": "Resolve issues",
    "leads:read": "Leads and their scores", "leads:write": "Capture, revise and convert leads",
    "operate:read": "Lag, health, dead letters", "operate:write": "Replay and discard dead letters",
    "organisation:write": "Say who works where, under whom, with which roles: so, what others may see and do",
    "people:read": "Reps and teams",
    "process:read": "Business lines, blueprints, layouts",
    "segments:read": "Segments and how many stand in them", "segments:write": "Recompute segments",
    "surveys:read": "Surveys and their results", "surveys:write": "Invite, and read invitations with their links",
    "targets:write": "Set targets",
    "webhooks:write": "Register webhooks",
}

_EVERY_READ = frozenset(p for p in PERMISSIONS if p.endswith(":read"))
_OPERATING = frozenset({"operate:read", "operate:write", "definitions:read", "audit:read"})
_SELLING = frozenset({
    "activities:read", "activities:write", "customers:read", "deals:read", "deals:write", "figures:read",
    "issues:read", "issues:write", "leads:read", "leads:write", "people:read", "process:read", "segments:read",
})

ROLES: Mapping[str, frozenset[str]] = {
    "rep": _SELLING,
    "manager": _SELLING | {"surveys:read", "campaigns:read"},
    "director": (_EVERY_READ - _OPERATING) | {"targets:write", "definitions:read", "audit:read"},
    "marketer": frozenset({
        "activities:read", "activities:write", "campaigns:read", "campaigns:write", "customers:read", "customers:write",
        "figures:read", "issues:read", "issues:write", "leads:read", "leads:write", "people:read", "process:read",
        "segments:read", "segments:write", "surveys:read", "surveys:write"}),
    "analyst": frozenset({"figures:read", "process:read", "people:read", "segments:read", "campaigns:read"}),
    "operator": _OPERATING | {"process:read"},
    "admin": frozenset(PERMISSIONS),
}
WHOLE_COMPANY = frozenset({"director", "marketer", "analyst", "operator", "admin"})
"""Roles whose permissions hold for every record; the others' for the records within their scope."""


def permissions_of(roles: Iterable[str]) -> frozenset[str]:
    return frozenset().union(*(ROLES.get(role, frozenset()) for role in roles))


def for_all_records(roles: Iterable[str], permission: str | None = None) -> bool:
    """Whether one of the roles that grants the permission (any, without one) is a role for the whole company."""
    return any(r in WHOLE_COMPANY and (permission is None or permission in ROLES[r]) for r in roles if r in ROLES)
