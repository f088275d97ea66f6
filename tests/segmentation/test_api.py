"""HTTP API of customers and segments: today, as of a past day, and after new cut-offs."""
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
    response = await service.client.get(path, params=params)
    assert response.status_code == 200, response.text
    return response.json()


async def members(service: RunningService, **params: Any) -> dict[str, int]:
    body = await get(service, "/v1/segments", **params)
    return {i["name"]: i["members"] for i in body["items"] if i["members"]}


def day_of(service: RunningService, days_ago: int = 0) -> date:
    found: date = (service.app.now().astimezone(service.app.zone) - timedelta(days=days_ago)).date()
    return found


async def test_an_order_places_its_customer_in_a_segment_with_its_profile(service: RunningService) -> None:
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


async def test_revisions_refunds_and_cancellations_change_the_purchases(service: RunningService) -> None:
    await order(service, "k1")
    revised = OrderRevised(order_id="o1", customer_id="k1", amount=euro(50_000), given=("amount",))
    await service.publish(revised, "r1")
    await service.publish(OrderRefunded(order_id="o1", customer_id="k1", refund_id="f1", amount=euro(20_000)), "f1")
    assert (await get(service, "/v1/customers/k1"))["spent"] == [{"amount_minor": 30_000, "currency": "EUR"}]
    await service.publish(OrderCancelled(order_id="o1", customer_id="k1"), "x1")
    customer = await get(service, "/v1/customers/k1")
    assert (customer["spent"], customer["purchases"], customer["segments"]) == ([], 0, {})
    assert await members(service) == {}


async def test_customers_are_filtered_by_segment_and_region_sorted_and_paged(service: RunningService) -> None:
    for n in range(5):
        await service.app.publish(CustomerRegistered(customer_id=f"k{n}", name=f"N{n}", region="West" if n else "East"),
                            time=service.app.now(), source="/crm", id=f"c{n}")
        await order(service, f"k{n}", 10_000 * (n + 1))
    await service.settle()
    found = await get(service, "/v1/customers", region="West", sort="-spent", segment="new_customers")
    assert [c["customer_id"] for c in found["items"]] == ["k4", "k3", "k2", "k1"]
    ids, path = [], "/v1/customers?limit=2&sort=name"
    while path:
        response = await service.client.get(path)
        ids += [c["customer_id"] for c in response.json()["items"]]
        assert len(response.json()["items"]) <= 2
        path = response.links["next"]["url"] if "next" in response.links else ""
        assert bool(path) == (response.json()["next"] is not None)
    assert ids == ["k0", "k1", "k2", "k3", "k4"]
    first = await get(service, "/v1/segments/new_customers/members", limit=3)
    rest = await get(service, "/v1/segments/new_customers/members", limit=3, cursor=first["next"])
    assert [m["customer_id"] for m in first["items"] + rest["items"]] == ["k0", "k1", "k2", "k3", "k4"]
    assert (first["members"], rest["next"]) == (5, None)


async def test_segments_as_of_a_past_day_are_those_of_that_day(service: RunningService) -> None:
    await order(service, "k1", days_ago=40)
    await order(service, "k1", 5_000_000, days_ago=1, id="o2")
    await order(service, "k1", days_ago=1, id="o3")
    await order(service, "k2", days_ago=0)
    await service.settle()
    assert await members(service, as_of=day_of(service, 41)) == {}
    assert await members(service, as_of=day_of(service, 40)) == {"new_customers": 1}
    assert await members(service, as_of=day_of(service, 0)) == {"potential_loyalist": 1, "new_customers": 1}
    past_members = await get(service, "/v1/segments/new_customers/members", as_of=day_of(service, 30))
    assert [(m["customer_id"], m["profile"]["recency_days"]) for m in past_members["items"]] == [("k1", 10)]
    k1 = await get(service, "/v1/customers/k1", as_of=day_of(service, 30))
    assert k1["segments"]["rfm"]["profile"]["frequency"] == 1
    k2 = await get(service, "/v1/customers/k2", as_of=day_of(service, 30))
    assert k2["segments"] == {"rfm": None}
    cells = (await get(service, "/v1/segments/rfm/matrix", as_of=day_of(service)))["cells"]
    assert sum(c["customers"] for c in cells) == 2 and sum(c["monetary_minor"] for c in cells) == 5_090_000


