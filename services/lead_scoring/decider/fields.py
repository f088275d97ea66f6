"""Fields of a lead that an event sets, by path, each stamped with its source and time."""
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chassis.domain.decider import Command
from services.lead_scoring.state.model import StampedValue

PLAIN = ("business_line", "region", "team", "rep_id", "customer_id", "product_id", "campaign_id", "source")
NESTED = ("contact", "attributes", "dimensions")


def present(event: Any) -> tuple[str, ...]:
    """Names of the event's fields that have a value."""
    return tuple(name for name in (*PLAIN, *NESTED) if getattr(event, name) is not None)


def paths(event: Any, names: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """(path, value) of the named fields; None removes a field."""
    for name in names:
        head, dot, _ = name.partition(".")
        value = None if dot else getattr(event, name)
        if name == "business_line" and value is None:
            continue  # a lead always has one
        if name in PLAIN or (head in NESTED and value is None):
            yield name, value
        elif name in NESTED:
            for part, inner in _parts(value):
                yield f"{name}.{part}", inner


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from value.items()
        return
    for part in ("contact_id", "name", "email", "phone", "company", "language", "role"):
        if (inner := getattr(value, part)) is not None:
            yield part, inner


def stamped(command: Command, values: Mapping[str, Any]) -> dict[str, StampedValue]:
    return {path: StampedValue(value=value, at=command.at, source=command.actor, ref=command.ref)
            for path, value in values.items()}


def digest_of(values: Mapping[str, Any]) -> str:
    """Stored with the lead: equal for repeats of the capture."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:32]
