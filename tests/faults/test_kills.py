"""F1: kill -9 of every service at random, under load."""
import asyncio
import random
import signal
import time
from pathlib import Path

import pytest

from chassis.service.discovery import internal_names
from tests.faults.conftest import Verified
from tests.faults.profiles import Profile
from tests.faults.recovery import ends_now, recovered
from tests.faults.report import Result
from tests.faults.system_under_test import SystemUnderTest

pytestmark = pytest.mark.slow
SESSION = 2.0


async def kill_again_and_again(stage: SystemUnderTest, service: str, times: int, every: float, result: Result) -> None:
    """Spread over the load."""
    chance = random.Random(service)
    for _ in range(times):
        await asyncio.sleep(chance.uniform(0.05, 1.5 * every))
        (member,) = stage.alive(service)
        ends = await ends_now(stage, service)
        assert await stage.fleet.end(member, signal.SIGKILL) == -signal.SIGKILL
        killed = time.monotonic()
        await stage.fleet.start(service)
        took = await recovered(stage, service, ends, killed)
        result.recoveries.append(took)
        result.injected += 1


@pytest.mark.timeout(5400)
async def test_services_that_are_killed_at_random_lose_nothing_and_count_nothing_twice(
    tmp_path: Path, profile: Profile, verified: Verified,
) -> None:
    result = Result("F1", "kill -9 of each service at random under load", bound=SESSION + 5)
    async with SystemUnderTest(tmp_path, session=SESSION, copies=0.02) as stage:
        await stage.start_all()
        async with verified(result, stage):
            load = asyncio.create_task(stage.load(profile.kill_events, profile.kill_rate))
            every = profile.kill_events / profile.kill_rate / profile.kills
            await asyncio.gather(*(
                kill_again_and_again(stage, s, profile.kills, every, result) for s in internal_names()))
            await load
        assert result.duplicates <= result.injected * stage.settings.batch
