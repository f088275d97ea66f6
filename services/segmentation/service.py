"""The segmentation service, put together. Nothing is decided here."""
from datetime import date, timedelta

from chassis.context import Context
from chassis.decider import Aggregate
from chassis.definitions import Definitions
from chassis.service import Job, Parts, Service
from contracts.segmentation import PurchaseChanged, RescoringRequested, SegmentEntered, SegmentLeft
from services.segmentation import api, handlers, queries
from services.segmentation.decider import CUTOFFS, PURCHASE, customer_decider
from services.segmentation.definitions import Compiled, Segmentation, compile_all
from services.segmentation.state import Customer, CutoffsState, Purchase


def build(definitions: Definitions) -> Parts:
    compiled = compile_all(definitions)
    return Parts(
        aggregates=(
            Aggregate("purchase", PURCHASE, Purchase, history=False),
            Aggregate(
                "customer", customer_decider(compiled), Customer,
                fields={"segment": str, "business_line": str, "region": str, "team": str, "rep_id": str, "name": str,
                        "purchases": int, "spent_minor": int},
                indexes=(("segment",), ("rep_id",), ("spent_minor",)),
                index=lambda customer: queries.index(compiled, customer), scoped=True,
            ),
            Aggregate("cutoffs", CUTOFFS, CutoffsState, history=False),
        ),
        handlers=handlers.handlers(compiled.zone),
        extra=compiled,
    )


async def keep_cutoffs(context: Context) -> None:
    """At the close of a day, and when the base of a segmentation has changed: new cut-offs, told to every customer."""
    compiled: Compiled = context.parts.extra
    today = context.now().astimezone(compiled.zone).date()
    totals = (await context.count("customer", {}, sums=("purchases", "spent_minor")))[0]
    base = f"{totals.n}:{totals.sums['purchases']}:{totals.sums['spent_minor']}"
    if not totals.n:
        return
    for segmentation in compiled.segmentations.values():
        known = await queries.cutoffs_now(context, segmentation)
        if known is None or known.told < known.version or known.base != base or _due(known, segmentation, today):
            await api.recompute(context, segmentation, today, base)


def _due(known: CutoffsState, segmentation: Segmentation, today: date) -> bool:
    days = max(1, round(segmentation.every / timedelta(days=1)))
    return known.as_of is None or (today - known.as_of).days >= days


SERVICE = Service(
    name="segmentation",
    purpose="Divides customers by what they buy, how often and how recently, the moment something changes.",
    definitions=("segments", "calendar"),
    build=build,
    says=(SegmentEntered, SegmentLeft, PurchaseChanged, RescoringRequested),
    hears=tuple(handlers.HANDLERS),
    api=api.router,
    jobs=(Job("cutoffs", 20.0, keep_cutoffs),),
)
