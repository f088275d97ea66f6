"""F2 on a MongoDB-compatible store: killed before and after its writes."""
import asyncio
from pathlib import Path

import pytest

from chassis.service.discovery import internal_names
from chassis.support.failpoints import POINTS
from tests.adapters.real import mongo
from tests.faults.conftest import Verified
from tests.faults.profiles import Profile
from tests.faults.report import Result
from tests.faults.system_under_test import SystemUnderTest
from tests.faults.test_failpoints import Campaign, keep_loading

__all__ = ("mongo",)
pytestmark = [pytest.mark.real, pytest.mark.slow]


def points_of(hits: int) -> list[tuple[str, int]]:
    """Of each service: all services together come to as many as are asked for."""
    each = -(-hits // len(internal_names()))
    return [(p, 10 * (n + 1)) for n in range(each) for p in POINTS if p.startswith("mongo.")]


@pytest.mark.timeout(1200)
async def test_services_killed_around_a_write_to_a_document_server_stay_exact(
    tmp_path: Path, mongo: str, profile: Profile, verified: Verified,
) -> None:
    result = Result("F2", "kill before and after every write to the store", "MongoDB-compatible store, embedded log")
    async with SystemUnderTest(tmp_path, mongo=mongo, database="faults", copies=0.02) as stage:
        campaigns = [Campaign(stage, s, points_of(profile.hits)) for s in internal_names()]
        done = asyncio.Event()
        async with verified(result, stage):
            loading = asyncio.create_task(keep_loading(stage, done))
            await asyncio.gather(*(c.run() for c in campaigns))
            done.set()
            await loading
            for campaign in campaigns:
                campaign.tell(result)
    assert {p for p in POINTS if p.startswith("mongo.")} == result.hits.keys()
    assert min(result.hits.values()) >= profile.hits, result.hits
