"""Activities: planned, logged, voided, in whatever order that is heard."""
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from chassis.domain.handlers import Meta
from chassis.domain.projection import Image, Touch
from contracts.crm import ActivityLogged, ActivityPlanned, ActivityVoided
from services.kpi.projections.images import dimensions, micros, once, stamp
from services.kpi.projections.rows import Clock, Row, labels_of

KIND = "activity"


def _id(event: Any) -> str:
    """An activity's id is its subject's own."""
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


TOUCHES: Mapping[type, Callable[[Any, Meta], Touch]] = {
    ActivityPlanned: _planned, ActivityLogged: _logged, ActivityVoided: _voided,
}

_FIELDS = ("kind", "direction", "duration_seconds", "outcome", "effective", "subject_kind", "subject_id")


def done(id: str, image: Image, clock: Clock) -> Iterator[Row]:
    """Logged and not voided."""
    if "logged" not in image or "voided" in image:
        return
    by, _, values = image["logged"]
    subject = values["subject_id"] if values["subject_kind"] == "customer" else None
    fields = {name: values.get(name) for name in _FIELDS}
    yield Row(
        id, clock.day(by[1]),
        labels_of(values, kind=values["kind"], outcome=values["outcome"], direction=values["direction"]),
        {**fields, "activity_id": id.split("|", 1)[1], "customer_id": values.get("customer_id") or subject})


def opened(image: Image, clock: Clock) -> date | None:
    """The day of doing, by which activities are listed."""
    return clock.day(image["logged"][0][1]) if "logged" in image else None
