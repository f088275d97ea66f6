"""The pipeline service, put together. Nothing is decided here."""
from zoneinfo import ZoneInfo

from chassis.domain.decider import Aggregate
from chassis.domain.definitions import Definitions, company_zone
from chassis.service.description import Parts, Service
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
from services.pipeline.decider import decider
from services.pipeline.definitions import Book, compile_book
from services.pipeline.handlers import HANDLERS
from services.pipeline.state import INDEX, INDEXES, Opportunity, index


def build(definitions: Definitions) -> Parts:
    book = compile_book(definitions)
    return Parts((aggregate(book, company_zone(definitions)),), HANDLERS, extra=book)


def aggregate(book: Book, zone: ZoneInfo) -> Aggregate[Opportunity]:
    return Aggregate("opportunity", decider(book), Opportunity, INDEX, INDEXES, lambda state: index(state, zone),
                     scoped=True)


SERVICE = Service(
    name="pipeline",
    purpose="Guides every deal along its business line's blueprint and refuses a step with every reason.",
    build=build,
    says=(OpportunityOpened, OpportunityRevised, StageEntered, TransitionRefused, OpportunityWon, OpportunityLost,
          OpportunityReopened, SlaBreached, SlaRetracted),
    hears=tuple(HANDLERS),
    definitions=("business_lines", "calendar"),
    api=router,
)
