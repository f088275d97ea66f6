"""Row scope of a request. A record is visible when each non-empty list of the scope contains the record's label.

Code that runs outside a request (messages, timers, jobs) has no access object and sees every record.
"""
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from chassis.ports import AnyOf, Condition, Where
from chassis.ports.query import matches

LABELS: Mapping[str, str] = {
    "reps": "rep_id", "teams": "team", "regions": "region", "business_lines": "business_line",
}
"""List of the scope -> label of a record, which is also its index field."""


@dataclass(frozen=True, slots=True)
class Scope:
    """`all` matches every record; without it, a scope with only empty lists matches none.

    `whole_teams`, `whole_regions`: teams and regions that the caller leads entirely, so that what is set for the team
    or region as a whole (a target) is visible too. They widen nothing else.
    """

    all: bool = False
    reps: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    business_lines: tuple[str, ...] = ()
    whole_teams: tuple[str, ...] = ()
    whole_regions: tuple[str, ...] = ()

    def required_labels(self) -> dict[str, tuple[str, ...]]:
        """Allowed values by label; empty for a scope that matches everything or nothing."""
        if self.all:
            return {}
        return {label: found for name, label in LABELS.items() if (found := getattr(self, name))}

    @property
    def is_empty(self) -> bool:
        return not self.all and not self.required_labels()

    def matches(self, labels: Mapping[str, Any]) -> bool:
        """Whether a record with these labels is visible."""
        if self.all:
            return True
        required = self.required_labels()
        return bool(required) and all(labels.get(label) in values for label, values in required.items())

    def covers(self, labels: Mapping[str, Any]) -> bool:
        """Whether everything with these labels is in scope: visible records, or a team or region led as a whole."""
        whole = labels.get("team") in self.whole_teams or labels.get("region") in self.whole_regions
        required = self.required_labels()
        return self.all or (bool(required) and all(
            labels.get(label) in values or (whole and label != "business_line")
            for label, values in required.items()))


EVERYTHING = Scope(all=True)
NOTHING = Scope()


@dataclass(frozen=True, slots=True)
class Access:
    principal: str
    scope: Scope = NOTHING


_current: ContextVar[Access | None] = ContextVar("access", default=None)


def current_access() -> Access | None:
    """Access of the current request; None outside a request."""
    return _current.get()


def current_principal() -> str:
    access = _current.get()
    return access.principal if access else "local"


@contextmanager
def use_access(access: Access | None) -> Iterator[None]:
    token = _current.set(access)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def unrestricted_access() -> Iterator[None]:
    """Lifts the row scope for computations over all records (cut-offs, ids in use); never for rows of a response."""
    access = _current.get()
    with use_access(None if access is None else Access(access.principal, EVERYTHING)):
        yield


def narrow(where: Where, scope: Scope) -> dict[str, Condition] | None:
    """`where` restricted to the scope; None when no record can match both."""
    narrowed: dict[str, Condition] = dict(where)
    if scope.all:
        return narrowed
    required = scope.required_labels()
    if not required:
        return None
    for label, values in required.items():
        allowed = tuple(v for v in values if label not in narrowed or matches(v, narrowed[label]))
        if not allowed:
            return None
        narrowed[label] = allowed[0] if len(allowed) == 1 else AnyOf(allowed)
    return narrowed
