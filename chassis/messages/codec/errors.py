"""What is wrong with what was sent, and where."""
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with what was sent; `pointer` (RFC 6901) says where in it."""

    code: str  # missing, unknown_field, invalid
    pointer: str
    message: str


class Invalid(ValueError):
    """What was sent is no such event; `faults` says everything that is wrong with it."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(f"{f.pointer or '/'}: {f.message}" for f in faults))
        self.faults = faults
