"""F2 on a MongoDB-compatible store: killed before and after its writes."""
import asyncio
import signal
from pathlib import Path

import pytest

from chassis.failpoints import POINTS
from chassis.settings import SERVICES
from tests.adapters.real import mongo
from tests.faults.conftest import Judged
from tests.faults.profiles import Profile, chosen
from tests.faults.report import Result
from tests.faults.stage import Stage

__all__ = ("mongo",)
pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.skipif(
    chosen().name != "long", reason="not proven here: those of a document server belong to `make faults PROFILE=long`")]


async def die_at(stage: Stage, service: str, hits: int, result: Result) -> None:
    for hit in range(1, hits + 1):
        for point in (p for p in POINTS if p.startswith("mongo.")):
            await stage.fleet.end(stage.alive(service)[0], signal.SIGKILL)
            member = await stage.fleet.start(service, wait=False, failpoint=f"{point}:{10 * hit}")
            await asyncio.wait_for(member.gone.wait(), 120)
            assert member.ended == -signal.SIGKILL, f"{point} was not reached"
            result.injected += 1
            await stage.fleet.start(service)


@pytest.mark.timeout(1200)
async def test_services_killed_around_a_write_to_a_document_server_stay_exact(
    tmp_path: Path, mongo: str, profile: Profile, judged: Judged,
) -> None:
    result = Result("F2", "kill before and after every write to the store", "MongoDB-compatible store, embedded log")
    async with Stage(tmp_path, mongo=mongo, database="faults", copies=0.02) as stage:
        await stage.start_all()
        async with judged(result, stage):
            load = asyncio.create_task(stage.load(profile.kafka_events // 2, 60))
            await asyncio.gather(*(die_at(stage, s, max(1, profile.hits // len(SERVICES)), result) for s in SERVICES))
            await load
