"""Customers and segments through the doors: as they stand, as they stood, and by new cut-offs."""
from collections.abc import AsyncIterator
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.crm import (
    CustomerErased,
    CustomerMerged,
    CustomerRegistered,
    OrderCancelled,
    OrderPlaced,
    OrderRefunded,
    OrderRevised,
)
from contracts.kinds import Money
from services.segmentation.service import SERVICE
from tests.support.running_service import RunningService, running_service

from .cutoff_job import check_and_announce


@pytest.fixture(params=["memory", pytest.param("sqlite", marks=pytest.mark.slow)])
async def service(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RunningService]:
    async with running_service(SERVICE, request.param, tmp_path) as service:
        yield service


def euro(amount: int) -> Money:
    return Money(amount_minor=amount, currency="EUR")


async def order(
    service: RunningService, customer: str, amount: int = 30_000, days_ago: float = 0, id: str = "o1",
) -> None:
    placed = OrderPlaced(order_id=id, customer_id=customer, amount=euro(amount), business_line="software")
    here = service.app.now().astimezone(service.app.zone)  # days of the calendar: clocks may have changed since
    time = (here - timedelta(days=days_ago)).astimezone(UTC)
    await service.app.publish(placed, time=time, source="/shop", id=f"{customer}-{id}")


async def get(service: RunningService, path: str, **params: Any) -> Any:
    answer = await service.client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def members(service: RunningService, **params: Any) -> dict[str, int]:
    body = await get(service, "/v1/segments", **params)
    return {i["name"]: i["members"] for i in body["items"] if i["members"]}


def day_of(service: RunningService, days_ago: int = 0) -> date:
    found: date = (service.app.now().astimezone(service.app.zone) - timedelta(days=days_ago)).date()
    return found


async def test_an_order_puts_its_customer_into_a_segment_with_reasons_to_read(service: RunningService) -> None:
    await service.publish(CustomerRegistered(customer_id="k1", name="Acme", region="West", rep_id="anna"), "c1")
    await order(service, "k1")
    await service.settle()
    customer = await get(service, "/v1/customers/k1")
    assert (customer["name"], customer["purchases"], customer["spent"]) == (
        "Acme", 1, [{"amount_minor": 30_000, "currency": "EUR"}])
    assert customer["first_purchase_on"] == customer["last_purchase_on"] == str(day_of(service))
    placement = customer["segments"]["rfm"]
    assert (placement["segment"], placement["model"]) == ("new_customers", "rfm@1")
    assert placement["since"] == str(day_of(service))
    assert (placement["profile"]["r"], placement["profile"]["f"], placement["profile"]["m"]) == (5, 1, 1)
    assert await members(service) == {"new_customers": 1}
    [member] = (await get(service, "/v1/segments/new_customers/members"))["items"]
    assert (member["customer_id"], member["name"], member["profile"]["frequency"]) == ("k1", "Acme", 1)
    [row] = await service.app.history("customer", "k1")
    assert row.type == "crm.segment.entered.v1"


async def test_revisions_refunds_and_cancellations_change_what_was_bought(service: RunningService) -> None:
    await order(service, "k1")
    revised = OrderRevised(order_id="o1", customer_id="k1", amount=euro(50_000), given=("amount",))
    await service.publish(revised, "r1")
    await service.publish(OrderRefunded(order_id="o1", customer_id="k1", refund_id="f1", amount=euro(20_000)), "f1")
    assert (await get(service, "/v1/customers/k1"))["spent"] == [{"amount_minor": 30_000, "currency": "EUR"}]
    await service.publish(OrderCancelled(order_id="o1", customer_id="k1"), "x1")
    customer = await get(service, "/v1/customers/k1")
    assert (customer["spent"], customer["purchases"], customer["segments"]) == ([], 0, {})
    assert await members(service) == {}


