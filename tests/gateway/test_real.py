"""The door on real servers: what it keeps for itself in a document store, and its live stream on a Kafka."""
from pathlib import Path
from uuid import uuid4

import pytest

from chassis.adapters.kafka import KafkaBus
from chassis.adapters.memory import MemoryBus, MemoryStore
from chassis.adapters.mongo import MongoStore
from chassis.http.access import Scope
from services.gateway.auth.caller import Identity
from services.gateway.auth.sessions import Sessions
from tests.adapters.waiting import until
from tests.gateway.harness import gateway_harness
from tests.gateway.live_stream import open_stream
from tests.gateway.scenarios import event, new_client, signed_in_as, status_and_code

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_sessions_keys_and_the_audit_log_are_kept_by_a_document_server(mongo: str, driver: str, tmp_path: Path):
    store = MongoStore(mongo, f"door_{uuid4().hex[:8]}", driver)  # type: ignore[arg-type]
    async with gateway_harness((MemoryBus(), store), tmp_path) as harness:
        keys, sessions = harness.gateway.keys, harness.gateway.sessions
        async with signed_in_as(harness, "rep", rep_id="anna") as anna:
            assert (await anna.get("/v1/me")).json()["roles"] == ["rep"]
            assert status_and_code(await anna.get("/v1/lag")) == (403, "not_permitted")
            assert (await anna.post("/v1/sign-out")).status_code == 204
            assert (await anna.get("/v1/me")).json()["roles"] == ["admin"], "on loopback nobody is the developer"
        gone = await sessions.create(Identity("developer", "anna", roles=("rep",)), lifetime=-1)
        assert await sessions.find(gone) is None
        kept = await Sessions(store).create(Identity("developer", "bert", roles=("rep",)))  # as another process would
        assert (await sessions.find(kept)).identity.principal == "bert"

        key, made = await keys.create("erp", ["events:write"], scope=Scope(regions=("West",)))
        async with new_client(harness, authorization=f"Bearer {key}") as program:
            assert (await program.get("/v1/me")).json()["scope"]["regions"] == ["West"]
            lead = event("crm.lead.captured.v1", "l", lead_id="l", business_line="hardware")
            assert (await program.post("/v1/events", json=lead)).status_code == 202
            assert [k.id for k in await keys.find_all()] == [made.id]
            await keys.revoke(made.id)
            assert status_and_code(await program.get("/v1/me")) == (401, "bad_credentials")

        told, path = [], "/v1/audit?limit=2"
        while path:
            answer = await harness.client.get(path)
            told += answer.json()["items"]
            path = answer.links.get("next", {}).get("url")
        assert [t["at"] for t in told] == sorted((t["at"] for t in told), reverse=True) and len(told) == 4
        assert {(t["path"], t["status"]) for t in told} >= {
            ("/v1/lag", 403), ("/v1/me", 401), ("/v1/events", 202), ("/v1/sign-in/developer", 204)}
        refused = (await harness.client.get("/v1/audit?outcome=refused&principal=anna")).json()["items"]
        assert [(t["path"], t["permission"]) for t in refused] == [("/v1/lag", "operate:read")]


async def test_the_live_stream_tells_what_happens_on_a_kafka_and_goes_on_after_a_break(kafka: str, tmp_path: Path):
    async with gateway_harness((KafkaBus(kafka, session=6.0), MemoryStore()), tmp_path) as harness:
        async def deal(id: str) -> None:
            said = event("crm.opportunity.opening_requested.v1", f"open-{id}", opportunity_id=id, rep_id="anna",
                         business_line="hardware")
            assert (await harness.client.post("/v1/events", json=said)).status_code == 202

        first, second = f"deal-{uuid4().hex}", f"deal-{uuid4().hex}"
        async with open_stream(harness, "opportunities") as stream:
            assert stream.status == 200
            await deal(first)
            await stream.until(lambda: [d for d in stream.of("opportunities") if d["opportunity_id"] == first],
                               "the deal is told")
            last = stream.of("opportunities")[-1]["id"]
        await deal(second)

        async def there() -> bool:
            return (await harness.client.get(f"/v1/opportunities/{second}")).status_code == 200

        await until(there, "the second deal is there")
        async with open_stream(harness, "opportunities", last_event_id=last) as stream:
            await stream.until(lambda: [d for d in stream.of("opportunities") if d["opportunity_id"] == second],
                               "what was missed is told")
            assert not stream.of("opportunities", "snapshot"), "and nothing else is told again"
