"""Leads, and their scores: captured, converted, lost, merged; first qualified."""
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from chassis.domain.handlers import Meta
from chassis.domain.projection import Image, Rejected, Touch
from contracts.crm import LeadCaptured, LeadConverted, LeadLost, LeadMerged, LeadRevised
from contracts.lead_scoring import LeadQualified
from services.kpi.projections.images import dimensions, merged, once, patched, stamp, whole
from services.kpi.projections.rows import Clock, Row, labels_of

KIND, SCORE = "lead", "lead_score"


def _captured(event: LeadCaptured, meta: Meta) -> Touch:
    own, by = dimensions(event), stamp(meta)
    values = own | ({"source": event.source} if event.source is not None else {})

    def fold(image: Image) -> Image | Rejected:
        made = once(image, "captured", event, by, own)
        if isinstance(made, Rejected) or made is image:
            return made
        return {**made, "parts": merged(made.get("parts", ()), by, values)}

    return Touch(KIND, event.lead_id, fold)


def _revised(event: LeadRevised, meta: Meta) -> Touch:
    values = patched(event, dimensions(event) | ({"source": event.source} if event.source is not None else {}))
    by = stamp(meta)
    return Touch(KIND, event.lead_id, lambda image: {
        **(image or {}), "parts": merged((image or {}).get("parts", ()), by, values)})


def _converted(event: LeadConverted, meta: Meta) -> Touch:
    return Touch(KIND, event.lead_id, lambda image: once(image, "converted", event, stamp(meta), dimensions(event)))


def _lost(event: LeadLost, meta: Meta) -> Touch:
    values = dimensions(event) | {"reason": event.reason}
    return Touch(KIND, event.lead_id, lambda image: once(image, "lost", event, stamp(meta), values))


def _merged(event: LeadMerged, meta: Meta) -> Touch:
    values = {"into": event.into_lead_id}
    return Touch(KIND, event.lead_id, lambda image: once(image, "merged", event, stamp(meta), values))


def _qualified(event: LeadQualified, meta: Meta) -> Touch:
    by = stamp(meta)
    values = dimensions(event) | {"source": event.source, "score": event.score}

    def fold(image: Image) -> Image:
        first = (image or {}).get("first")
        return image if first is not None and tuple(first[0]) <= tuple(by) else {"first": [by, values]}

    return Touch(SCORE, event.lead_id, fold)


TOUCHES: Mapping[type, Callable[[Any, Meta], Touch]] = {
    LeadCaptured: _captured, LeadRevised: _revised, LeadConverted: _converted, LeadLost: _lost, LeadMerged: _merged,
    LeadQualified: _qualified,
}


def capture(id: str, image: Image, clock: Clock) -> Iterator[Row]:
    """Rep, team and region as at the capture; source and the rest as corrected. A merged lead counts as its other."""
    if "captured" in image and "merged" not in image:
        by, _, own = image["captured"]
        values = whole(image["parts"])
        yield Row(id, clock.day(by[1]), labels_of(values, owner=own, source=values.get("source")),
                  {"lead_id": id, "source": values.get("source")})


def conversion(id: str, image: Image, clock: Clock) -> Iterator[Row]:
    if "converted" in image:
        lead = image["merged"][2]["into"] if "merged" in image else id
        yield _later(id, image, "converted", clock, {"lead_id": lead})


def loss(id: str, image: Image, clock: Clock) -> Iterator[Row]:
    if "lost" in image and "merged" not in image:
        yield _later(id, image, "lost", clock, {"lead_id": id, "reason": image["lost"][2]["reason"]})


def _later(id: str, image: Image, slot: str, clock: Clock, fields: Mapping[str, Any]) -> Row:
    """What the event itself says of its dimensions, else the lead."""
    by, _, own = image[slot]
    values = whole(image.get("parts", ())) | own
    return Row(id, clock.day(by[1]), labels_of(values, source=values.get("source")),
               {"customer_id": values.get("customer_id"), **fields})


def qualification(id: str, image: Image, clock: Clock) -> Iterator[Row]:
    by, values = image["first"]
    yield Row(id, clock.day(by[1]), labels_of(values, source=values.get("source")),
              {"lead_id": id, "score": values.get("score")})
