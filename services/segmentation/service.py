"""Composition of the segmentation service."""
from chassis.domain.decider import Aggregate
from chassis.domain.definitions import Definitions
from chassis.service.access_rules import allow, grant
from chassis.service.description import Job, Service, ServiceComponents
from contracts.segmentation import PurchaseChanged, RescoringRequested, SegmentEntered, SegmentLeft
from services.segmentation import api, handlers
from services.segmentation.api.cutoff_announcements import TURN_SECONDS, run_turn
from services.segmentation.decider.customers import customer_decider
from services.segmentation.decider.cutoffs import CUTOFFS
from services.segmentation.decider.purchases import PURCHASE
from services.segmentation.definitions.compiler import compile_segmentations
from services.segmentation.queries.customers import index
from services.segmentation.queries.process_state import ProcessState, SegmentationRuntime
from services.segmentation.state.customer import CustomerState
from services.segmentation.state.cutoffs import CutoffsState
from services.segmentation.state.purchase import PurchaseState


def build(definitions: Definitions) -> ServiceComponents:
    segmentations = compile_segmentations(definitions)
    return ServiceComponents(
        aggregates=(
            Aggregate("purchase", PURCHASE, PurchaseState, history=False),
            Aggregate(
                "customer", customer_decider(segmentations), CustomerState,
                fields={"segment": str, "business_line": str, "region": str, "team": str, "rep_id": str, "name": str,
                        "purchases": int, "spent_minor": int, "waiting": bool},
                indexes=(("segment",), ("rep_id",), ("spent_minor",), ("waiting",)),
                index=lambda customer: index(segmentations, customer), scoped=True,
            ),
            Aggregate("cutoffs", CUTOFFS, CutoffsState, history=False),
        ),
        handlers=handlers.handlers(segmentations.zone),
        extra=SegmentationRuntime(segmentations, ProcessState()),
    )


SERVICE = Service(
    name="segmentation",
    title={"en": "Customer segments", "zh": "客群"},
    port_offset=2,
    purpose="Assigns customers to segments by recency, frequency and amount of their purchases.",
    definitions=("segments", "calendar"),
    build=build,
    publishes=(SegmentEntered, SegmentLeft, PurchaseChanged, RescoringRequested),
    consumes=tuple(handlers.HANDLERS),
    api=api.router,
    jobs=(Job("cutoffs", TURN_SECONDS, run_turn),),
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
