"""What can be asked of a target."""
from collections.abc import Mapping

from chassis.domain.decider import Command


class SetTarget(Command, frozen=True, kw_only=True):
    """Aim at `value` (a decimal text in the measure's unit, minor units for money) in the period, within the scope.

    `scope`: {dimension: label}, empty for the whole company. `seed`: from a definition; it gives way to any target
    that stands already.
    """

    period: str
    measure: str
    value: str
    scope: Mapping[str, str]
    currency: str | None = None
    seed: bool = False
