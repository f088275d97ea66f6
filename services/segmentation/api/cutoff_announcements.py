"""Looking at the cut-offs, and telling customers of them: a few at a time, behind everything else there is to do.

A look makes a new version at the close of a day, and when the customers have become others; an equal one is none. Each
customer is told a version once. Where the telling stands is kept with the cut-offs, so that whoever comes after a crash
goes on there; ids and contents depend only on what is told, so what is told twice all the same is a repeat.
"""
import asyncio
import time
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from zoneinfo import ZoneInfo

from chassis.http.access import seeing_everything
from chassis.ports.query import cursor_after
from chassis.runtime.timers import Gate
from chassis.service.context import Context, Entity
from contracts.segmentation import RescoringRequested
from services.segmentation import queries
from services.segmentation.commands import MoveCutoffs, NoteTold
from services.segmentation.definitions import Segmentation
from services.segmentation.queries import Extra
from services.segmentation.state import Customer, CutoffsState

TURN_SECONDS = 0.5
LOOK_SECONDS = 20.0
TOLD_AT_ONCE = 500  # customers: an order never waits behind more
CALM = 200  # customers a second: how many may be told, in the long run, because little has changed


async def keep_cutoffs(context: Context) -> None:
    """One turn: a look when it is time for one, then the next customers; only once all is heard that lay in the log
    before, what was told last included."""
    memory = context.parts.extra.memory
    due = time.monotonic() >= memory.look_again
    if not due and not memory.owing:
        return
    if memory.gate is None:
        memory.gate = Gate(context.bus, context.group, context.topics)
    if await memory.gate.passed(context.now()) is None:
        return
    if due:
        memory.look_again = time.monotonic() + LOOK_SECONDS
        await look(context)
    if memory.owing:
        await tell(context)


# --- looking ---------------------------------------------------------------------------------------------------------


async def look(context: Context) -> None:
    """New cut-offs where they are due. A version that is still being told comes first."""
    extra: Extra = context.parts.extra
    memory, compiled = extra.memory, extra.compiled
    base = await queries.base_now(context)
    still, memory.base = memory.base == base, base
    if not base.customers:
        return
    memory.owing, memory.after = True, None
    queries.forget_listings(memory)
    today = context.now().astimezone(compiled.zone).date()
    for segmentation in compiled.segmentations.values():
        known = await queries.cutoffs_now(context, segmentation)
        if known is not None and known.told < known.version:
            continue
        small = still and time.monotonic() >= memory.calm_until
        if known is None or known.definitions != compiled.refs or _day_closed(known, segmentation, today) or (
                base.matters(known.base, small)):
            moved = await recompute(context, segmentation, today, str(base))
            if known is None or moved.version != known.version:
                memory.calm_until = time.monotonic() + base.customers / CALM


def _day_closed(known: CutoffsState, segmentation: Segmentation, today: date) -> bool:
    days = max(1, round(segmentation.every / timedelta(days=1)))
    return known.as_of is None or (today - known.as_of).days >= days


async def recompute(context: Context, segmentation: Segmentation, as_of: date, base: str) -> CutoffsState:
    """Cut-offs as of a day. When they have moved, the coming turns tell every customer."""
    extra: Extra = context.parts.extra
    with seeing_everything():
        found = await queries.values_on(context, segmentation, as_of)
    cutoffs = segmentation.cutoffs_of([values for _, values in found.values()])
    moved = await context.ask("cutoffs", segmentation.name, MoveCutoffs(
        at=context.now(), actor="segmentation", as_of=as_of, cutoffs=cutoffs, base=base,
        definitions=extra.compiled.refs))
    extra.memory.owing = True
    state: CutoffsState = moved.entity.state
    return state


# --- telling ---------------------------------------------------------------------------------------------------------


async def tell(context: Context) -> None:
    """The next customers that a version has to be told; when all know it, the next ones that wait for it."""
    extra: Extra = context.parts.extra
    for segmentation in extra.compiled.segmentations.values():
        known = await queries.cutoffs_now(context, segmentation)
        if known is not None and known.told < known.version:
            await _tell_version(context, segmentation, known)
            return
    await _tell_waiting(context, extra)


async def _tell_version(context: Context, segmentation: Segmentation, known: CutoffsState) -> None:
    """Whoever has bought, or knows an earlier version."""
    reached, done = known.reached, False
    told: list[Entity] = []
    while not told and not done:
        page = await context.find("customer", {}, after=reached and cursor_after(None, False, None, reached),
                                  limit=TOLD_AT_ONCE)
        told = [e for e in page.items if _concerned(e.state, segmentation, known)]
        reached, done = page.items[-1].key if page.items else reached, page.next is None
    await _say(context, (
        (_request(segmentation, known, e.key, known.as_of), known.moved_at,
         f"rescore:{segmentation.name}:{known.version}:{e.key}") for e in told))
    await context.ask("cutoffs", segmentation.name, NoteTold(
        at=context.now(), actor="segmentation", version=known.version, upto=None if done else reached))


def _concerned(customer: Customer, segmentation: Segmentation, known: CutoffsState) -> bool:
    its = customer.cutoffs.get(segmentation.name)
    if customer.erased or (its is not None and its.version >= known.version):
        return False
    return bool(customer.days) or its is not None


async def _tell_waiting(context: Context, extra: Extra) -> None:
    """Who has bought since a version was told, and of whom history was counted: as of today."""
    memory, zone = extra.memory, extra.compiled.zone
    today = context.now().astimezone(zone).date()
    page = await context.find("customer", {"waiting": True}, after=memory.after, limit=TOLD_AT_ONCE)
    states = {name: await queries.cutoffs_now(context, s) for name, s in extra.compiled.segmentations.items()}
    told = [(s, known, e) for e in page.items for s in queries.awaits(extra.compiled, e.state)
            if (known := states[s.name]) is not None]
    # The revision stands in the id: who waits again, after more history, is told again.
    await _say(context, (
        (_request(s, known, e.key, today), _told_at(known, e, today, zone),
         f"rescore:{s.name}:{known.version}:{e.key}:{today}:{e.rev}") for s, known, e in told))
    memory.after, memory.owing = page.next, page.next is not None


def _told_at(known: CutoffsState, customer: Entity, today: date, zone: ZoneInfo) -> datetime:
    """Not before what it follows from, and of today, so that it is no history; the same whoever tells it."""
    moments = (known.moved_at, customer.updated_at, datetime.combine(today, clock_time(), zone).astimezone(UTC))
    return max(m for m in moments if m is not None)


def _request(segmentation: Segmentation, known: CutoffsState, key: str, as_of: date | None) -> RescoringRequested:
    assert as_of is not None  # there is a version
    return RescoringRequested(customer_id=key, segmentation=segmentation.name, as_of=as_of, version=known.version,
                              cutoffs=known.cutoffs)


async def _say(context: Context, told: Iterable[tuple[RescoringRequested, datetime | None, str]]) -> None:
    await asyncio.gather(*(
        context.say(event, time=at or context.now(), source="segmentation", id=id) for event, at, id in told))
