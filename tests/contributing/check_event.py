"""Run in a copy with the event recipe: a published renewal is counted by both measures and as a purchase."""
from datetime import timedelta
from pathlib import Path
from typing import Any

import contracts.crm
from chassis.support.clock import utc_now
from tests.gateway.harness import GatewayHarness, gateway_harness

NOW = utc_now()


def renewal(n: int) -> dict[str, Any]:
    data = {"contract_id": "K1", "renewal_id": f"K1-{n}", "customer_id": "C1",
            "amount": {"amount_minor": 120_000 * n, "currency": "EUR"}}
    return {"specversion": "1.0", "type": "crm.contract.renewed.v1", "source": "/erp", "id": f"renewal-{n}",
            "time": NOW.isoformat(), "data": data}


async def figures(harness: GatewayHarness, measure: str) -> list[tuple[Any, str | None]]:
    """[(value, currency)] of the days around today."""
    period = {"from": str(NOW.date() - timedelta(days=2)), "to": str(NOW.date() + timedelta(days=3)), "grain": "total"}
    response = await harness.client.get(f"/v1/kpis/{measure}", params=period)
    assert response.status_code == 200, response.text
    return [(row["value"], row["dimensions"].get("currency")) for row in response.json()["rows"]]


def test_the_copy_is_checked() -> None:
    assert Path(contracts.crm.__file__ or "").is_relative_to(Path(__file__).parents[2])


async def test_renewals_change_the_measures_and_the_purchases_of_their_customer(tmp_path: Path) -> None:
    async with gateway_harness("memory", tmp_path) as harness:
        assert await figures(harness, "renewals") in ([], [(0, None)])
        response = await harness.publish(renewal(1), renewal(2), renewal(2))
        assert response.status_code in (200, 202), response.text
        assert await figures(harness, "renewals") == [(2, None)]
        assert await figures(harness, "renewed_amount") == [(360_000, "EUR")]
        customer = (await harness.client.get("/v1/customers/C1")).json()
        assert customer["purchases"] == 2
        assert customer["spent"] == [{"amount_minor": 360_000, "currency": "EUR"}]
