"""Commands to a target."""
from collections.abc import Mapping

from chassis.domain.decider import Command


class SetTarget(Command, frozen=True, kw_only=True):
    """Sets the target of a measure in a period, within a scope.

    `value`: decimal text in the measure's unit, minor units for money. `scope`: {dimension: label}, empty for the whole
    company. `seed`: the command comes from a definition and changes no target that is set already.
    """

    period: str
    measure: str
    value: str
    scope: Mapping[str, str]
    currency: str | None = None
    seed: bool = False
