"""What an event says of a lead, as fields with paths, each stamped with who said it when."""
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chassis.domain.decider import Command
from services.lead_scoring.state import Stamped

PLAIN = ("business_line", "region", "team", "rep_id", "customer_id", "product_id", "campaign_id", "source")
NESTED = ("contact", "attributes", "dimensions")


def sent(said: Any) -> tuple[str, ...]:
    return tuple(name for name in (*PLAIN, *NESTED) if getattr(said, name) is not None)


def paths(said: Any, given: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Each field said, by its path; None: it is to be removed."""
    for name in given:
        head, dot, _ = name.partition(".")
        held = None if dot else getattr(said, name)
        if name == "business_line" and held is None:
            continue  # a lead always belongs to one
        if name in PLAIN or (head in NESTED and held is None):
            yield name, held
        elif name in NESTED:
            for part, inner in _parts(held):
                yield f"{name}.{part}", inner


def _parts(held: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(held, Mapping):
        yield from held.items()
        return
    for part in ("contact_id", "name", "email", "phone", "company", "language", "role"):
        if (inner := getattr(held, part)) is not None:
            yield part, inner


def stamped(command: Command, said: Mapping[str, Any]) -> dict[str, Stamped]:
    return {path: Stamped(value=held, at=command.at, source=command.actor, ref=command.ref)
            for path, held in said.items()}


def digest_of(said: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32]
