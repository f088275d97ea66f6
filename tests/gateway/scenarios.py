"""A company of two teams with records of its reps, and clients that are signed in as its employees."""
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from chassis.support.clock import utc_now
from tests.adapters.waiting import until
from tests.gateway import openapi_validation
from tests.gateway.harness import GatewayHarness, gateway_harness

CONSOLE = {"x-triptych": "console"}
PEOPLE = {  # rep_id: (team, region, manager)
    "anna": ("Hill", "West", "max"), "bert": ("Hill", "West", "max"), "max": ("Hill", "West", None),
    "cleo": ("Lake", "East", "nora"), "nora": ("Lake", "East", None),
}
OWNERS = ("anna", "cleo")


def event(type: str, id: str, **data: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "type": type, "source": "/hr", "id": id, "time": utc_now().isoformat(),
            "data": data}


def company() -> list[dict[str, Any]]:
    """All employees; for anna and cleo also a lead, a deal, a customer and an activity each."""
    events = [event("crm.employee.assigned.v1", f"hired-{id}", employee_id=id, name=id.title(), team=team,
                    region=region, manager_id=manager, login=f"{id}@example.test",
                    roles=["rep"] if manager else ["manager"])
              for id, (team, region, manager) in PEOPLE.items()]
    for rep in OWNERS:
        team, region, _ = PEOPLE[rep]
        labels = {"rep_id": rep, "team": team, "region": region, "business_line": "hardware"}
        events += [
            event("crm.customer.registered.v1", f"customer-{rep}", customer_id=f"customer-{rep}", name=f"Firm of {rep}",
                  **labels),
            event("crm.lead.captured.v1", f"lead-{rep}", lead_id=f"lead-{rep}", **labels),
            event("crm.opportunity.opening_requested.v1", f"deal-{rep}", opportunity_id=f"deal-{rep}",
                  customer_id=f"customer-{rep}", amount={"amount_minor": 5000, "currency": "EUR"}, **labels),
            event("crm.activity.logged.v1", f"visit-{rep}", activity_id=f"visit-{rep}", kind="visit",
                  subject={"kind": "opportunity", "id": f"deal-{rep}"}, rep_id=rep),
        ]
    return events


@asynccontextmanager
async def company_harness(directory: Path, **settings: Any) -> AsyncIterator[GatewayHarness]:
    async with gateway_harness("memory", directory, **settings) as harness:
        await publish_company(harness)
        yield harness


async def publish_company(harness: GatewayHarness) -> None:
    """Publishes the company and waits until every record exists and the organisation directory is complete."""
    response = await harness.publish(*company())
    assert response.status_code == 202, response.text

    async def complete() -> bool:
        return len(harness.gateway.directory.employees()) == len(PEOPLE)

    await until(complete, "the directory is complete")


_addresses = count(2)


def new_client(harness: GatewayHarness, *, address: str | None = None, **headers: str) -> httpx.AsyncClient:
    """Another browser or program, with its own address unless one is given."""
    n = next(_addresses)
    transport = httpx.ASGITransport(
        app=harness.gateway.asgi, client=(address or f"127.0.{n // 250}.{n % 250}", 50_001))
    return httpx.AsyncClient(transport=transport, base_url=harness.client.base_url, headers=headers,
                             event_hooks={"response": [openapi_validation.validate_response]})


@asynccontextmanager
async def signed_in_as(harness: GatewayHarness, role: str, **labels: str) -> AsyncIterator[httpx.AsyncClient]:
    """The console of a user with that role."""
    async with new_client(harness, **CONSOLE) as browser:
        response = await browser.post("/v1/sign-in/developer", json={"role": role, **labels})
        assert response.status_code == 204, response.text
        yield browser


def status_and_code(response: httpx.Response) -> tuple[int, str | None]:
    """(status, code of the problem)."""
    problem = "problem+json" in response.headers.get("content-type", "")
    return response.status_code, response.json()["code"] if problem else None
