"""Event intake: a result for each event; valid ones are appended to the log, invalid ones are refused with reasons."""
from typing import Any

import orjson

from tests.gateway.harness import GatewayHarness

URL = "/v1/events"


def lead(id: str = "l1", event_id: str | None = None, **change: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "type": "crm.lead.captured.v1", "source": "/web", "id": event_id or f"captured-{id}",
            "time": "2026-03-02T09:00:00Z", "data": {"lead_id": id, "business_line": "software"}, **change}


async def test_a_valid_event_is_accepted_and_processed(harness: GatewayHarness) -> None:
    response = await harness.publish(lead("one"))
    assert response.status_code == 202
    assert response.json() == {"accepted": 1, "rejected": 0,
                             "items": [{"index": 0, "id": "captured-one", "status": 202}]}
    assert (await harness.client.get("/v1/leads/one")).json()["lead_id"] == "one"


async def test_a_single_event_need_not_be_in_an_array(harness: GatewayHarness) -> None:
    response = await harness.client.post(URL, json=lead("single"))
    assert response.status_code == 202 and response.json()["accepted"] == 1


async def test_valid_events_of_a_mixed_batch_are_appended(harness: GatewayHarness) -> None:
    response = await harness.publish(
        lead("good"), lead("bad", data={"lead_id": "b d"}), lead("none", type="crm.lead.eaten.v1"), 7)  # type: ignore[arg-type]
    assert response.status_code == 207
    body = response.json()
    assert (body["accepted"], body["rejected"]) == (1, 3)
    assert [i["status"] for i in body["items"]] == [202, 400, 400, 400]
    assert [i["index"] for i in body["items"]] == [0, 1, 2, 3]
    bad, unknown, number = (i["problem"] for i in body["items"][1:])
    assert bad["code"] == "invalid" and {e["pointer"] for e in bad["errors"]} == {
        "/data/lead_id", "/data/business_line"}
    assert unknown["code"] == "unknown_type" and number["code"] == "not_cloudevents"
    assert (await harness.client.get("/v1/leads/good")).status_code == 200


async def test_a_batch_without_a_valid_event_is_one_problem_with_all_pointers(harness: GatewayHarness) -> None:
    response = await harness.client.post(URL, json=[lead(data={"lead_id": "a"}), lead(specversion="0.3")])
    assert response.status_code == 400 and response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["code"] == "no_good_event" and len(body["items"]) == 2
    assert {e["pointer"].split("/")[1] for e in body["errors"]} == {"0", "1"}
    alone = (await harness.client.post(URL, json=lead(data={"lead_id": "a"}))).json()
    assert [e["pointer"] for e in alone["errors"]] == ["/data/business_line"]


async def test_a_repeated_event_changes_nothing(harness: GatewayHarness) -> None:
    await harness.publish(lead("twice"))
    before = (await harness.client.get("/v1/leads/twice")).json()
    assert (await harness.publish(lead("twice"), lead("twice"))).status_code == 202
    assert (await harness.client.get("/v1/leads/twice")).json() == before


async def test_events_of_services_are_rejected(harness: GatewayHarness) -> None:
    qualified = {**lead("x"), "type": "crm.lead.disqualified.v1",
                 "data": {"lead_id": "x", "business_line": "software", "score": 1, "model": "m@1",
                          "captured_at": "2026-03-02T09:00:00Z"}}
    response = await harness.client.post(URL, json=qualified)
    assert response.status_code == 400 and response.json()["code"] == "not_yours_to_say", response.text
    assert "lead_scoring" in response.json()["detail"]


async def test_other_media_types_are_rejected(harness: GatewayHarness) -> None:
    response = await harness.client.post(URL, content=orjson.dumps(lead()), headers={"content-type": "text/plain"})
    assert response.status_code == 415 and response.headers["content-type"] == "application/problem+json"


async def test_invalid_bodies_have_distinct_codes(harness: GatewayHarness) -> None:
    for content, code in ((b"{", "not_json"), (b"", "not_json"), (b"[]", "empty"), (b'"x"', "not_cloudevents"),
                          (b"null", "not_cloudevents"), (b'{"a": NaN}', "not_json")):
        response = await harness.client.post(URL, content=content, headers={"content-type": "application/json"})
        assert response.status_code == 400 and response.json()["code"] == code, content


async def test_a_batch_has_at_most_a_thousand_events(harness: GatewayHarness) -> None:
    many = [lead(f"m{n}") for n in range(1001)]
    refused = await harness.client.post(URL, json=many)
    assert refused.status_code == 413 and refused.json()["code"] == "too_many" and "1000" in refused.json()["detail"]
    assert (await harness.client.get("/v1/leads/m0")).status_code == 404, "no event of the batch is in the log"
    accepted = await harness.client.post(URL, json=many[:1000])
    assert accepted.status_code == 202 and accepted.json()["accepted"] == 1000
    await harness.settle()


async def test_a_batch_has_at_most_8_mib(harness: GatewayHarness) -> None:
    limit = 8 * 1024 * 1024
    filler = [lead(f"f{n}", data={"lead_id": f"f{n}", "business_line": "software",
                                  "attributes": {"note": "x" * 200_000}}) for n in range(41)]
    kind = {"content-type": "application/json"}
    refused = await harness.client.post(URL, content=orjson.dumps([*filler, filler[0]]), headers=kind)
    assert len(orjson.dumps([*filler, filler[0]])) > limit
    assert refused.status_code == 413 and refused.json()["code"] == "too_large"
    below = filler[:40]
    assert len(orjson.dumps(below)) < limit
    assert (await harness.client.post(URL, content=orjson.dumps(below), headers=kind)).status_code == 202
    await harness.settle()


async def test_an_event_over_256_kib_is_rejected_alone(harness: GatewayHarness) -> None:
    def sized(id: str, size: int) -> dict[str, Any]:
        return lead(id, data={"lead_id": id, "business_line": "software", "attributes": {"note": "x" * size}})

    response = await harness.publish(sized("small", 250 * 1024), sized("large", 257 * 1024))
    assert response.status_code == 207
    assert [i.get("problem", {}).get("code") for i in response.json()["items"]] == [None, "too_large"]
    assert (await harness.client.get("/v1/dead-letters")).json()["items"] == []
