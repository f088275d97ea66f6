"""Questions about customers and segments: as they stand, or as they stood on a day. Reads, never writes."""
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from chassis.http.access import access, seeing_everything
from chassis.runtime.timers import Gate
from chassis.service.context import Context, Entity
from contracts.segmentation import Profile
from services.segmentation.decider import profile_of
from services.segmentation.definitions import Compiled, Cutoffs, Segmentation, Values
from services.segmentation.state import Customer, CutoffsState

PAGE = 500
MATTERS = 4  # a quarter more or less
LISTED_SECONDS = 30.0
LISTINGS = 8


@dataclass(frozen=True, slots=True)
class Placed:
    """A customer in a segment, with the scores that put it there."""

    customer_id: str
    name: str | None
    segment: str
    profile: Profile


@dataclass(frozen=True, slots=True)
class Base:
    """Of whom cut-offs are made, in figures; money in minor units of whatever currency."""

    customers: int
    purchases: int
    spent_minor: int

    def __str__(self) -> str:
        return f"{self.customers}:{self.purchases}:{self.spent_minor}"

    def matters(self, before: str, small: bool) -> bool:
        """Whether it is another one than `before`: by a quarter of anything, or, with `small`, by however little. What
        was not made of figures (somebody asked) is another one."""
        if before == str(self):
            return False
        were = before.split(":")
        if small or len(were) != len(figures := (self.customers, self.purchases, self.spent_minor)):
            return True
        return any(MATTERS * abs(now - int(was)) >= max(1, abs(int(was)))
                   for now, was in zip(figures, were, strict=True) if now != int(was))


