"""Cut-off job: checks the cut-offs and announces new versions to customers, a batch per turn, behind all other work.

A check makes a new version when a day closes or the customer base has changed, unless the cut-offs stay equal. Every
customer is sent a version once. The progress is stored with the cut-offs, so the next process continues after a crash;
ids and contents depend only on the announcement, so a second one is recognised as a repeat.
"""
import asyncio
import time
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from zoneinfo import ZoneInfo

from chassis.http.access import unrestricted_access
from chassis.ports.query import encode_cursor
from chassis.runtime.timers import ProgressGate
from chassis.service.context import Entity, ServiceContext
from contracts.segmentation import RescoringRequested
from services.segmentation.commands import MoveCutoffs, RecordAnnouncement
from services.segmentation.definitions.segmentation import Segmentation
from services.segmentation.queries.customers import (
    awaited_segmentations,
    customer_base,
    drop_expired_listings,
    present_cutoffs,
    values_on,
)
from services.segmentation.queries.process_state import SegmentationRuntime, runtime_of
from services.segmentation.state.customer import CustomerState
from services.segmentation.state.cutoffs import CutoffsState

TURN_SECONDS = 0.5
CHECK_SECONDS = 20.0
BATCH = 500  # customers; bounds how long an order waits behind an announcement
CUSTOMERS_PER_SECOND = 200  # the average rate of announcements for small changes


async def run_turn(context: ServiceContext) -> None:
    """Runs a due check, then the next batch, but only after all earlier records, the last batch included, are
    processed."""
    process = runtime_of(context).process
    due = time.monotonic() >= process.next_check
    if not due and not process.pending:
        return
    if process.gate is None:
        process.gate = ProgressGate(context.bus, context.group, context.topics)
    if await process.gate.passed(context.now()) is None:
        return
    if due:
        process.next_check = time.monotonic() + CHECK_SECONDS
        await check_cutoffs(context)
    if process.pending:
        await announce(context)


# --- checking --------------------------------------------------------------------------------------------------------


async def check_cutoffs(context: ServiceContext) -> None:
    """New cut-offs where they are due. A version that is still being announced is finished first."""
    runtime = runtime_of(context)
    process, segmentations = runtime.process, runtime.segmentations
    base = await customer_base(context)
    stable, process.base = process.base == base, base
    if not base.customers:
        return
    process.pending, process.after = True, None
    drop_expired_listings(process)
    today = context.now().astimezone(segmentations.zone).date()
    for segmentation in segmentations.segmentations.values():
        known = await present_cutoffs(context, segmentation)
        if known is not None and known.announced < known.version:
            continue
        any_change = stable and time.monotonic() >= process.quiet_until
        if known is None or known.definitions != segmentations.refs or _day_closed(known, segmentation, today) or (
                base.differs(known.base, any_change)):
            moved = await recompute(context, segmentation, today, str(base))
            if known is None or moved.version != known.version:
                process.quiet_until = time.monotonic() + base.customers / CUSTOMERS_PER_SECOND


def _day_closed(known: CutoffsState, segmentation: Segmentation, today: date) -> bool:
    days = max(1, round(segmentation.every / timedelta(days=1)))
    return known.as_of is None or (today - known.as_of).days >= days


async def recompute(context: ServiceContext, segmentation: Segmentation, as_of: date, base: str) -> CutoffsState:
    """Cut-offs as of a day. If they have moved, the coming turns announce them to every customer."""
    runtime = runtime_of(context)
    with unrestricted_access():
        customers = await values_on(context, segmentation, as_of)
    cutoffs = segmentation.cutoffs_of([values for _, values in customers.values()])
    moved = await context.execute("cutoffs", segmentation.name, MoveCutoffs(
        at=context.now(), actor="segmentation", as_of=as_of, cutoffs=cutoffs, base=base,
        definitions=runtime.segmentations.refs))
    runtime.process.pending = True
    state: CutoffsState = moved.entity.state
    return state


# --- announcing ------------------------------------------------------------------------------------------------------


async def announce(context: ServiceContext) -> None:
    """The next batch of a version; when it is complete, the next batch of customers that wait for cut-offs."""
    runtime = runtime_of(context)
    for segmentation in runtime.segmentations.segmentations.values():
        known = await present_cutoffs(context, segmentation)
        if known is not None and known.announced < known.version:
            await _announce_version(context, segmentation, known)
            return
    await _announce_to_waiting(context, runtime)


async def _announce_version(context: ServiceContext, segmentation: Segmentation, known: CutoffsState) -> None:
    """To customers that have bought, or received an earlier version."""
    reached, done = known.announced_upto, False
    batch: list[Entity] = []
    while not batch and not done:
        page = await context.find("customer", {}, after=reached and encode_cursor(None, False, None, reached),
                                  limit=BATCH)
        batch = [e for e in page.items if _needs_version(e.state, segmentation, known)]
        reached, done = page.items[-1].key if page.items else reached, page.next is None
    await _publish(context, (
        (_request(segmentation, known, e.key, known.as_of), known.moved_at,
         f"rescore:{segmentation.name}:{known.version}:{e.key}") for e in batch))
    await context.execute("cutoffs", segmentation.name, RecordAnnouncement(
        at=context.now(), actor="segmentation", version=known.version, upto=None if done else reached))


def _needs_version(customer: CustomerState, segmentation: Segmentation, known: CutoffsState) -> bool:
    received = customer.cutoffs.get(segmentation.name)
    if customer.erased or (received is not None and received.version >= known.version):
        return False
    return bool(customer.days) or received is not None


async def _announce_to_waiting(context: ServiceContext, runtime: SegmentationRuntime) -> None:
    """To customers that bought since the announcement, or whose past purchases were counted: as of today."""
    process, segmentations = runtime.process, runtime.segmentations
    today = context.now().astimezone(segmentations.zone).date()
    page = await context.find("customer", {"waiting": True}, after=process.after, limit=BATCH)
    states = {name: await present_cutoffs(context, s) for name, s in segmentations.segmentations.items()}
    batch = [(s, known, e) for e in page.items for s in awaited_segmentations(segmentations, e.state)
             if (known := states[s.name]) is not None]
    # The revision is part of the id: a customer that waits again, after more history, is sent them again.
    await _publish(context, (
        (_request(s, known, e.key, today), _announced_at(known, e, today, segmentations.zone),
         f"rescore:{s.name}:{known.version}:{e.key}:{today}:{e.rev}") for s, known, e in batch))
    process.after, process.pending = page.next, page.next is not None


def _announced_at(known: CutoffsState, customer: Entity, today: date, zone: ZoneInfo) -> datetime:
    """Not before its causes, and today, so that it is not history; the same in every process."""
    times = (known.moved_at, customer.updated_at, datetime.combine(today, clock_time(), zone).astimezone(UTC))
    return max(t for t in times if t is not None)


def _request(segmentation: Segmentation, known: CutoffsState, key: str, as_of: date | None) -> RescoringRequested:
    assert as_of is not None  # there is a version
    return RescoringRequested(customer_id=key, segmentation=segmentation.name, as_of=as_of, version=known.version,
                              cutoffs=known.cutoffs)


async def _publish(
    context: ServiceContext, requests: Iterable[tuple[RescoringRequested, datetime | None, str]],
) -> None:
    await asyncio.gather(*(
        context.publish(event, time=at or context.now(), source="segmentation", id=id) for event, at, id in requests))
