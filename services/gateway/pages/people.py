"""`/v1/reps`: who works here, as the organisation's tree knows it, within the scope of who asks."""
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from chassis.http.access import Scope
from chassis.http.responses import paged
from chassis.http.routing import Paged, answer, not_found, page
from services.gateway.exports import Exported
from services.gateway.organisation import Organisation, Person
from services.gateway.schemas import Rep


def router(organisation: Organisation) -> APIRouter:
    routes = APIRouter(tags=["people"], route_class=Exported)

    def seen(request: Request) -> dict[str, Person]:
        scope = request.state.caller.scope("people:read")
        return {id: p for id, p in organisation.people().items() if holds(scope, p)}

    @routes.get("/v1/reps", response_model=paged(Rep), summary="The reps whom one may see, by id")
    async def reps(
        request: Request, paged: Paged, team: str | None = None, region: str | None = None, q: str | None = None,
    ) -> Response:
        found = [p for p in seen(request).values() if (team is None or p.team == team)
                 and (region is None or p.region == region) and (q is None or matches(p, q))
                 and (paged.cursor is None or p.rep_id > paged.cursor)]
        items = found[: paged.limit]
        return page(request, [face(p) for p in items], items[-1].rep_id if len(found) > paged.limit else None)

    @routes.get("/v1/reps/{id}", response_model=Rep, summary="One rep")
    async def rep(id: str, request: Request) -> Response:
        found = seen(request).get(id)
        if found is None:
            raise not_found("rep", id)
        return answer(face(found))

    return routes


def holds(scope: Scope, person: Person) -> bool:
    """A person has no business line: the others decide."""
    if scope.all:
        return True
    asked = {"reps": person.rep_id, "teams": person.team, "regions": person.region}
    limits = {name: getattr(scope, name) for name in asked}
    return any(limits.values()) and all(not limit or asked[name] in limit for name, limit in limits.items())


def matches(person: Person, text: str) -> bool:
    return text.casefold() in person.rep_id.casefold() or text.casefold() in (person.name or "").casefold()


def face(person: Person) -> dict[str, Any]:
    return {"rep_id": person.rep_id, "name": person.name, "team": person.team, "region": person.region,
            "department": person.department, "manager_id": person.manager_id, "roles": person.roles}
