"""Responses composed of several services: the overview of a deal, the worklist of a rep, search."""
import asyncio
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from chassis.http.problems import ProblemError
from chassis.http.routing import json_response
from contracts.kinds import ID_PATTERN
from services.gateway.auth.caller import Caller
from services.gateway.exports import CsvRoute
from services.gateway.organisation import OrganisationDirectory
from services.gateway.pages.people import matches, rep_profile, within
from services.gateway.proxy import Proxy
from services.gateway.routes import rule_for
from services.gateway.schemas.pages import DealOverview, SearchResults, Worklist

HISTORY_ROWS = 100
WORKLIST_ROWS = 20
HITS_PER_KIND = 10
SEARCHED = (
    ("opportunity", "/v1/opportunities", "opportunity_id"),
    ("lead", "/v1/leads", "lead_id"),
    ("customer", "/v1/customers", "customer_id"),
)


def router(proxy: Proxy, directory: OrganisationDirectory) -> APIRouter:
    routes = APIRouter(tags=["pages"], route_class=CsvRoute)
    reader = ServiceReader(proxy)

    @routes.get("/v1/opportunities/{id}/overview", response_model=DealOverview,
                summary="A deal with its transitions, history, lead and customer")
    async def overview(id: Annotated[str, Path(pattern=ID_PATTERN)], request: Request) -> Response:
        """Null: the caller may not read it, or it is unknown."""
        caller: Caller = request.state.caller
        path = f"/v1/opportunities/{quote(id, safe=':')}"
        deal, transitions, history = await asyncio.gather(
            reader.require(caller, path), reader.optional(caller, f"{path}/transitions"),
            reader.optional(caller, f"{path}/history", limit=HISTORY_ROWS))
        lead, score, customer = await asyncio.gather(
            reader.optional_record(caller, "/v1/leads/{}", deal.get("lead_id")),
            reader.optional_record(caller, "/v1/leads/{}/score", deal.get("lead_id")),
            reader.optional_record(caller, "/v1/customers/{}", deal.get("customer_id")))
        rep = directory.employees().get(deal.get("rep_id") or "")
        return json_response({
            "opportunity": deal, "transitions": transitions and transitions["items"],
            "history": history and history["items"], "lead": lead, "score": score, "customer": customer,
            "rep": rep_profile(rep) if rep and within(caller.scope("people:read"), rep) else None,
        }, headers={"ETag": f'"{deal["rev"]}"'})

    @routes.get("/v1/worklist", response_model=Worklist,
                summary="The open work of a rep: deals by urgency, leads, issues")
    async def worklist(
        request: Request, rep_id: Annotated[str | None, Query(pattern=ID_PATTERN)] = None,
    ) -> Response:
        """Without `rep_id`: the caller's own."""
        caller: Caller = request.state.caller
        rep = rep_id or caller.rep_id
        if rep is None:
            raise ProblemError(422, "invalid", "rep_id is required, because this sign-in belongs to no rep.")
        deals, leads, issues = await asyncio.gather(
            reader.require(caller, "/v1/worklist", rep_id=rep),
            reader.optional(caller, "/v1/leads", rep_id=rep, status="open", limit=WORKLIST_ROWS),
            reader.optional(caller, "/v1/issues", rep_id=rep, status="open", limit=WORKLIST_ROWS))
        return json_response(
            {**deals, "leads": leads["items"] if leads else [], "issues": issues["items"] if issues else []})

    @routes.get("/v1/search", response_model=SearchResults, summary="Deals, leads, customers and reps by id or name")
    async def search(
        request: Request, q: Annotated[str, Query(min_length=1, max_length=128)],
        limit: Annotated[int, Query(ge=1, le=50)] = HITS_PER_KIND,
    ) -> Response:
        """Ids by their beginning, names by any part of them; at most `limit` of each kind."""
        caller: Caller = request.state.caller
        text = q.strip()
        bodies = await asyncio.gather(
            *(reader.optional(caller, path, q=text, limit=limit) for _, path, _ in SEARCHED))
        items = [_hit(kind, id, item) for (kind, _, id), body in zip(SEARCHED, bodies, strict=True)
                 for item in (body["items"] if body else ())]
        if caller.may("people:read"):
            people = [p for p in directory.employees().values()
                      if matches(p, text) and within(caller.scope("people:read"), p)]
            items += [{"kind": "rep", "id": p.rep_id, "name": p.name} for p in people[:limit]]
        return json_response({"q": text, "items": items, "next": None})

    return routes


def _hit(kind: str, id: str, item: dict[str, Any]) -> dict[str, Any]:
    shown = ("name", "status", "stage", "score", "grade", "customer_id", "rep_id", "business_line", "amount")
    return {"kind": kind, "id": item[id], **{n: item[n] for n in shown if item.get(n) is not None and n != id}}


class ServiceReader:
    """Reads from services with the permission of each path, within the scope that the caller has for it."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy

    async def require(self, caller: Caller, path: str, **query: Any) -> dict[str, Any]:
        """Raises the service's own problem."""
        return await self._proxy.get_json(path, urlencode(query), caller.access(_permission(path)))

    async def optional(self, caller: Caller, path: str, **query: Any) -> dict[str, Any] | None:
        """None when the caller lacks the permission, and for 404."""
        if not caller.may(_permission(path)):
            return None
        try:
            return await self.require(caller, path, **query)
        except ProblemError as problem:
            if problem.status == 404:
                return None
            raise

    async def optional_record(self, caller: Caller, path: str, id: str | None) -> dict[str, Any] | None:
        return await self.optional(caller, path.format(quote(id, safe=":"))) if id else None


def _permission(path: str) -> str:
    rule = rule_for("GET", path)
    assert rule is not None, path
    return rule.permission
