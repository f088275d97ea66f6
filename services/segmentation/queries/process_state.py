"""In-memory state of a process of this service: the cut-off job's progress, cached listings. Lost with the process."""
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from chassis.runtime.timers import ProgressGate
from chassis.service.context import ServiceContext
from contracts.segmentation import Profile
from services.segmentation.definitions.segmentation import Segmentations

QUARTER = 4  # a change of at least 1/4 counts


class PlacedCustomer(NamedTuple):
    """A customer in a segment, with the scores that led to it."""

    customer_id: str
    name: str | None
    segment: str
    profile: Profile


class CustomerBase(NamedTuple):
    """Size of the customer base that cut-offs are computed from; money in minor units of all currencies."""

    customers: int
    purchases: int
    spent_minor: int

    def __str__(self) -> str:
        return f"{self.customers}:{self.purchases}:{self.spent_minor}"

    def differs(self, before: str, by_any_amount: bool) -> bool:
        """Whether any figure changed by a quarter, or `by_any_amount`. `before` may be a reason instead of figures
        (cut-offs recomputed by request): that differs."""
        if before == str(self):
            return False
        earlier = before.split(":")
        if by_any_amount or len(earlier) != len(self):
            return True
        return any(QUARTER * abs(now - int(was)) >= max(1, abs(int(was)))
                   for now, was in zip(self, earlier, strict=True) if now != int(was))


@dataclass(slots=True)
class ProcessState:
    """`base`: at the last check. `pending`: customers may still have to be sent cut-offs; `after`: cursor of those that
    wait. `gate`: passes once the announcements are processed. `quiet_until`: until then small changes of the base do
    not count. Times are of the monotonic clock.
    """

    base: CustomerBase | None = None
    pending: bool = False
    after: str | None = None
    gate: ProgressGate | None = None
    next_check: float = 0.0
    quiet_until: float = 0.0
    listings: dict[Any, tuple[float, list[PlacedCustomer]]] = field(default_factory=dict)  # (since, customers)


@dataclass(frozen=True, slots=True)
class SegmentationRuntime:
    """`components.extra` of this service."""

    segmentations: Segmentations
    process: ProcessState


def runtime_of(context: ServiceContext) -> SegmentationRuntime:
    runtime: SegmentationRuntime = context.components.extra
    return runtime
