"""F2: each service is killed before and after every write, publish and commit there is."""
import asyncio
import contextlib
import signal
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from chassis.ports import BusUnavailable, Record
from chassis.service.discovery import internal_names
from chassis.support.failpoints import POINTS
from tests.faults.conftest import Verified
from tests.faults.outputs import read_topic
from tests.faults.processes import first_of
from tests.faults.profiles import Profile
from tests.faults.report import Result
from tests.faults.system_under_test import SystemUnderTest

pytestmark = pytest.mark.slow
REACHED_WITHIN = 120.0
AT_ONCE = ("start.", "definitions.", "worker.assigned.", "worker.revoked", "timers.sweep.", "letters.replay.",
           "letters.discard.")
"""Reached once in a life, or seldom: there the first hit of each life is the one."""

# Which service dies at which point; every service has its own queue, so five die at a time.
WHERE = {
    "lead_scoring": ("runner.", "say."),
    "pipeline": ("timers.fire.", "ask."),
    "segmentation": ("letters.", "progress.", "definitions."),
    "surveys": ("worker.", "sqlite.", "start."),
    # a kill before it is cleared leaves what is swept later: only targets are left alone for long enough
    "kpi": ("projector.", "runner.clear.", "timers.sweep."),
}
AT_FIRST = ("places.save.before", "places.save.after")  # reached when a service meets its log for the first time
ELSEWHERE = ("kafka.", "mongo.", "places.")


@dataclass
class Campaign:
    """The points at which one service is to be killed, each so many times."""

    stage: SystemUnderTest
    service: str
    points: list[tuple[str, int]]
    reached: dict[str, int] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)

    async def run(self) -> None:
        for point, hit in self.points:
            armed = f"{point}:{1 if point.startswith(AT_ONCE) else hit}"
            member = await self.stage.fleet.start(self.service, wait=False, failpoint=armed)
            await first_of(member.ready, member.gone)
            if point == "worker.revoked":
                await asyncio.sleep(2.0)  # until it has something that can be taken from it
                member.signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(member.gone.wait(), REACHED_WITHIN)
            if member.ended == -signal.SIGKILL:
                self.reached[point] = self.reached.get(point, 0) + 1
            else:
                self.missed.append(armed)
                if member.alive:
                    await self.stage.fleet.end(member, signal.SIGKILL)
        await self.stage.fleet.start(self.service)

    def tell(self, result: Result) -> None:
        """A failpoint that was never reached is one too few, whatever else went well."""
        for point, times in self.reached.items():
            result.hits[point] = result.hits.get(point, 0) + times
            result.injected += times
        assert not self.missed, f"{self.service} has not come to {self.missed}"


def points_of(service: str, hits: int) -> list[tuple[str, int]]:
    """So many times each: when a life comes to it for the first, the second, the third time, and again."""
    return [(p, 1 + n % 3) for n in range(hits) for p in POINTS if p.startswith(WHERE[service])]


async def work(stage: SystemUnderTest, what: str, done: asyncio.Event) -> None:
    """Requests go on until everything has been reached."""
    while not done.is_set():
        await getattr(stage.requests, what)()
        await asyncio.sleep(0.3)


async def give_back(stage: SystemUnderTest, done: asyncio.Event) -> None:
    """An operator who gives back or closes one dead letter of segmentation after another."""
    seen: set[str] = set()
    while not done.is_set():
        letters: list[Record] = []
        with contextlib.suppress(BusUnavailable):  # the topic is made when the service first starts
            letters = await read_topic(stage, "crm.orders.v1.segmentation.dlq")
        fresh = [id for r in letters if (id := dict(r.headers)["dlq.id"].decode()) not in seen
                 and dict(r.headers)["dlq.replays"] == b"0"]
        for id in fresh[:1]:
            seen.add(id)
            discard = len(seen) % 2
            await stage.requests.letter("segmentation", id, "discard" if discard else "replay",
                                     {"reason": "planted"} if discard else None)
        await asyncio.sleep(0.3)


async def keep_loading(stage: SystemUnderTest, done: asyncio.Event, rate: float = 60.0) -> None:
    while not done.is_set():
        await stage.load(30, rate, batch=10)


def test_every_failpoint_is_reached_somewhere() -> None:
    for point in POINTS:
        homes = [s for s, prefixes in WHERE.items() if point.startswith(prefixes)]
        assert homes or point.startswith(ELSEWHERE), f"nobody is killed at {point}"


@pytest.mark.timeout(3600)
async def test_a_service_killed_at_any_failpoint_goes_on_exactly_where_it_was(
    tmp_path: Path, profile: Profile, verified: Verified,
) -> None:
    result = Result("F2", f"kill at each failpoint, {profile.hits} times", )
    small = {"TRIPTYCH_BATCH": "50"}  # many batches, so that journals grow long enough to be shortened
    async with SystemUnderTest(tmp_path, session=1.0, copies=0.02, hostile=0.05, env=small) as stage:
        campaigns = [Campaign(stage, s, points_of(s, profile.hits)) for s in WHERE]
        done = asyncio.Event()
        async with verified(result, stage):
            async with asyncio.TaskGroup() as group:
                group.create_task(keep_loading(stage, done))
                group.create_task(give_back(stage, done))
                for what in ("set_target", "move_deal", "capture_lead"):
                    group.create_task(work(stage, what, done))
                await asyncio.gather(*(c.run() for c in campaigns))
                done.set()
            for campaign in campaigns:
                campaign.tell(result)
            result.notes.append(f"{len(result.hits)} failpoints, each reached at least {min(result.hits.values())} "
                                f"times; {stage.requests.repeated} requests had to be repeated")
    assert {p for p in POINTS if not p.startswith(ELSEWHERE)} == result.hits.keys()
    assert min(result.hits.values()) >= profile.hits, result.hits


@pytest.mark.timeout(600)
async def test_a_service_killed_while_it_meets_its_log_for_the_first_time_begins_again(
    tmp_path: Path, profile: Profile, verified: Verified,
) -> None:
    """Once in the life of a system: so as many systems as it takes."""
    result = Result("F2", "kill when a service first meets its log")
    for number in range(-(-profile.hits // len(internal_names()))):
        async with SystemUnderTest(tmp_path / str(number), session=1.0) as stage:
            campaigns = [Campaign(stage, s, [(point, 1) for point in AT_FIRST]) for s in internal_names()]
            async with verified(result, stage):
                await asyncio.gather(*(c.run() for c in campaigns))
                await stage.load(100)
                for campaign in campaigns:
                    campaign.tell(result)
    assert min(result.hits[point] for point in AT_FIRST) >= profile.hits, result.hits
