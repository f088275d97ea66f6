"""The segmentation service, put together. Nothing is decided here."""
from chassis.domain.decider import Aggregate
from chassis.domain.definitions import Definitions
from chassis.service.description import Job, Parts, Service
from contracts.segmentation import PurchaseChanged, RescoringRequested, SegmentEntered, SegmentLeft
from services.segmentation import api, handlers, queries
from services.segmentation.api.cutoff_announcements import TURN_SECONDS, keep_cutoffs
from services.segmentation.decider import CUTOFFS, PURCHASE, customer_decider
from services.segmentation.definitions import compile_all
from services.segmentation.state import Customer, CutoffsState, Purchase


def build(definitions: Definitions) -> Parts:
    compiled = compile_all(definitions)
    return Parts(
        aggregates=(
            Aggregate("purchase", PURCHASE, Purchase, history=False),
            Aggregate(
                "customer", customer_decider(compiled), Customer,
                fields={"segment": str, "business_line": str, "region": str, "team": str, "rep_id": str, "name": str,
                        "purchases": int, "spent_minor": int, "waiting": bool},
                indexes=(("segment",), ("rep_id",), ("spent_minor",), ("waiting",)),
                index=lambda customer: queries.index(compiled, customer), scoped=True,
            ),
            Aggregate("cutoffs", CUTOFFS, CutoffsState, history=False),
        ),
        handlers=handlers.handlers(compiled.zone),
        extra=queries.Extra(compiled, queries.Memory()),
    )


SERVICE = Service(
    name="segmentation",
    purpose="Divides customers by what they buy, how often and how recently, the moment something changes.",
    definitions=("segments", "calendar"),
    build=build,
    says=(SegmentEntered, SegmentLeft, PurchaseChanged, RescoringRequested),
    hears=tuple(handlers.HANDLERS),
    api=api.router,
    jobs=(Job("cutoffs", TURN_SECONDS, keep_cutoffs),),
)
