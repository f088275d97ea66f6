"""Routes of business lines: layouts, blueprints and their diagrams."""
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response

from chassis.http.i18n import localized
from chassis.http.problems import not_found, not_in_this_release
from chassis.http.responses import page_schema
from chassis.http.routing import json_response
from chassis.service.context import ServiceContext
from services.pipeline.api.deal_access import book_of
from services.pipeline.api.schemas import BlueprintDetails, BlueprintSummary, BusinessLine, BusinessLineLayout
from services.pipeline.definitions.diagram import mermaid
from services.pipeline.definitions.fields import STANDARD
from services.pipeline.definitions.model import BlueprintDefinition, BusinessLineDefinition, TransitionDefinition

MERMAID = "text/vnd.mermaid"


def router(context: ServiceContext) -> APIRouter:
    routes, book = APIRouter(prefix="/v1", tags=["pipeline"]), book_of(context)

    def line_of(name: str) -> BusinessLineDefinition:
        if name not in book.lines:
            raise not_found("business line", name)
        return book.lines[name]

    def blueprint_of(name: str, version: int | None) -> BlueprintDefinition:
        found = book.pipelines.get(name) if version is None else book.versions.get(f"{name}@{version}")
        if found is None:
            raise not_found("blueprint", name if version is None else f"{name}@{version}")
        return found

    @routes.get("/business-lines", response_model=page_schema(BusinessLine))
    async def business_lines() -> Response:
        return json_response({"items": [_line_body(line) for line in book.lines.values()], "next": None})

    @routes.get("/business-lines/{name}", response_model=BusinessLine)
    async def business_line(name: str) -> Response:
        return json_response(_line_body(line_of(name)))

    @routes.get("/business-lines/{name}/layout", response_model=BusinessLineLayout)
    async def layout(name: str) -> Response:
        line = line_of(name)
        fields = [{**asdict(f), "standard": f.name in STANDARD}
                  for f in (*STANDARD.values(), *line.fields)]
        return json_response({"business_line": name, "version": line.version, "fields": fields})

    @routes.get("/blueprints", response_model=page_schema(BlueprintSummary))
    async def blueprints() -> Response:
        return json_response({"items": [_summary_body(b) for b in book.pipelines.values()], "next": None})

    @routes.get("/blueprints/{name}", response_model=BlueprintDetails)
    async def blueprint(name: str, version: int | None = None) -> Response:
        return json_response(_details_body(blueprint_of(name, version)))

    @routes.get("/blueprints/{name}/diagram", response_class=Response,
              responses={200: {"content": {MERMAID: {"schema": {"type": "string"}}}}})
    async def diagram(name: str, version: int | None = None, accept: Annotated[str, Header()] = "*/*") -> Response:
        found = blueprint_of(name, version)
        if not any(kind in accept for kind in (MERMAID, "text/*", "*/*")):
            raise not_in_this_release(f"blueprint diagrams as {accept}")
        return Response(mermaid(found), media_type=MERMAID)

    return routes


def _line_body(line: BusinessLineDefinition) -> dict[str, Any]:
    return {"name": line.name, "version": line.version, "title": line.title,
            "opens_on_qualified": line.opens_on_qualified, "pipelines": [b.name for b in line.blueprints]}


def _summary_body(blueprint: BlueprintDefinition) -> dict[str, Any]:
    return {"name": blueprint.name, "version": blueprint.version, "business_line": blueprint.line,
            "title": blueprint.title,
            "when": None if blueprint.when is None else blueprint.when.text}


def _details_body(blueprint: BlueprintDefinition) -> dict[str, Any]:
    stages = [{
        "name": s.name, "title": s.title, "type": s.type, "order": s.order,
        "forecast_category": s.forecast_category, "probability": s.probability,
        "sla": [{"after_seconds": int(level.after.total_seconds()), "level": level.level} for level in s.sla],
    } for s in blueprint.stages.values()]
    return {**_summary_body(blueprint), "initial": blueprint.initial, "stages": stages,
            "transitions": [_transition_body(t) for t in blueprint.transitions.values()],
            "loss_reasons": [asdict(o) for o in blueprint.loss_reasons]}


def _transition_body(transition: TransitionDefinition) -> dict[str, Any]:
    return {
        "name": transition.name, "title": transition.title, "from": transition.from_,
        "to": transition.to, "reopen": transition.reopen, "owners": transition.owners,
        "criteria": None if transition.criteria is None else transition.criteria.text,
        "requires": [{"field": r.field, "check": None if r.check is None else r.check.text,
                      "message": None if r.message is None else localized(r.message)}
                     for r in transition.requires],
        "actions": [asdict(a) for a in transition.actions],
        "checklist": [asdict(c) for c in transition.checklist],
    }
