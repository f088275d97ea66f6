"""The gateway on real servers: its own data in MongoDB, its live stream on Kafka."""
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
async def test_sessions_keys_and_the_audit_log_are_stored_in_mongodb(mongo: str, driver: str, tmp_path: Path):
    store = MongoStore(mongo, f"gateway_{uuid4().hex[:8]}", driver)  # type: ignore[arg-type]
    async with gateway_harness((MemoryBus(), store), tmp_path) as harness:
        keys, sessions = harness.gateway.keys, harness.gateway.sessions
        async with signed_in_as(harness, "rep", rep_id="anna") as anna:
            assert (await anna.get("/v1/me")).json()["roles"] == ["rep"]
            assert status_and_code(await anna.get("/v1/lag")) == (403, "not_permitted")
            assert (await anna.post("/v1/sign-out")).status_code == 204
            assert (await anna.get("/v1/me")).json()["roles"] == ["admin"], "developer mode on loopback"
        expired = await sessions.create(Identity("developer", "anna", roles=("rep",)), lifetime=-1)
        assert await sessions.find(expired) is None
        token = await Sessions(store).create(Identity("developer", "bert", roles=("rep",)))  # as another process does
        assert (await sessions.find(token)).identity.principal == "bert"

        key, created = await keys.create("erp", ["events:write"], scope=Scope(regions=("West",)))
        async with new_client(harness, authorization=f"Bearer {key}") as program:
            assert (await program.get("/v1/me")).json()["scope"]["regions"] == ["West"]
            lead = event("crm.lead.captured.v1", "l", lead_id="l", business_line="hardware")
            assert (await program.post("/v1/events", json=lead)).status_code == 202
            assert [k.id for k in await keys.find_all()] == [created.id]
            await keys.revoke(created.id)
            assert status_and_code(await program.get("/v1/me")) == (401, "bad_credentials")

        entries, path = [], "/v1/audit?limit=2"
        while path:
            response = await harness.client.get(path)
            entries += response.json()["items"]
            path = response.links.get("next", {}).get("url")
        assert [e["at"] for e in entries] == sorted((e["at"] for e in entries), reverse=True) and len(entries) == 4
        assert {(e["path"], e["status"]) for e in entries} >= {
            ("/v1/lag", 403), ("/v1/me", 401), ("/v1/events", 202), ("/v1/sign-in/developer", 204)}
        refused = (await harness.client.get("/v1/audit?outcome=refused&principal=anna")).json()["items"]
        assert [(e["path"], e["permission"]) for e in refused] == [("/v1/lag", "operate:read")]


async def test_the_live_stream_sends_deltas_from_kafka_and_resumes_after_a_disconnect(kafka: str, tmp_path: Path):
    async with gateway_harness((KafkaBus(kafka, session=6.0), MemoryStore()), tmp_path) as harness:
        async def deal(id: str) -> None:
            opening = event("crm.opportunity.opening_requested.v1", f"open-{id}", opportunity_id=id, rep_id="anna",
                         business_line="hardware")
            assert (await harness.client.post("/v1/events", json=opening)).status_code == 202

        first, second = f"deal-{uuid4().hex}", f"deal-{uuid4().hex}"
        async with open_stream(harness, "opportunities") as stream:
            assert stream.status == 200
            await deal(first)
            await stream.until(lambda: [d for d in stream.of("opportunities") if d["opportunity_id"] == first],
                               "the deal is received")
            last = stream.of("opportunities")[-1]["id"]
        await deal(second)

        async def exists() -> bool:
            return (await harness.client.get(f"/v1/opportunities/{second}")).status_code == 200

        await until(exists, "the second deal exists")
        async with open_stream(harness, "opportunities", last_event_id=last) as stream:
            await stream.until(lambda: [d for d in stream.of("opportunities") if d["opportunity_id"] == second],
                               "the missed deal is received")
            assert not stream.of("opportunities", "snapshot"), "no snapshot is sent again"
