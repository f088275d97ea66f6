"""F14: a topic that was made anew stops its readers, by name; nothing of it is skipped."""
import asyncio
from pathlib import Path

import apsw
import httpx
import pytest

from tests.faults.conftest import Verified
from tests.faults.report import Result
from tests.faults.system_under_test import SystemUnderTest

pytestmark = pytest.mark.slow
TOPIC = "crm.orders.v1"
READERS = ("segmentation", "kpi")


def make_anew(path: Path, topic: str) -> None:
    """As if the topic had been deleted and made again: the same places, empty."""
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(10_000)
    for (place,) in list(connection.execute("SELECT id FROM places WHERE topic=?", (topic,))):
        connection.execute("DELETE FROM batches WHERE id BETWEEN ? AND ?", (place << 40, ((place + 1) << 40) - 1))
    connection.execute("UPDATE places SET next=0 WHERE topic=?", (topic,))
    connection.close()


async def why_not_ready(stage: SystemUnderTest, service: str) -> str:
    (member,) = stage.alive(service)
    for _ in range(600):
        answer = await stage.client.get(f"http://127.0.0.1:{member.port + 1000}/readyz")
        if "log_recreated" in answer.text:
            return answer.text
        await asyncio.sleep(0.1)
    raise AssertionError(f"{service} does not say that the log was made anew: {answer.text}")


@pytest.mark.timeout(300)
async def test_a_topic_made_anew_stops_its_readers_by_name_until_they_are_sent_on(
    tmp_path: Path, verified: Verified,
) -> None:
    """Of the new log nothing is skipped; in the new epoch all that either log ever held has counted once."""
    from chassis.adapters.sqlite.schema import SHIFT

    assert SHIFT == 40
    result = Result("F14", "a topic is made anew", injected=1)
    async with SystemUnderTest(tmp_path) as stage:
        await stage.start_all()
        await stage.load(600, 1000)
        await stage.settle()
        await stage.fleet.end_all()
        before = {s: await stage.bus.committed(f"triptych.{s}", [TOPIC]) for s in READERS}
        make_anew(tmp_path / "data" / "triptych.db", TOPIC)
        for service in READERS:
            await stage.fleet.start(service)
        told = [await why_not_ready(stage, service) for service in READERS]
        await stage.load(100, 1000)
        await asyncio.sleep(1.0)
        assert all(TOPIC in text for text in told)
        assert {s: await stage.bus.committed(f"triptych.{s}", [TOPIC]) for s in READERS} == before
        with pytest.raises(httpx.HTTPStatusError):
            (member,) = stage.alive("kpi")
            (await stage.client.get(f"http://127.0.0.1:{member.port + 1000}/readyz")).raise_for_status()
        result.notes.append(f"{', '.join(READERS)} stay up, are not ready, and say why: {told[0][:160]}")
        await stage.fleet.end_all()
        await stage.command("stream", "bump-epoch", TOPIC, "--yes")
        async with verified(result, stage):
            await stage.start_all()
            await stage.load(300, 1000)
        result.verdict = f"stops, named; {result.verdict} in a new epoch"
