"""Activities: planned, logged, voided, in any order of arrival."""
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from chassis.domain.handlers import Meta
from chassis.domain.projection import Image, Touch
from contracts.crm import ActivityLogged, ActivityPlanned, ActivityVoided
from contracts.kinds import Subject
from services.kpi.definitions.rows import FactRow
from services.kpi.projections.images import dimensions, micros, once, stamp
from services.kpi.projections.registry import EventHandler
from services.kpi.projections.rows import FactContext, FactImage, cell_labels, fact_row

KIND = "activity"


def _id(event: Any) -> str:
    """Activity ids are unique within their subject."""
    return f"{event.subject.kind}:{event.subject.id}|{event.activity_id}"


def _planned(event: ActivityPlanned, meta: Meta) -> Touch:
    values = dimensions(event) | {"kind": event.kind, "due": micros(event.due_at)}
    return Touch(KIND, _id(event), lambda image: once(image, "planned", event, stamp(meta), values))


def _logged(event: ActivityLogged, meta: Meta) -> Touch:
    values = dimensions(event) | {
        "kind": event.kind, "direction": event.direction, "duration_seconds": event.duration_seconds,
        "outcome": event.outcome, "effective": event.effective, "subject_kind": event.subject.kind,
        "subject_id": event.subject.id,
    }
    return Touch(KIND, _id(event), lambda image: once(image, "logged", event, stamp(meta), values))


def _voided(event: ActivityVoided, meta: Meta) -> Touch:
    return Touch(KIND, _id(event), lambda image: once(image, "voided", event, stamp(meta), {}))


def handlers(_context: FactContext) -> Mapping[type, EventHandler]:
    return {ActivityPlanned: _planned, ActivityLogged: _logged, ActivityVoided: _voided}


_FIELDS = ("kind", "direction", "duration_seconds", "outcome", "effective", "subject_kind", "subject_id")


@fact_row("activity.done", fields=f"activity_id customer_id {' '.join(_FIELDS)}",
          labels="kind outcome direction campaign")
def done(fact: FactImage) -> Iterator[FactRow]:
    """Logged and not voided."""
    image = fact.image
    if "logged" not in image or "voided" in image:
        return
    by, _, values = image["logged"]
    subject = values["subject_id"] if values["subject_kind"] == "customer" else None
    fields = {name: values.get(name) for name in _FIELDS}
    yield FactRow(
        fact.id, fact.day(by[1]),
        cell_labels(values, kind=values["kind"], outcome=values["outcome"], direction=values["direction"]),
        {**fields, "activity_id": fact.id.split("|", 1)[1], "customer_id": values.get("customer_id") or subject})


def opened(image: Image, context: FactContext) -> date | None:
    """The local day on which it was done, by which activities are listed."""
    return context.days.day(image["logged"][0][1]) if "logged" in image else None


def example() -> Iterator[Any]:
    subject = Subject(kind="customer", id="C1")
    yield ActivityPlanned(activity_id="A1", kind="visit", subject=subject, rep_id="R1",
                          due_at=datetime(2026, 1, 9, tzinfo=UTC))
    yield ActivityLogged(activity_id="A1", kind="visit", subject=subject)
    yield ActivityVoided(activity_id="A1", subject=subject)