async def test_customers_are_found_by_segment_and_region_and_sorted_page_by_page(service: RunningService) -> None:
    for n in range(5):
        await service.app.publish(CustomerRegistered(customer_id=f"k{n}", name=f"N{n}", region="West" if n else "East"),
                            time=service.app.now(), source="/crm", id=f"c{n}")
        await order(service, f"k{n}", 10_000 * (n + 1))
    await service.settle()
    found = await get(service, "/v1/customers", region="West", sort="-spent", segment="new_customers")
    assert [c["customer_id"] for c in found["items"]] == ["k4", "k3", "k2", "k1"]
    seen, path = [], "/v1/customers?limit=2&sort=name"
    while path:
        answer = await service.client.get(path)
        seen += [c["customer_id"] for c in answer.json()["items"]]
        assert len(answer.json()["items"]) <= 2
        path = answer.links["next"]["url"] if "next" in answer.links else ""
        assert bool(path) == (answer.json()["next"] is not None)
    assert seen == ["k0", "k1", "k2", "k3", "k4"]
    first = await get(service, "/v1/segments/new_customers/members", limit=3)
    rest = await get(service, "/v1/segments/new_customers/members", limit=3, cursor=first["next"])
    assert [m["customer_id"] for m in first["items"] + rest["items"]] == ["k0", "k1", "k2", "k3", "k4"]
    assert (first["members"], rest["next"]) == (5, None)


async def test_a_day_of_the_past_is_answered_as_it_was(service: RunningService) -> None:
    await order(service, "k1", days_ago=40)
    await order(service, "k1", 5_000_000, days_ago=1, id="o2")
    await order(service, "k1", days_ago=1, id="o3")
    await order(service, "k2", days_ago=0)
    await service.settle()
    assert await members(service, as_of=day_of(service, 41)) == {}
    assert await members(service, as_of=day_of(service, 40)) == {"new_customers": 1}
    assert await members(service, as_of=day_of(service, 0)) == {"potential_loyalist": 1, "new_customers": 1}
    then = await get(service, "/v1/segments/new_customers/members", as_of=day_of(service, 30))
    assert [(m["customer_id"], m["profile"]["recency_days"]) for m in then["items"]] == [("k1", 10)]
    k1 = await get(service, "/v1/customers/k1", as_of=day_of(service, 30))
    assert k1["segments"]["rfm"]["profile"]["frequency"] == 1
    k2 = await get(service, "/v1/customers/k2", as_of=day_of(service, 30))
    assert k2["segments"] == {"rfm": None}
    cells = (await get(service, "/v1/segments/rfm/matrix", as_of=day_of(service)))["cells"]
    assert sum(c["customers"] for c in cells) == 2 and sum(c["monetary_minor"] for c in cells) == 5_090_000


async def test_the_pages_of_a_day_are_of_one_moment_and_whoever_is_erased_meanwhile_is_on_none(
    service: RunningService,
) -> None:
    for n in range(5):
        await order(service, f"k{n}")
    await service.settle()
    path, asked = "/v1/segments/new_customers/members", {"as_of": str(day_of(service)), "limit": 2}
    first = await get(service, path, **asked)
    await order(service, "k9")
    await service.publish(CustomerErased(customer_id="k3"), "e3")
    second = await get(service, path, **asked, cursor=first["next"])
    third = await get(service, path, **asked, cursor=second["next"])
    assert [[m["customer_id"] for m in p["items"]] for p in (first, second, third)] == [["k0", "k1"], ["k2"], ["k4"]]
    assert {p["members"] for p in (first, second, third)} == {5} and third["next"] is None
    assert (await get(service, path, **asked))["members"] == 5, "k9 came and k3 went"
    assert [m["customer_id"] for m in (await get(service, path, as_of=asked["as_of"]))["items"]] == [
        "k0", "k1", "k2", "k4", "k9"]


