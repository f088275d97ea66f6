"""Builders of the pipeline's tests: commands on the shipped business lines."""
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chassis.domain.definitions import Definitions, read_directory
from chassis.domain.testing import Scenario, given
from services.pipeline.commands import OpenOpportunity, RecordActivity, ReportStage, RequestTransition
from services.pipeline.decider import opportunity_decider
from services.pipeline.definitions.compiler import compile_book
from services.pipeline.definitions.model import Book

ROOT = Path(__file__).parents[2]
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def shipped() -> Definitions:
    return read_directory(ROOT / "definitions")


BOOK: Book = compile_book(shipped())
DECIDER = opportunity_decider(BOOK)


def day(n: float) -> datetime:
    return START + timedelta(days=n)


def opportunity(*commands: Any, key: str = "d1", book: Book | None = None) -> Scenario:
    """The opportunity after these commands."""
    return given(DECIDER if book is None else opportunity_decider(book), key=key).commands(*commands)


def open_deal(line: str = "software", at: datetime = START, **more: Any) -> OpenOpportunity:
    return OpenOpportunity(at=at, actor="crm", ref="open-1", business_line=line, **more)


def request(transition: str, at: datetime, **more: Any) -> RequestTransition:
    return RequestTransition(at=at, actor="ann", ref=f"r-{transition}", transition=transition, **more)


def report(stage: str, at: datetime, **more: Any) -> ReportStage:
    return ReportStage(at=at, actor="erp", ref=f"s-{stage}", stage=stage, **more)


def activity(kind: str, at: datetime, id: str = "a1", **more: Any) -> RecordActivity:
    return RecordActivity(at=at, actor="crm", ref=id, activity_id=id, kind=kind, **more)


def reason_codes(events: Any) -> set[str]:
    return {r.code for e in events for r in getattr(e, "reasons", ())}
