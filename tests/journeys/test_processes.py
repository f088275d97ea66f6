"""A service in two processes: each takes half of its partitions, and one of them may be killed."""
import asyncio
import os
import signal
from pathlib import Path

import psutil
import pytest

from chassis.runtime.host import open_bus
from tests.journeys.system import SERVICES, System

pytestmark = [pytest.mark.journey, pytest.mark.slow]
DEALS = 40


def opening(n: int) -> dict[str, object]:
    return {
        "specversion": "1.0", "type": "crm.opportunity.opening_requested.v1", "id": f"o{n}", "source": "/crm",
        "time": f"2026-09-01T10:00:{n % 60:02}Z",
        "data": {"opportunity_id": f"deal-{n}", "business_line": "hardware"}}


async def members(system: System, group: str) -> int:
    bus = open_bus(system.settings())
    await bus.start()
    try:
        return (await bus.groups()).get(group, 0)
    finally:
        await bus.stop()


def test_two_processes_share_a_service_and_one_goes_on_without_the_other(tmp_path: Path) -> None:
    with System(tmp_path, "--processes", "pipeline=2") as system:
        system.until(lambda: asyncio.run(members(system, "triptych.pipeline")) == 2, "both are members")
        system.publish([opening(n) for n in range(DEALS)])
        system.settle()
        assert len(system.get("/v1/opportunities", limit=DEALS + 1)["items"]) == DEALS
        assert system.process is not None
        children = psutil.Process(system.process.pid).children()
        assert len(children) == len(SERVICES) + 1
        further = int(system.env["TRIPTYCH_FIRST_PORT"]) + 1000 + len(SERVICES)
        (second,) = [child for child in children
                     if any(c.laddr.port == further for c in child.net_connections("tcp"))]
        os.kill(second.pid, signal.SIGKILL)
        system.publish([opening(n) for n in range(DEALS, 2 * DEALS)])
        system.settle()
        assert len(system.get("/v1/opportunities", limit=2 * DEALS + 1)["items"]) == 2 * DEALS


@pytest.mark.parametrize("said", ["pipeline", "pipeline=0", "pipeline=9", "gateway=2", "nobody=2"])
def test_what_names_no_service_or_no_number_is_refused(tmp_path: Path, said: str) -> None:
    done = System(tmp_path).run("up", "--processes", said)
    assert done.returncode != 0 and repr(said) in done.stderr + done.stdout
