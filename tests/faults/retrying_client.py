"""Somebody who works with the system over HTTP while it fails: every request is repeated under its Idempotency-Key
until it is answered, so each counts once."""
import asyncio
import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx

from tests.faults.event_families import ZONE, SourceEvent

if TYPE_CHECKING:
    from tests.faults.system_under_test import SystemUnderTest

PATIENCE = 300  # tries


class RetryingClient:
    """`targets`: {(period, measure): value}, the last one acknowledged."""

    def __init__(self, stage: "SystemUnderTest") -> None:
        self._stage = stage
        self._n = 0
        self.targets: dict[tuple[str, str], int] = {}
        self.repeated = 0

    async def set_target(self) -> None:
        """One after another of 180: what one of them owes is not published by chance when the next is set."""
        self._n += 1
        n = self._n
        year, month = self._stage.ledger.start.astimezone(ZONE).year, 1 + n % 12
        period, measure = f"{year - n // 36 % 5}-{month:02d}", ("orders", "visits", "leads_captured")[n // 12 % 3]
        wanted = [{"measure": measure, "value": 100 + n}]
        await self._ask("kpi", "PUT", f"/v1/targets/{period}", wanted, f"target-{n}")
        self.targets[period, measure] = 100 + n

    async def move_deal(self) -> None:
        """A deal is asked for on the log, and moved at the door."""
        self._n += 1
        id, start = f"h{self._n}", self._stage.ledger.start
        opened = start - timedelta(hours=30)
        await self._stage.publish_event(SourceEvent(
            "crm.opportunity.opening_requested.v1", id, f"{id}-open", "clerk", opened,
            {"opportunity_id": id, "business_line": "hardware", "region": "West", "rep_id": "rep-1",
             "amount": {"amount_minor": 5000, "currency": "EUR"}}))
        for number, wanted in enumerate(("engage", "win")):
            at = opened + timedelta(hours=1 + number)
            body = {"transition": wanted, "occurred_at": at.isoformat()}
            await self._ask("pipeline", "POST", f"/v1/opportunities/{id}/transitions", body, f"{id}-{wanted}")
            data = {"opportunity_id": id, "transition": wanted}
            self._stage.ledger.take(SourceEvent(
                "crm.opportunity.transition_requested.v1", id, f"{id}-{wanted}", "clerk", at, data))

    async def capture_lead(self) -> None:
        self._n += 1
        id = f"hl{self._n}"
        at = self._stage.ledger.start - timedelta(days=2, minutes=self._n % 7)
        data = {"lead_id": id, "business_line": "software", "source": "fair", "region": "West", "rep_id": "rep-1",
                "attributes": {"industry": "farming", "employees": 40}}
        await self._ask("lead_scoring", "POST", "/v1/leads", {**data, "occurred_at": at.isoformat()}, id)
        self._stage.ledger.take(SourceEvent("crm.lead.captured.v1", id, id, "clerk", at, data))

    async def _ask(self, service: str, method: str, path: str, body: Any, key: str) -> Any:
        """404: the deal was asked for, but is not opened yet."""
        stage, seen = self._stage, ""
        for _ in range(PATIENCE):
            for member in stage.alive(service):
                with contextlib.suppress(httpx.TransportError):
                    answer = await stage.request(member, method, path, body=body, key=key)
                    if answer.status_code < 300:
                        return answer.json()
                    seen = f"{answer.status_code} {answer.text[:300]}"
                    assert answer.status_code in (404, 503), f"{method} {path}: {seen}"
                self.repeated += 1
            await asyncio.sleep(0.2)
        raise AssertionError(f"{method} {path} was never taken: {seen or 'no member answered'}")

    async def letter(self, service: str, id: str, what: str, body: Any = None) -> None:
        """Replay or discard a dead letter, again until it is done."""
        await self._ask(service, "POST", f"/v1/dead-letters/{id}/{what}", body or {}, f"{what}-{id}")