async def test_history_moves_nobody_until_the_next_look_at_the_cut_offs(service: RunningService) -> None:
    for n in range(25):
        await order(service, f"k{n:02}", 1_000 * (n + 1), days_ago=30 + 10 * n)
    await service.settle()
    assert await members(service) == {}
    await check_and_announce(service)
    assert sum((await members(service)).values()) == 25
    segments = await get(service, "/v1/segments")
    assert len(segments["cutoffs"]["recency_days"]) == 4 and segments["customers"] == 25
    now = await members(service)
    assert now == await members(service, as_of=day_of(service)), "as it stands is as it is counted for today"
    matrix = (await get(service, "/v1/segments/rfm/matrix"))["cells"]
    assert sum(c["customers"] for c in matrix) == 25


async def test_cut_offs_can_be_asked_for_as_of_a_day(service: RunningService) -> None:
    await order(service, "k1")
    await service.settle()
    answer = await service.client.post("/v1/segments/recompute", params={"as_of": str(day_of(service))})
    assert answer.status_code == 202 and answer.json()["version"] == 1
    assert set(answer.json()["cutoffs"]) == {"recency_days", "frequency", "monetary_minor"}


async def test_a_merged_customer_s_purchases_are_the_other_s_now(service: RunningService) -> None:
    await order(service, "k1", 30_000)
    await order(service, "k2", 40_000)
    await service.settle()
    await service.publish(CustomerMerged(customer_id="k1", into_customer_id="k2"), "m1")
    await order(service, "k1", 1_000, id="late")
    await service.settle()
    gone, kept = await get(service, "/v1/customers/k1"), await get(service, "/v1/customers/k2")
    assert (gone["merged_into"], gone["purchases"], gone["segments"]) == ("k2", 0, {})
    assert (kept["purchases"], kept["spent"]) == (3, [{"amount_minor": 71_000, "currency": "EUR"}])
    assert sum((await members(service)).values()) == 1


async def test_an_erased_customer_is_nowhere_to_be_read(service: RunningService) -> None:
    await service.publish(CustomerRegistered(customer_id="k1", name="Ada Lindqvist"), "c1")
    await order(service, "k1", days_ago=1)
    await service.publish(CustomerErased(customer_id="k1"), "e1")
    await order(service, "k1", id="late")
    await service.settle()
    assert (await service.client.get("/v1/customers/k1")).status_code == 404
    assert (await get(service, "/v1/customers"))["items"] == []
    assert await members(service) == {} and await members(service, as_of=day_of(service)) == {}
    assert "Lindqvist" not in str((await service.app.get("customer", "k1")).state)


async def test_invalid_requests_are_answered_with_problems(service: RunningService) -> None:
    assert (await service.client.get("/v1/customers/nobody")).status_code == 404
    unknown = await service.client.get("/v1/segments?segmentation=abc")
    assert unknown.status_code == 404 and "use one of rfm" in unknown.json()["detail"]
    assert (await service.client.get("/v1/segments/nothing/members")).status_code == 404
    for path in ("/v1/segments?as_of=soon", "/v1/customers?sort=age", "/v1/customers?limit=501",
                 "/v1/segments/recompute"):
        method = "POST" if "recompute" in path else "GET"
        answer = await service.client.request(method, path)
        assert answer.status_code == 422 and answer.headers["content-type"] == "application/problem+json", path
        assert answer.json()["errors"][0]["pointer"].startswith("/query/"), path
    assert (await service.client.get("/v1/customers?cursor=abc")).status_code == 400


async def test_customers_are_asked_by_their_ids_and_unknown_ones_are_left_out(service: RunningService) -> None:
    for id in ("c1", "c2", "c3"):
        said = CustomerRegistered(customer_id=id, name=id.upper())
        await service.app.publish(said, time=service.app.now(), source="/crm", id=f"registered-{id}")
    await service.settle()
    body = await get(service, "/v1/customers", id=["c1", "c3", "c9"])
    assert sorted(i["name"] for i in body["items"]) == ["C1", "C3"] and body["next"] is None
