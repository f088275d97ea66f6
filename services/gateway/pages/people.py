"""`/v1/reps`: the employees in the organisation directory, within the caller's scope."""
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from chassis.http.access import Scope
from chassis.http.problems import not_found
from chassis.http.responses import page_schema
from chassis.http.routing import Paged, json_response, page_response
from services.gateway.exports import CsvRoute
from services.gateway.organisation import Employee, OrganisationDirectory
from services.gateway.schemas.sign_in import Rep


def router(directory: OrganisationDirectory) -> APIRouter:
    routes = APIRouter(tags=["people"], route_class=CsvRoute)

    def visible(request: Request) -> dict[str, Employee]:
        scope = request.state.caller.scope("people:read")
        return {id: p for id, p in directory.employees().items() if within(scope, p)}

    @routes.get("/v1/reps", response_model=page_schema(Rep), summary="The reps within the caller's scope, by id")
    async def reps(
        request: Request, paged: Paged, team: str | None = None, region: str | None = None, q: str | None = None,
    ) -> Response:
        matching = [p for p in visible(request).values() if (team is None or p.team == team)
                 and (region is None or p.region == region) and (q is None or matches(p, q))
                 and (paged.cursor is None or p.rep_id > paged.cursor)]
        items = matching[: paged.limit]
        return page_response(
            request, [rep_profile(p) for p in items], items[-1].rep_id if len(matching) > paged.limit else None)

    @routes.get("/v1/reps/{id}", response_model=Rep, summary="One rep")
    async def rep(id: str, request: Request) -> Response:
        employee = visible(request).get(id)
        if employee is None:
            raise not_found("rep", id)
        return json_response(rep_profile(employee))

    return routes


def within(scope: Scope, employee: Employee) -> bool:
    """Employees have no business line: reps, teams and regions decide."""
    if scope.all:
        return True
    labels = {"reps": employee.rep_id, "teams": employee.team, "regions": employee.region}
    limits = {name: getattr(scope, name) for name in labels}
    return any(limits.values()) and all(not limit or labels[name] in limit for name, limit in limits.items())


def matches(employee: Employee, text: str) -> bool:
    return text.casefold() in employee.rep_id.casefold() or text.casefold() in (employee.name or "").casefold()


def rep_profile(employee: Employee) -> dict[str, Any]:
    return {"rep_id": employee.rep_id, "name": employee.name, "team": employee.team, "region": employee.region,
            "department": employee.department, "manager_id": employee.manager_id, "roles": employee.roles}
