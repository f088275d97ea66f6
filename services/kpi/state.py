"""One target: the period, the measure and the scope that its key is made of, and what is aimed at."""
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Target:
    key: str
    period: str = ""
    measure: str = ""
    scope: Mapping[str, str] = field(default_factory=dict)
    value: str | None = None  # decimal text; None: not set yet
    currency: str | None = None
    set_at: datetime | None = None
    set_by: str = ""


def target_key(period: str, measure: str, scope: Mapping[str, str], currency: str | None = None) -> str:
    """`period|measure|hash`: the same whatever the order of the scope; one target per currency."""
    text = json.dumps([sorted(scope.items()), currency], ensure_ascii=True, separators=(",", ":"))
    return f"{period}|{measure}|{hashlib.sha256(text.encode()).hexdigest()[:16]}"
