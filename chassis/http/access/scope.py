"""The rows that a request may see. A record is seen when, for every list that is not empty, its label is in the list.

What runs without a request (messages, timers, jobs) carries no access and sees everything.
"""
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from chassis.ports import AnyOf, Condition, Where
from chassis.ports.query import meets

LABELS: Mapping[str, str] = {
    "reps": "rep_id", "teams": "team", "regions": "region", "business_lines": "business_line",
}
"""A list of the scope -> the label of a record, which is also its index field."""


@dataclass(frozen=True, slots=True)
class Scope:
    """`all` sees every record. Without it, empty lists everywhere see nothing.

    `whole_…`: teams and regions of which everybody is seen, by who leads them: what is set for such a one as a whole
    is seen too. They widen nothing else.
    """

    all: bool = False
    reps: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    business_lines: tuple[str, ...] = ()
    whole_teams: tuple[str, ...] = ()
    whole_regions: tuple[str, ...] = ()

    def asked(self) -> dict[str, tuple[str, ...]]:
        """What has to be met, by label; empty for one that sees everything or nothing."""
        if self.all:
            return {}
        return {label: found for name, label in LABELS.items() if (found := getattr(self, name))}

    @property
    def nothing(self) -> bool:
        return not self.all and not self.asked()

    def holds(self, labels: Mapping[str, Any]) -> bool:
        """Whether a record with these labels is seen."""
        if self.all:
            return True
        asked = self.asked()
        return bool(asked) and all(labels.get(label) in found for label, found in asked.items())

    def covers(self, labels: Mapping[str, Any]) -> bool:
        """Whether all that has these labels lies within: it would be seen, or is of a team or region as a whole."""
        whole = labels.get("team") in self.whole_teams or labels.get("region") in self.whole_regions
        asked = self.asked()
        return self.all or (bool(asked) and all(
            labels.get(label) in found or (whole and label != "business_line") for label, found in asked.items()))


EVERYTHING = Scope(all=True)
NOTHING = Scope()


@dataclass(frozen=True, slots=True)
class Access:
    principal: str
    scope: Scope = NOTHING


_current: ContextVar[Access | None] = ContextVar("access", default=None)


def access() -> Access | None:
    """Of the request that is being answered; None outside of one."""
    return _current.get()


def principal() -> str:
    found = _current.get()
    return found.principal if found else "local"


@contextmanager
def seeing(found: Access | None) -> Iterator[None]:
    token = _current.set(found)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def seeing_everything() -> Iterator[None]:
    """For what must be computed over all records, whoever asks (cut-offs, ids in use): never answered as rows."""
    found = _current.get()
    with seeing(None if found is None else Access(found.principal, EVERYTHING)):
        yield


def narrowed(where: Where, scope: Scope) -> dict[str, Condition] | None:
    """`where` and the scope together; None when nothing can meet both."""
    made: dict[str, Condition] = dict(where)
    if scope.all:
        return made
    asked = scope.asked()
    if not asked:
        return None
    for label, values in asked.items():
        left = tuple(v for v in values if label not in made or meets(v, made[label]))
        if not left:
            return None
        made[label] = left[0] if len(left) == 1 else AnyOf(left)
    return made
