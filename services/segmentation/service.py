"""The segmentation service, put together. Nothing is decided here."""
from chassis.domain.decider import Aggregate
from chassis.domain.definitions import Definitions
from chassis.service.access_rules import allow, grant
from chassis.service.description import Job, Service, ServiceComponents
from contracts.segmentation import PurchaseChanged, RescoringRequested, SegmentEntered, SegmentLeft
from services.segmentation import api, handlers, queries
from services.segmentation.api.cutoff_announcements import TURN_SECONDS, keep_cutoffs
from services.segmentation.decider import CUTOFFS, PURCHASE, customer_decider
from services.segmentation.definitions.compiler import compile_segmentations
from services.segmentation.state import Customer, CutoffsState, Purchase


def build(definitions: Definitions) -> ServiceComponents:
    compiled = compile_segmentations(definitions)
    return ServiceComponents(
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
    title={"en": "Customer segments", "zh": "客群"},
    port_offset=2,
    purpose="Divides customers by what they buy, how often and how recently, the moment something changes.",
    definitions=("segments", "calendar"),
    build=build,
    publishes=(SegmentEntered, SegmentLeft, PurchaseChanged, RescoringRequested),
    consumes=tuple(handlers.HANDLERS),
    api=api.router,
    jobs=(Job("cutoffs", TURN_SECONDS, keep_cutoffs),),
    permissions=(
        grant("customers:read", "Customers", "rep manager director marketer"),
        grant("customers:write", "Customers' own data", "marketer"),
        grant("segments:read", "Segments and the number of their members", "rep manager director marketer analyst"),
        grant("segments:write", "Recompute segments", "marketer"),
    ),
    routes=(
        allow("GET", "/v1/customers{*}", "customers:read"),
        allow("GET", "/v1/segments/{}/members", "customers:read"),  # names people; the other routes count them
        allow("GET", "/v1/segments{*}", "segments:read"),
        allow("POST", "/v1/segments/recompute", "segments:write"),
    ),
)
