"""Composition of the pipeline service."""
from zoneinfo import ZoneInfo

from chassis.domain.decider import Aggregate
from chassis.domain.definitions import Definitions, company_zone
from chassis.service.access_rules import allow, grant
from chassis.service.description import Service, ServiceComponents
from contracts.pipeline import (
    OpportunityLost,
    OpportunityOpened,
    OpportunityReopened,
    OpportunityRevised,
    OpportunityWon,
    SlaBreached,
    SlaRetracted,
    StageEntered,
    TransitionRefused,
)
from services.pipeline.api import router
from services.pipeline.decider import opportunity_decider
from services.pipeline.definitions import Book
from services.pipeline.definitions.compiler import compile_book
from services.pipeline.handlers import HANDLERS
from services.pipeline.state.index import INDEX, INDEXES, index
from services.pipeline.state.model import OpportunityState


def build(definitions: Definitions) -> ServiceComponents:
    book = compile_book(definitions)
    return ServiceComponents((aggregate(book, company_zone(definitions)),), HANDLERS, extra=book)


def aggregate(book: Book, zone: ZoneInfo) -> Aggregate[OpportunityState]:
    return Aggregate("opportunity", opportunity_decider(book), OpportunityState, INDEX, INDEXES,
                     lambda state: index(state, zone), scoped=True)


SERVICE = Service(
    name="pipeline",
    title={"en": "Sales pipeline", "zh": "销售管道"},
    port_offset=1,
    purpose="Moves every deal through its business line's blueprint and refuses a transition with all reasons.",
    build=build,
    publishes=(OpportunityOpened, OpportunityRevised, StageEntered, TransitionRefused, OpportunityWon, OpportunityLost,
          OpportunityReopened, SlaBreached, SlaRetracted),
    consumes=tuple(HANDLERS),
    definitions=("business_lines", "calendar"),
    api=router,
    permissions=(
        grant("deals:read", "Opportunities, their board and the worklist", "rep manager director"),
        grant("deals:write", "Open, revise and move opportunities", "rep manager"),
        grant("process:read", "Business lines, blueprints, layouts",
              "rep manager director marketer analyst operator"),
    ),
    routes=(
        allow("GET", "/v1/opportunities{*}", "deals:read"),
        allow("POST", "/v1/opportunities", "deals:write"),
        allow("POST", "/v1/opportunities/transitions", "deals:write"),
        allow("PATCH", "/v1/opportunities/{}", "deals:write"),
        allow("POST", "/v1/opportunities/{}/transitions", "deals:write"),
        allow("POST", "/v1/actions/{}/complete", "deals:write"),
        allow("GET", "/v1/worklist", "deals:read"),
        allow("GET", "/v1/business-lines{*}", "process:read"),
        allow("GET", "/v1/blueprints{*}", "process:read"),
        allow("GET", "/v1/funnels/{}", "figures:read"),
    ),
)
