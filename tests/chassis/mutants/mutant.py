"""A mutant: the code with one fence taken away, what must find it out, and by which property."""
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.chassis.mutants.patching import Cut


@dataclass(frozen=True)
class Mutant:
    """`fence`: what is taken away, in words. `check`: a name in CHECKS. `caught`: a pattern of what it must say.
    It is made by `cuts` in the text of the code, or as `make`, a projector, or `broken`: a world whose store is so."""

    name: str
    fence: str
    check: str
    caught: str
    cuts: Sequence[Cut] = ()
    make: Any = None
    broken: Any = None
    where: str = ""

    @property
    def place(self) -> str:
        return self.where or ", ".join(dict.fromkeys(each.where.removeprefix("chassis.") for each in self.cuts))
