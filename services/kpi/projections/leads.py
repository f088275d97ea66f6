"""Leads: captured, converted, lost, merged; and their scores: first qualified."""
from collections.abc import Iterator, Mapping
from typing import Any

from chassis.domain.handlers import Meta
from chassis.domain.projection import Image, Rejected, Touch
from contracts.crm import LeadCaptured, LeadConverted, LeadLost, LeadMerged, LeadRevised
from contracts.lead_scoring import LeadQualified
from services.kpi.definitions.rows import FactRow
from services.kpi.projections.images import dimensions, merged, once, patched, stamp, whole
from services.kpi.projections.registry import EventHandler
from services.kpi.projections.rows import FactContext, FactImage, cell_labels, fact_row

KIND, SCORE = "lead", "lead_score"


# --- events change facts ---------------------------------------------------------------------------------------------


def _captured(event: LeadCaptured, meta: Meta) -> Touch:
    own, by = dimensions(event), stamp(meta)
    values = own | ({"source": event.source} if event.source is not None else {})

    def fold(image: Image) -> Image | Rejected:
        new = once(image, "captured", event, by, own)
        if isinstance(new, Rejected) or new is image:
            return new
        return {**new, "parts": merged(new.get("parts", ()), by, values)}

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


def handlers(_context: FactContext) -> Mapping[type, EventHandler]:
    return {
        LeadCaptured: _captured, LeadRevised: _revised, LeadConverted: _converted, LeadLost: _lost,
        LeadMerged: _merged, LeadQualified: _qualified}


# --- facts yield rows ------------------------------------------------------------------------------------------------


@fact_row("lead.capture", fields="lead_id source", labels="source campaign")
def capture(fact: FactImage) -> Iterator[FactRow]:
    """Rep, team and region as at the capture; source and the rest as corrected. Of merged leads the other counts."""
    if "captured" in fact.image and "merged" not in fact.image:
        by, _, own = fact.image["captured"]
        values = whole(fact.image["parts"])
        yield FactRow(fact.id, fact.day(by[1]), cell_labels(values, owner=own, source=values.get("source")),
                      {"lead_id": fact.id, "source": values.get("source")})


@fact_row("lead.conversion", fields="lead_id customer_id", labels="source campaign")
def conversion(fact: FactImage) -> Iterator[FactRow]:
    if "converted" in fact.image:
        lead = fact.image["merged"][2]["into"] if "merged" in fact.image else fact.id
        yield _later(fact, "converted", {"lead_id": lead})


@fact_row("lead.loss", fields="lead_id reason", labels="source campaign")
def loss(fact: FactImage) -> Iterator[FactRow]:
    if "lost" in fact.image and "merged" not in fact.image:
        yield _later(fact, "lost", {"lead_id": fact.id, "reason": fact.image["lost"][2]["reason"]})


def _later(fact: FactImage, slot: str, fields: Mapping[str, Any]) -> FactRow:
    """Dimensions of the event itself; those it lacks are the lead's."""
    by, _, own = fact.image[slot]
    values = whole(fact.image.get("parts", ())) | own
    return FactRow(fact.id, fact.day(by[1]), cell_labels(values, source=values.get("source")),
                   {"customer_id": values.get("customer_id"), **fields})


@fact_row("lead_score.qualification", fields="lead_id score", labels="source campaign")
def qualification(fact: FactImage) -> Iterator[FactRow]:
    by, values = fact.image["first"]
    yield FactRow(fact.id, fact.day(by[1]), cell_labels(values, source=values.get("source")),
                  {"lead_id": fact.id, "score": values.get("score")})


def example() -> Iterator[Any]:
    yield LeadCaptured(lead_id="L1", business_line="software")
    yield LeadConverted(lead_id="L1", customer_id="C1")
    yield LeadLost(lead_id="L1", reason="budget")
    yield LeadQualified(lead_id="L1", business_line="software", captured_at=None, score=70, model="software@1")
