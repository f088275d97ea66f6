"""A company of two teams, what each of its people owns, and how one comes to the door as one of them."""
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from tests.adapters.waiting import until
from tests.gateway import published
from tests.gateway.town import Town, town

CONSOLE = {"x-triptych": "console"}
PEOPLE = {  # rep_id: (team, region, manager)
    "anna": ("Hill", "West", "max"), "bert": ("Hill", "West", "max"), "max": ("Hill", "West", None),
    "cleo": ("Lake", "East", "nora"), "nora": ("Lake", "East", None),
}
OWNERS = ("anna", "cleo")


def event(type: str, id: str, **data: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "type": type, "source": "/hr", "id": id, "time": datetime.now(UTC).isoformat(),
            "data": data}


def company() -> list[dict[str, Any]]:
    """Everyone; and for anna and cleo a lead, a deal, a customer and an activity each, under their own names."""
    said = [event("crm.employee.assigned.v1", f"hired-{id}", employee_id=id, name=id.title(), team=team, region=region,
                  manager_id=manager, login=f"{id}@example.test", roles=["rep"] if manager else ["manager"])
            for id, (team, region, manager) in PEOPLE.items()]
    for rep in OWNERS:
        team, region, _ = PEOPLE[rep]
        place = {"rep_id": rep, "team": team, "region": region, "business_line": "hardware"}
        said += [
            event("crm.customer.registered.v1", f"customer-{rep}", customer_id=f"customer-{rep}", name=f"Firm of {rep}",
                  **place),
            event("crm.lead.captured.v1", f"lead-{rep}", lead_id=f"lead-{rep}", **place),
            event("crm.opportunity.opening_requested.v1", f"deal-{rep}", opportunity_id=f"deal-{rep}",
                  customer_id=f"customer-{rep}", amount={"amount_minor": 5000, "currency": "EUR"}, **place),
            event("crm.activity.logged.v1", f"visit-{rep}", activity_id=f"visit-{rep}", kind="visit",
                  subject={"kind": "opportunity", "id": f"deal-{rep}"}, rep_id=rep),
        ]
    return said


@asynccontextmanager
async def peopled(directory: Path, **settings: Any) -> AsyncIterator[Town]:
    async with town("memory", directory, **settings) as made:
        await settled(made)
        yield made


async def settled(made: Town) -> None:
    """The company has come, and the door knows its tree."""
    answer = await made.publish(*company())
    assert answer.status_code == 202, answer.text

    async def known() -> bool:
        return len(made.app.state.door.organisation.people()) == len(PEOPLE)

    await until(known, 5, "the tree is known")


_addresses = count(2)


def client(made: Town, *, address: str | None = None, **headers: str) -> httpx.AsyncClient:
    """Another browser or program at the same door; each from an address of its own, unless it is named."""
    n = next(_addresses)
    transport = httpx.ASGITransport(app=made.app, client=(address or f"127.0.{n // 250}.{n % 250}", 50_001))
    return httpx.AsyncClient(transport=transport, base_url=made.door.base_url, headers=headers,
                             event_hooks={"response": [published.hold]})


@asynccontextmanager
async def looking(made: Town, role: str, **place: str) -> AsyncIterator[httpx.AsyncClient]:
    """The console in the hands of that role."""
    async with client(made, **CONSOLE) as browser:
        answer = await browser.post("/v1/sign-in/developer", json={"role": role, **place})
        assert answer.status_code == 204, answer.text
        yield browser


def code(answer: httpx.Response) -> tuple[int, str | None]:
    """Status and the code of its problem."""
    problem = "problem+json" in answer.headers.get("content-type", "")
    return answer.status_code, answer.json()["code"] if problem else None