async def test_pages_as_of_a_day_come_from_one_snapshot_without_customers_erased_meanwhile(
    service: RunningService,
) -> None:
    for n in range(5):
        await order(service, f"k{n}")
    await service.settle()
    path, params = "/v1/segments/new_customers/members", {"as_of": str(day_of(service)), "limit": 2}
    first = await get(service, path, **params)
    await order(service, "k9")
    await service.publish(CustomerErased(customer_id="k3"), "e3")
    second = await get(service, path, **params, cursor=first["next"])
    third = await get(service, path, **params, cursor=second["next"])
    assert [[m["customer_id"] for m in p["items"]] for p in (first, second, third)] == [["k0", "k1"], ["k2"], ["k4"]]
    assert {p["members"] for p in (first, second, third)} == {5} and third["next"] is None
    assert (await get(service, path, **params))["members"] == 5, "k9 was added and k3 was erased"
    assert [m["customer_id"] for m in (await get(service, path, as_of=params["as_of"]))["items"]] == [
        "k0", "k1", "k2", "k4", "k9"]


async def test_imported_orders_place_no_customer_until_the_next_check_of_the_cut_offs(service: RunningService) -> None:
    for n in range(25):
        await order(service, f"k{n:02}", 1_000 * (n + 1), days_ago=30 + 10 * n)
    await service.settle()
    assert await members(service) == {}
    await check_and_announce(service)
    assert sum((await members(service)).values()) == 25
    segments = await get(service, "/v1/segments")
    assert len(segments["cutoffs"]["recency_days"]) == 4 and segments["customers"] == 25
    now = await members(service)
    assert now == await members(service, as_of=day_of(service)), "the current members equal those as of today"
    matrix = (await get(service, "/v1/segments/rfm/matrix"))["cells"]
    assert sum(c["customers"] for c in matrix) == 25


async def test_cut_offs_can_be_recomputed_as_of_a_day(service: RunningService) -> None:
    await order(service, "k1")
    await service.settle()
    response = await service.client.post("/v1/segments/recompute", params={"as_of": str(day_of(service))})
    assert response.status_code == 202 and response.json()["version"] == 1
    assert set(response.json()["cutoffs"]) == {"recency_days", "frequency", "monetary_minor"}


async def test_the_purchases_of_a_merged_customer_belong_to_the_target_customer(service: RunningService) -> None:
    await order(service, "k1", 30_000)
    await order(service, "k2", 40_000)
    await service.settle()
    await service.publish(CustomerMerged(customer_id="k1", into_customer_id="k2"), "m1")
    await order(service, "k1", 1_000, id="late")
    await service.settle()
    merged, target = await get(service, "/v1/customers/k1"), await get(service, "/v1/customers/k2")
    assert (merged["merged_into"], merged["purchases"], merged["segments"]) == ("k2", 0, {})
    assert (target["purchases"], target["spent"]) == (3, [{"amount_minor": 71_000, "currency": "EUR"}])
    assert sum((await members(service)).values()) == 1


async def test_an_erased_customer_is_not_returned_anywhere(service: RunningService) -> None:
    await service.publish(CustomerRegistered(customer_id="k1", name="Ada Lindqvist"), "c1")
    await order(service, "k1", days_ago=1)
    await service.publish(CustomerErased(customer_id="k1"), "e1")
    await order(service, "k1", id="late")
    await service.settle()
    assert (await service.client.get("/v1/customers/k1")).status_code == 404
    assert (await get(service, "/v1/customers"))["items"] == []
    assert await members(service) == {} and await members(service, as_of=day_of(service)) == {}
    assert "Lindqvist" not in str((await service.app.get("customer", "k1")).state)


async def test_invalid_requests_return_problem_documents(service: RunningService) -> None:
    assert (await service.client.get("/v1/customers/unknown")).status_code == 404
    unknown = await service.client.get("/v1/segments?segmentation=abc")
    assert unknown.status_code == 404 and "use one of rfm" in unknown.json()["detail"]
    assert (await service.client.get("/v1/segments/nothing/members")).status_code == 404
    for path in ("/v1/segments?as_of=soon", "/v1/customers?sort=age", "/v1/customers?limit=501",
                 "/v1/segments/recompute"):
        method = "POST" if "recompute" in path else "GET"
        response = await service.client.request(method, path)
        assert response.status_code == 422 and response.headers["content-type"] == "application/problem+json", path
        assert response.json()["errors"][0]["pointer"].startswith("/query/"), path
    assert (await service.client.get("/v1/customers?cursor=abc")).status_code == 400


async def test_customers_are_filtered_by_ids_and_unknown_ids_are_ignored(service: RunningService) -> None:
    for id in ("c1", "c2", "c3"):
        registered = CustomerRegistered(customer_id=id, name=id.upper())
        await service.app.publish(registered, time=service.app.now(), source="/crm", id=f"registered-{id}")
    await service.settle()
    body = await get(service, "/v1/customers", id=["c1", "c3", "c9"])
    assert sorted(i["name"] for i in body["items"]) == ["C1", "C3"] and body["next"] is None
