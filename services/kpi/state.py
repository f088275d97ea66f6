"""State of a target: the period, measure and scope that its key consists of, and its value; its unpublished event."""
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

from chassis.domain.decider import State


class TargetState(State, frozen=True):
    key: str
    period: str = ""
    measure: str = ""
    scope: Mapping[str, str] = {}
    value: str | None = None  # decimal text in the measure's unit; None: not set yet
    currency: str | None = None
    set_at: datetime | None = None
    set_by: str = ""


class TargetSetBy(State, frozen=True):
    """Who set the target and when. Not published: it changes the state only."""

    at: datetime
    by: str


def target_key(period: str, measure: str, scope: Mapping[str, str], currency: str | None = None) -> str:
    """`period|measure|hash`: independent of the order of the scope; one target per currency."""
    text = json.dumps([sorted(scope.items()), currency], ensure_ascii=True, separators=(",", ":"))
    return f"{period}|{measure}|{hashlib.sha256(text.encode()).hexdigest()[:16]}"
