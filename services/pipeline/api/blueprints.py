"""What the business lines are: layouts, blueprints, pictures."""
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response

from chassis.http.i18n import titled
from chassis.http.responses import paged
from chassis.http.routing import answer, not_found, not_in_this_release
from chassis.service.context import Context
from services.pipeline.api import schemas
from services.pipeline.api.common import book_of
from services.pipeline.api.schemas import BlueprintSummary, BusinessLine, Layout
from services.pipeline.definitions import STANDARD, Blueprint, Line, Transition
from services.pipeline.definitions.diagram import mermaid

MERMAID = "text/vnd.mermaid"


def router(context: Context) -> APIRouter:
    made, book = APIRouter(), book_of(context)

    def line_of(name: str) -> Line:
        if name not in book.lines:
            raise not_found("business line", name)
        return book.lines[name]

    def blueprint_of(name: str, version: int | None) -> Blueprint:
        found = book.pipelines.get(name) if version is None else book.versions.get(f"{name}@{version}")
        if found is None:
            raise not_found("blueprint", name if version is None else f"{name}@{version}")
        return found

    @made.get("/business-lines", response_model=paged(BusinessLine))
    async def business_lines() -> Response:
        return answer({"items": [summary(line) for line in book.lines.values()], "next": None})

    @made.get("/business-lines/{name}", response_model=BusinessLine)
    async def business_line(name: str) -> Response:
        return answer(summary(line_of(name)))

    @made.get("/business-lines/{name}/layout", response_model=Layout)
    async def layout(name: str) -> Response:
        form = line_of(name).form
        fields = [{**f.model_dump(exclude_none=True), "standard": f.name in STANDARD}
                  for f in (*STANDARD.values(), *form.layout.fields)]
        return answer({"business_line": name, "version": form.version, "fields": fields})

    @made.get("/blueprints", response_model=paged(BlueprintSummary))
    async def blueprints() -> Response:
        return answer({"items": [short(b) for b in book.pipelines.values()], "next": None})

    @made.get("/blueprints/{name}", response_model=schemas.Blueprint)
    async def blueprint(name: str, version: int | None = None) -> Response:
        return answer(full(blueprint_of(name, version)))

    @made.get("/blueprints/{name}/diagram", response_class=Response,
              responses={200: {"content": {MERMAID: {"schema": {"type": "string"}}}}})
    async def diagram(name: str, version: int | None = None, accept: Annotated[str, Header()] = "*/*") -> Response:
        drawn = blueprint_of(name, version)
        if not any(kind in accept for kind in (MERMAID, "text/*", "*/*")):
            raise not_in_this_release(f"a blueprint drawn as {accept}")
        return Response(mermaid(drawn), media_type=MERMAID)

    return made


def summary(line: Line) -> dict[str, Any]:
    return {"name": line.name, "version": line.form.version, "title": line.form.title.model_dump(exclude_none=True),
            "opens_on_qualified": line.form.opens_on_qualified, "pipelines": [b.name for b in line.blueprints]}


def short(blueprint: Blueprint) -> dict[str, Any]:
    return {"name": blueprint.name, "version": blueprint.version, "business_line": blueprint.line,
            "title": blueprint.title.model_dump(exclude_none=True),
            "when": None if blueprint.when is None else blueprint.when.text}


def full(blueprint: Blueprint) -> dict[str, Any]:
    stages = [{
        "name": s.name, "title": s.title.model_dump(exclude_none=True), "type": s.type, "order": s.order,
        "forecast_category": s.forecast_category, "probability": s.probability,
        "sla": [{"after_seconds": int(level.after.total_seconds()), "level": level.level} for level in s.sla],
    } for s in blueprint.stages.values()]
    return {**short(blueprint), "initial": blueprint.initial, "stages": stages,
            "transitions": [whole(t) for t in blueprint.transitions.values()],
            "loss_reasons": [o.model_dump(exclude_none=True) for o in blueprint.loss_reasons]}


def whole(transition: Transition) -> dict[str, Any]:
    return {
        "name": transition.name, "title": transition.title.model_dump(exclude_none=True), "from": transition.from_,
        "to": transition.to, "reopen": transition.reopen, "owners": transition.owners,
        "criteria": None if transition.criteria is None else transition.criteria.text,
        "requires": [{"field": r.field, "check": None if r.check is None else r.check.text,
                      "message": None if r.message is None else titled(r.message.told())}
                     for r in transition.requires],
        "actions": [a.model_dump() for a in transition.actions],
        "checklist": [c.model_dump(exclude_none=True) for c in transition.checklist],
    }
