"""The feed of events: everything once, per key in order, from any place on; for who may see everybody's."""
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from chassis.http.access import Scope
from chassis.ports import Outgoing
from tests.gateway.scenes import client, code, event, looking
from tests.gateway.town import Town, town

pytestmark = pytest.mark.slow
PATH = "/v1/events"
CAPTURED = "crm.lead.captured.v1"


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Town]:
    async with town("memory", tmp_path) as made:
        yield made


def lead(id: str, **more: Any) -> dict[str, Any]:
    return event(CAPTURED, f"e-{id}", lead_id=id, business_line="hardware", **more)


async def walked(door: httpx.AsyncClient, query: str = "", after: str | None = None) -> tuple[list[Any], str]:
    """Everything that waits, page by page, and where it ended."""
    found: list[Any] = []
    place = after
    while True:
        answer = await door.get(f"{PATH}?limit=3{query}{f'&after={place}' if place else ''}")
        assert answer.status_code == 200, answer.text
        place = answer.json()["next"]
        assert f"after={place}" in answer.headers["link"]
        if not answer.json()["items"]:
            return found, place
        found += answer.json()["items"]


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_everything_is_told_once_and_goes_on_where_it_ended(kind: str, tmp_path: Path):
    async with town(kind, tmp_path) as home:
        await told_once(home)


async def told_once(home: Town) -> None:
    said = [lead(f"l{n}", source="web") for n in range(10)]
    revised = [event("crm.lead.revised.v1", f"r{n}", lead_id="l0", source=f"s{n}") for n in range(5)]
    assert (await home.publish(*said, *revised)).status_code == 202
    found, end = await walked(home.door, f"&types={CAPTURED},crm.lead.revised.v1")
    assert sorted(e["id"] for e in found) == sorted(e["id"] for e in (*said, *revised))
    assert [e["id"] for e in found if e["partitionkey"] == "l0"] == ["e-l0", *(e["id"] for e in revised)]
    first = next(e for e in found if e["id"] == "e-l0")
    assert (first["type"], first["source"], first["data"]["source"]) == (CAPTURED, "/hr", "web")
    assert (await walked(home.door, f"&types={CAPTURED}", end))[0] == []
    assert (await home.publish(lead("later"))).status_code == 202
    assert [e["id"] for e in (await walked(home.door, f"&types={CAPTURED}", end))[0]] == ["e-later"]


async def test_what_the_services_say_is_told_too_and_their_notes_to_self_are_not(home: Town):
    assert (await home.publish(lead("l", attributes={"employees": 500}), event(
        "crm.opportunity.opening_requested.v1", "o", opportunity_id="o", business_line="hardware"))).status_code == 202
    types = {e["type"] for e in (await walked(home.door))[0]}
    assert types >= {CAPTURED, "crm.opportunity.opening_requested.v1", "crm.opportunity.opened.v1",
                     "crm.stage.entered.v1"}
    assert not [t for t in types if "segmentation" in t or "internal" in t]
    opened, _ = await walked(home.door, "&types=crm.opportunity.opened.v1")
    assert [e["data"]["opportunity_id"] for e in opened] == ["o"] and opened[0]["causationid"] == "o"


async def test_one_may_begin_with_what_comes(home: Town):
    assert (await home.publish(lead("before"))).status_code == 202
    place = (await home.door.get(f"{PATH}?after=latest")).json()["next"]
    assert (await home.publish(lead("after", source="fair"))).status_code == 202
    assert [e["id"] for e in (await walked(home.door, f"&types={CAPTURED}", place))[0]] == ["e-after"]


async def test_what_is_no_event_is_passed_over_and_hides_nothing(home: Town):
    assert (await home.publish(lead("a"))).status_code == 202
    await home.bus.publish([Outgoing("crm.leads.v1", b"a", b"no json", (("ce_type", CAPTURED.encode()),))])
    assert (await home.publish(lead("b"))).status_code == 202
    assert {e["id"] for e in (await walked(home.door, f"&types={CAPTURED}"))[0]} == {"e-a", "e-b"}


@pytest.mark.parametrize("after", ["x", "!!", "eJyLjgUAARUAuQ", "A" * 3000])
async def test_a_place_of_nowhere_is_refused(home: Town, after: str):
    assert code(await home.door.get(f"{PATH}?after={after}")) == (400, "bad_cursor")


async def test_a_place_of_another_log_is_refused(home: Town, tmp_path: Path):
    async with town("memory", tmp_path / "other") as other:
        place = (await other.door.get(PATH)).json()["next"]
    assert code(await home.door.get(f"{PATH}?after={place}")) == (400, "bad_cursor")
    assert code(await home.door.get(f"{PATH}?types=crm.moon.v1")) == (422, "invalid")


async def test_the_feed_is_for_who_may_see_everybodys_events(home: Town):
    make = home.app.state.door.keys.create
    limited, whole = [(await make(n, ["events:read"], scope=scope))[0] for n, scope in (
        ("west", Scope(regions=("West",))), ("all", Scope(all=True)))]
    async with client(home, authorization=f"Bearer {limited}") as program:
        assert code(await program.get(PATH)) == (403, "outside_scope")
    async with client(home, authorization=f"Bearer {whole}") as program:
        assert (await program.get(PATH)).status_code == 200
    for role in ("rep", "manager", "analyst", "operator"):
        async with looking(home, role, rep_id="anna") as browser:
            assert code(await browser.get(PATH)) == (403, "not_permitted")
