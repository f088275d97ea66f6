"""Errors in data that a client sent."""
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldError:
    """One error in a request body or event; `pointer` (RFC 6901) is its place, `params` the values for translations."""

    code: str
    pointer: str
    message: str
    params: Mapping[str, Any] | None = None


class InvalidData(ValueError):
    """The data does not match the event's contract; `faults` holds every error."""

    def __init__(self, faults: tuple[FieldError, ...]) -> None:
        super().__init__("; ".join(f"{f.pointer or '/'}: {f.message}" for f in faults))
        self.errors = faults
