"""Customers in their segments, present or as of a day; counts and the matrix; the index of customers."""
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import date
from typing import Any

from chassis.http.access import current_access, unrestricted_access
from chassis.service.context import Entity, ServiceContext
from services.segmentation.decider.customers import profile_of
from services.segmentation.definitions.segmentation import Cutoffs, Segmentation, Segmentations, Values
from services.segmentation.queries.process_state import CustomerBase, PlacedCustomer, ProcessState
from services.segmentation.state.customer import CustomerState, purchases_by_day
from services.segmentation.state.cutoffs import CutoffsState

PAGE = 500
LISTING_SECONDS = 30.0
MAX_LISTINGS = 8


async def customer_base(context: ServiceContext) -> CustomerBase:
    totals = (await context.count("customer", {}, sums=("purchases", "spent_minor")))[0]
    return CustomerBase(totals.n, totals.sums["purchases"], totals.sums["spent_minor"])


async def all_customers(context: ServiceContext) -> AsyncIterator[Entity]:
    after: str | None = None
    while True:
        page = await context.find("customer", {}, after=after, limit=PAGE)
        for entity in page.items:
            yield entity
        if page.next is None:
            return
        after = page.next


async def values_on(
    context: ServiceContext, segmentation: Segmentation, as_of: date,
) -> dict[str, tuple[CustomerState, Values]]:
    """Every customer with a purchase by that day, and its values of that day."""
    customers: dict[str, tuple[CustomerState, Values]] = {}
    async for entity in all_customers(context):
        customer: CustomerState = entity.state
        values = segmentation.measure(purchases_by_day(customer), as_of)
        if values is not None and not customer.erased:
            customers[entity.key] = (customer, values)
    return customers


async def placements_on(
    context: ServiceContext, segmentation: Segmentation, as_of: date,
) -> tuple[Cutoffs, list[PlacedCustomer]]:
    """Cut-offs of that day, from all customers, and the segments of the visible ones."""
    with unrestricted_access():
        everyone = await values_on(context, segmentation, as_of)
    cutoffs = segmentation.cutoffs_of([values for _, values in everyone.values()])
    access = current_access()
    visible = {id: (c, v) for id, (c, v) in everyone.items() if access is None or access.scope.matches(labels(c))}
    return cutoffs, [_placed(segmentation, customer, values, cutoffs) for customer, values in visible.values()]


async def listing_on(
    context: ServiceContext, process: ProcessState, segmentation: Segmentation, as_of: date, *, further_page: bool,
) -> list[PlacedCustomer]:
    """The visible customers as of that day; further pages are cut from the first one's list while it is cached."""
    key = (segmentation.ref, as_of, current_access())
    drop_expired_listings(process)
    if further_page and key in process.listings:
        return process.listings[key][1]
    _, placed = await placements_on(context, segmentation, as_of)
    process.listings.pop(key, None)
    process.listings[key] = (time.monotonic(), placed)
    if len(process.listings) > MAX_LISTINGS:
        del process.listings[next(iter(process.listings))]
    return placed


def drop_expired_listings(process: ProcessState) -> None:
    since = time.monotonic() - LISTING_SECONDS
    process.listings = {key: listing for key, listing in process.listings.items() if listing[0] > since}


def _placed(
    segmentation: Segmentation, customer: CustomerState, values: Values, cutoffs: Cutoffs,
) -> PlacedCustomer:
    profile = profile_of(segmentation, values, cutoffs)
    segment = segmentation.segment(profile.r, profile.f, profile.m)
    return PlacedCustomer(customer.customer_id, customer.name, segment.name, profile)


async def placements_now(context: ServiceContext, segmentation: Segmentation) -> list[PlacedCustomer]:
    placed = []
    async for entity in all_customers(context):
        customer: CustomerState = entity.state
        placement = customer.placements.get(segmentation.name)
        if placement is not None:
            placed.append(PlacedCustomer(entity.key, customer.name, placement.segment, placement.profile))
    return placed


async def member_counts(
    context: ServiceContext, segmentations: Segmentations, segmentation: Segmentation,
) -> Counter[str]:
    """Members of each segment now; for the first segmentation by the index."""
    if segmentation.name == segmentations.first.name:
        groups = await context.count("customer", {}, by=("segment",))
        return Counter({str(g.by["segment"]): g.n for g in groups if g.by["segment"] is not None})
    return Counter(p.segment for p in await placements_now(context, segmentation))


def matrix(placed: list[PlacedCustomer]) -> list[dict[str, Any]]:
    """Customers and money per cell of recency by the mean of frequency and money, rounded up; 5 by 5 cells."""
    cells: dict[tuple[int, int], list[int]] = {}
    for p in placed:
        cell = cells.setdefault((p.profile.r, -(-(p.profile.f + p.profile.m) // 2)), [0, 0])
        cell[0] += 1
        cell[1] += p.profile.monetary_minor
    return [{"r": r, "fm": fm, "customers": cells.get((r, fm), [0, 0])[0],
             "monetary_minor": cells.get((r, fm), [0, 0])[1]} for r in range(5, 0, -1) for fm in range(1, 6)]


async def present_cutoffs(context: ServiceContext, segmentation: Segmentation) -> CutoffsState | None:
    entity = await context.get("cutoffs", segmentation.name)
    return entity.state if entity else None


def labels(customer: CustomerState) -> Mapping[str, Any]:
    return {"business_line": customer.business_line, "region": customer.region, "team": customer.team,
            "rep_id": customer.rep_id}


def index(segmentations: Segmentations, customer: CustomerState) -> Mapping[str, Any]:
    placement = customer.placements.get(segmentations.first.name)
    return {
        "segment": placement.segment if placement else None,
        **labels(customer),
        "name": customer.name,
        "purchases": sum(d.n for d in customer.days),
        "spent_minor": sum(d.amount_minor for d in customer.days),
        "waiting": bool(awaited_segmentations(segmentations, customer)),
    }


def awaited_segmentations(segmentations: Segmentations, customer: CustomerState) -> list[Segmentation]:
    """Segmentations whose cut-offs the customer needs although they have not moved: it has bought and received none
    yet, or past purchases were counted since its last evaluation (one evaluation covers all segmentations)."""
    if customer.erased:
        return []
    every = list(segmentations.segmentations.values())
    unknown = [s for s in every if s.name not in customer.cutoffs] if customer.days else []
    return unknown or (every[:1] if customer.unplaced else [])