@dataclass(slots=True)
class Memory:
    """What a process remembers of its looks and tellings. Lost with it: the next one then begins with a look.

    `base`: of the last look. `owing`: somebody may still have to be told; of those that wait, the ones `after` a
    cursor. `gate`: whether what was told is heard. `calm_until`: then a small change of the base counts again.
    `listings`: see `listed`. Moments are those of the monotonic clock.
    """

    base: Base | None = None
    owing: bool = False
    after: str | None = None
    gate: Gate | None = None
    look_again: float = 0.0
    calm_until: float = 0.0
    listings: dict[Any, tuple[float, list[Placed]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Extra:
    """What the doors of this service need besides the context."""

    compiled: Compiled
    memory: Memory


async def base_now(context: Context) -> Base:
    totals = (await context.count("customer", {}, sums=("purchases", "spent_minor")))[0]
    return Base(totals.n, totals.sums["purchases"], totals.sums["spent_minor"])


async def every_customer(context: Context) -> AsyncIterator[Entity]:
    after: str | None = None
    while True:
        page = await context.find("customer", {}, after=after, limit=PAGE)
        for entity in page.items:
            yield entity
        if page.next is None:
            return
        after = page.next


async def values_on(context: Context, segmentation: Segmentation, as_of: date) -> dict[str, tuple[Customer, Values]]:
    """Every customer with a purchase by that day, and what it was then."""
    found: dict[str, tuple[Customer, Values]] = {}
    async for entity in every_customer(context):
        customer: Customer = entity.state
        days = {(d.kind, d.business_line, d.currency, d.day): (d.n, d.amount_minor) for d in customer.days}
        values = segmentation.measure(days, as_of)
        if values is not None and not customer.erased:
            found[entity.key] = (customer, values)
    return found


async def as_it_was(context: Context, segmentation: Segmentation, as_of: date) -> tuple[Cutoffs, list[Placed]]:
    """The segmentation of that day: cut-offs of all customers as they were then, and the segment of each one seen."""
    with seeing_everything():
        everybody = await values_on(context, segmentation, as_of)
    cutoffs = segmentation.cutoffs_of([values for _, values in everybody.values()])
    seen = access()
    found = {id: (c, v) for id, (c, v) in everybody.items() if seen is None or seen.scope.holds(labels(c))}
    return cutoffs, [_placed(segmentation, customer, values, cutoffs) for customer, values in found.values()]


async def listed(
    context: Context, memory: Memory, segmentation: Segmentation, as_of: date, *, on: bool,
) -> list[Placed]:
    """Everyone seen as on that day. `on`: a further page, cut from what the first one was cut from, for a while."""
    key = (segmentation.ref, as_of, access())
    forget_listings(memory)
    if on and key in memory.listings:
        return memory.listings[key][1]
    _, placed = await as_it_was(context, segmentation, as_of)
    memory.listings.pop(key, None)
    memory.listings[key] = (time.monotonic(), placed)
    if len(memory.listings) > LISTINGS:
        del memory.listings[next(iter(memory.listings))]
    return placed


def forget_listings(memory: Memory) -> None:
    """Those that are too old."""
    since = time.monotonic() - LISTED_SECONDS
    memory.listings = {key: made for key, made in memory.listings.items() if made[0] > since}


def _placed(segmentation: Segmentation, customer: Customer, values: Values, cutoffs: Cutoffs) -> Placed:
    profile = profile_of(segmentation, values, cutoffs)
    segment = segmentation.segment(profile.r, profile.f, profile.m)
    return Placed(customer.customer_id, customer.name, segment.name, profile)


async def as_it_is(context: Context, segmentation: Segmentation) -> list[Placed]:
    found = []
    async for entity in every_customer(context):
        customer: Customer = entity.state
        standing = customer.standings.get(segmentation.name)
        if standing is not None:
            found.append(Placed(entity.key, customer.name, standing.segment, standing.profile))
    return found


async def members(context: Context, compiled: Compiled, segmentation: Segmentation) -> Counter[str]:
    """How many stand in each segment now; by the index for the first segmentation."""
    if segmentation.name == compiled.first.name:
        groups = await context.count("customer", {}, by=("segment",))
        return Counter({str(g.by["segment"]): g.n for g in groups if g.by["segment"] is not None})
    return Counter(p.segment for p in await as_it_is(context, segmentation))


def matrix(placed: list[Placed]) -> list[dict[str, Any]]:
    """How many customers, and how much money, in each cell of recency by frequency-and-money (mean, rounded up)."""
    cells: dict[tuple[int, int], list[int]] = {}
    for p in placed:
        cell = cells.setdefault((p.profile.r, -(-(p.profile.f + p.profile.m) // 2)), [0, 0])
        cell[0] += 1
        cell[1] += p.profile.monetary_minor
    return [{"r": r, "fm": fm, "customers": cells.get((r, fm), [0, 0])[0],
             "monetary_minor": cells.get((r, fm), [0, 0])[1]} for r in range(5, 0, -1) for fm in range(1, 6)]


async def cutoffs_now(context: Context, segmentation: Segmentation) -> CutoffsState | None:
    entity = await context.read("cutoffs", segmentation.name)
    return entity.state if entity else None


def labels(customer: Customer) -> Mapping[str, Any]:
    return {"business_line": customer.business_line, "region": customer.region, "team": customer.team,
            "rep_id": customer.rep_id}


def index(compiled: Compiled, customer: Customer) -> Mapping[str, Any]:
    standing = customer.standings.get(compiled.first.name)
    return {
        "segment": standing.segment if standing else None,
        **labels(customer),
        "name": customer.name,
        "purchases": sum(d.n for d in customer.days),
        "spent_minor": sum(d.amount_minor for d in customer.days),
        "waiting": bool(awaits(compiled, customer)),
    }


def awaits(compiled: Compiled, customer: Customer) -> list[Segmentation]:
    """Of which segmentations a customer has to be told the cut-offs although they have not moved: it has bought and
    knows none yet, or history was counted that it was not looked at with (one look places it in all)."""
    if customer.erased:
        return []
    every = list(compiled.segmentations.values())
    unknown = [s for s in every if s.name not in customer.cutoffs] if customer.days else []
    return unknown or (every[:1] if customer.unplaced else [])
