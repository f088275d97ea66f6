"""Answers for which a page would have to ask several services: a deal with all around it, what waits for a person."""
import asyncio
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import orjson
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from chassis.http.routing import Passed, Problem, answer
from contracts.kinds import ID_PATTERN
from services.gateway.auth.caller import Caller
from services.gateway.exports import Exported
from services.gateway.organisation import Organisation
from services.gateway.pages.people import face, holds, matches
from services.gateway.proxy import Proxy
from services.gateway.schemas import DealOverview, Found, Worklist

HISTORY = 100
WAITING = 20
FOUND = 10
SEARCHED = (
    ("opportunity", "deals:read", "pipeline", "/v1/opportunities", "opportunity_id"),
    ("lead", "leads:read", "lead_scoring", "/v1/leads", "lead_id"),
    ("customer", "customers:read", "segmentation", "/v1/customers", "customer_id"),
)


def router(proxy: Proxy, organisation: Organisation) -> APIRouter:
    routes = APIRouter(tags=["pages"], route_class=Exported)
    parts = Parts(proxy)

    @routes.get("/v1/opportunities/{id}/overview", response_model=DealOverview,
                summary="A deal with its transitions, history, lead, customer")
    async def overview(id: Annotated[str, Path(pattern=ID_PATTERN)], request: Request) -> Response:
        """What the caller may not read, or what is not known, is null."""
        caller: Caller = request.state.caller
        path = f"/v1/opportunities/{quote(id, safe=':')}"
        deal, transitions, history = await asyncio.gather(
            parts.must(caller, "deals:read", "pipeline", path), parts.may(caller, "deals:read", "pipeline",
                                                                        f"{path}/transitions"),
            parts.may(caller, "deals:read", "pipeline", f"{path}/history", limit=HISTORY))
        lead, score, customer = await asyncio.gather(
            parts.one(caller, "leads:read", "lead_scoring", "/v1/leads/{}", deal.get("lead_id")),
            parts.one(caller, "leads:read", "lead_scoring", "/v1/leads/{}/score", deal.get("lead_id")),
            parts.one(caller, "customers:read", "segmentation", "/v1/customers/{}", deal.get("customer_id")))
        rep = organisation.people().get(deal.get("rep_id") or "")
        return answer({
            "opportunity": deal, "transitions": transitions and transitions["items"],
            "history": history and history["items"], "lead": lead, "score": score, "customer": customer,
            "rep": face(rep) if rep and holds(caller.scope("people:read"), rep) else None,
        }, headers={"ETag": f'"{deal["rev"]}"'})

    @routes.get("/v1/worklist", response_model=Worklist,
                summary="What waits for a person: deals by urgency, leads, open issues")
    async def worklist(
        request: Request, rep_id: Annotated[str | None, Query(pattern=ID_PATTERN)] = None,
    ) -> Response:
        """Without `rep_id`: of who asks."""
        caller: Caller = request.state.caller
        whose = rep_id or caller.rep_id
        if whose is None:
            raise Problem(422, "invalid", "Whose worklist? Say rep_id; this sign-in belongs to no rep.")
        deals, leads, issues = await asyncio.gather(
            parts.must(caller, "deals:read", "pipeline", "/v1/worklist", rep_id=whose),
            parts.may(caller, "leads:read", "lead_scoring", "/v1/leads", rep_id=whose, status="open", limit=WAITING),
            parts.may(caller, "issues:read", "surveys", "/v1/issues", rep_id=whose, status="open", limit=WAITING))
        return answer({**deals, "leads": leads["items"] if leads else [], "issues": issues["items"] if issues else []})

    @routes.get("/v1/search", response_model=Found, summary="Deals, leads, customers and reps by id or name")
    async def search(
        request: Request, q: Annotated[str, Query(min_length=1, max_length=128)],
        limit: Annotated[int, Query(ge=1, le=50)] = FOUND,
    ) -> Response:
        """Ids by their beginning, names by any part of them; at most `limit` of each kind."""
        caller: Caller = request.state.caller
        text = q.strip()
        found = await asyncio.gather(*(parts.may(caller, permission, service, path, q=text, limit=limit)
                                       for _, permission, service, path, _ in SEARCHED))
        items = [_hit(kind, id, item) for (kind, *_, id), body in zip(SEARCHED, found, strict=True)
                 for item in (body["items"] if body else ())]
        if caller.may("people:read"):
            people = [p for p in organisation.people().values()
                      if matches(p, text) and holds(caller.scope("people:read"), p)]
            items += [{"kind": "rep", "id": p.rep_id, "name": p.name} for p in people[:limit]]
        return answer({"q": text, "items": items, "next": None})

    return routes


def _hit(kind: str, id: str, item: dict[str, Any]) -> dict[str, Any]:
    told = ("name", "status", "stage", "score", "grade", "customer_id", "rep_id", "business_line", "amount")
    return {"kind": kind, "id": item[id], **{n: item[n] for n in told if item.get(n) is not None and n != id}}


class Parts:
    """Reads of the services, each under the scope that the caller has for it."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy

    async def must(self, caller: Caller, permission: str, service: str, path: str, **query: Any) -> dict[str, Any]:
        """Raises the service's own problem."""
        found = await self._proxy.ask(service, "GET", path, urlencode(query), seen_by=caller.access(permission))
        body = orjson.loads(found.content)
        if found.status_code != 200:
            raise Passed(found.status_code, body)
        return dict(body)

    async def may(
        self, caller: Caller, permission: str, service: str, path: str, **query: Any,
    ) -> dict[str, Any] | None:
        """None: not permitted, or not there."""
        if not caller.may(permission):
            return None
        try:
            return await self.must(caller, permission, service, path, **query)
        except Problem as problem:
            if problem.status == 404:
                return None
            raise

    async def one(
        self, caller: Caller, permission: str, service: str, path: str, id: str | None,
    ) -> dict[str, Any] | None:
        return await self.may(caller, permission, service, path.format(quote(id, safe=":"))) if id else None
