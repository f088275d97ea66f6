"""What the tests of this service say over and over."""
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chassis.domain.definitions import Definitions, read_directory
from chassis.domain.testing import Scenario
from services.pipeline.commands import OpenOpportunity, RecordActivity, ReportStage, RequestTransition
from services.pipeline.decider import decider
from services.pipeline.definitions import Book, compile_book
from services.pipeline.state import Opportunity

ROOT = Path(__file__).parents[2]
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def shipped() -> Definitions:
    return read_directory(ROOT / "definitions")


BOOK: Book = compile_book(shipped())
DECIDER = decider(BOOK)


def day(n: float) -> datetime:
    return START + timedelta(days=n)


def after(*commands: Any, key: str = "d1", book: Book = BOOK) -> Scenario:
    """given(what these commands led to): the decisions themselves are evolved, one after the other."""
    made = decider(book)
    state = made.initial_state(key)
    for command in commands:
        for event in made.decide(command, state):
            state = made.evolve(state, event)
    return Scenario(made, state)


def opened(line: str = "software", at: datetime = START, **more: Any) -> OpenOpportunity:
    return OpenOpportunity(at=at, actor="crm", ref="open-1", business_line=line, **more)


def requested(transition: str, at: datetime, **more: Any) -> RequestTransition:
    return RequestTransition(at=at, actor="ann", ref=f"r-{transition}", transition=transition, **more)


def reported(stage: str, at: datetime, **more: Any) -> ReportStage:
    return ReportStage(at=at, actor="erp", ref=f"s-{stage}", stage=stage, **more)


def done(kind: str, at: datetime, id: str = "a1", **more: Any) -> RecordActivity:
    return RecordActivity(at=at, actor="crm", ref=id, activity_id=id, kind=kind, **more)


def published(events: Any) -> list[Any]:
    """Without what only the service itself remembers."""
    return [e for e in events if type(e).__module__ == "contracts.pipeline"]


def codes(events: Any) -> set[str]:
    return {r.code for e in events for r in getattr(e, "reasons", ())}


def state_of(scenario: Scenario) -> Opportunity:
    state: Opportunity = scenario.state
    return state
