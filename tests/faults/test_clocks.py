"""F9: clocks that are five minutes wrong, or jump; days on which they change."""
import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from chassis.service.discovery import internal_names
from tests.faults.conftest import Verified
from tests.faults.event_families import SourceEvent
from tests.faults.profiles import Profile, chosen
from tests.faults.report import Result
from tests.faults.system_under_test import SystemUnderTest

pytestmark = pytest.mark.slow
SKEWS = {"300@4": 300.0, "-300": -300.0, "300": 300.0, "-300@4": -300.0}
TRIED = list(SKEWS)[: 2 if chosen().name == "ci" else 4]
HOUR = timedelta(hours=1)


def watched(stage: SystemUnderTest, number: int, due_in: timedelta) -> tuple[SourceEvent, SourceEvent]:
    """A deal whose deadline lies that far from the true now, and the report that it was left a minute before that."""
    id, at = f"t{number}", stage.ledger.start + due_in - 48 * HOUR
    opened = {"opportunity_id": id, "business_line": "services", "amount": {"amount_minor": 100, "currency": "EUR"},
              "region": "West", "rep_id": "rep-1"}
    left = {"opportunity_id": id, "stage": "scoping"}
    return (
        SourceEvent("crm.opportunity.opening_requested.v1", id, f"{id}-1", "erp", at, opened),
        SourceEvent(
            "crm.opportunity.stage_reported.v1", id, f"{id}-2", "erp", at + 48 * HOUR - timedelta(minutes=1), left))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("skew", TRIED)
async def test_deadlines_fire_once_and_what_was_told_too_early_is_taken_back(
    tmp_path: Path, profile: Profile, verified: Verified, skew: str,
) -> None:
    """Four minutes from now is past for a clock that is five minutes ahead. Facts lie around the night in which the
    clocks change, too: that of the zone's last change is in the load."""
    result = Result("F9", f"clock of every service wrong by {skew} s", injected=len(internal_names()))
    async with SystemUnderTest(tmp_path) as stage:
        await stage.start_all(clock_skew=skew)
        stage.ahead = SKEWS[skew]
        async with verified(result, stage):
            deals = [watched(stage, n, timedelta(minutes=4 if n % 2 else -9)) for n in range(40)]
            for opened, _ in deals:
                await stage.publish_event(opened)
            await stage.load(profile.clock_events // len(TRIED), 300)
            await asyncio.sleep(5.0 if "@" in skew else 1.5)
            for n, (_, left) in enumerate(deals):
                if n % 4 < 2:
                    await stage.publish_event(left)
