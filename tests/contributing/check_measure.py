"""Run in a copy: orders are published, the measure recipe is applied, and the restarted service counts them."""
from datetime import timedelta
from pathlib import Path

from chassis.support.clock import utc_now
from contracts.crm import OrderPlaced
from contracts.kinds import Money
from services.kpi.service import SERVICE
from tests.adapters.waiting import until
from tests.contributing.recipes import MEASURE, ROOT, Checkout
from tests.support.running_service import RunningService, running_service


def order(n: int, amount_minor: int) -> OrderPlaced:
    return OrderPlaced(order_id=f"O{n}", customer_id="C1", amount=Money(amount_minor=amount_minor, currency="EUR"))


async def large_orders(service: RunningService) -> tuple[int, list[int]]:
    """Status, values."""
    today = utc_now().date()
    period = {"from": str(today - timedelta(days=2)), "to": str(today + timedelta(days=3)), "grain": "total"}
    response = await service.client.get("/v1/kpis/large_orders", params=period)
    return response.status_code, [row["value"] for row in response.json().get("rows", ())]


async def test_the_measure_counts_earlier_events_after_a_restart(tmp_path: Path) -> None:
    async with running_service(SERVICE, "sqlite", tmp_path) as service:
        await service.publish(order(1, 999_999), "O1")
        await service.publish(order(2, 1_000_000), "O2")
        assert await large_orders(service) == (404, [])
    Checkout(ROOT).apply(MEASURE)
    async with running_service(SERVICE, "sqlite", tmp_path) as service:

        async def counted() -> bool:
            return await large_orders(service) == (200, [1])

        await until(counted, "the earlier order is counted from the log")
        await service.publish(order(3, 2_000_000), "O3")
        assert await large_orders(service) == (200, [2])
