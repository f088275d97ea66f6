"""F10 to F13: copies, disorder, hostile records; and everything once more from the beginning of the log."""
import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from chassis.ports import TopicPartition
from chassis.service.discovery import find_service, internal_names
from tests.faults.conftest import Verified
from tests.faults.outputs import read_outputs
from tests.faults.profiles import Profile
from tests.faults.report import Result
from tests.faults.system_under_test import SystemUnderTest
from tests.faults.verifier import differences

pytestmark = pytest.mark.slow


async def reset(stage: SystemUnderTest, service: str) -> None:
    """The group begins again at the first record: by a member of our own, while no other one lives."""
    topics: Sequence[str] = find_service(service).topics
    member = stage.bus.consumer(f"triptych.{service}", topics)
    await member.start()
    wanted = {TopicPartition(t, n) for t in topics for n in range(8)}
    while not wanted <= member.assignment():
        await member.poll(1, 0.5)
    begins = await stage.bus.begin_offsets(topics)
    await member.commit(dict(begins))
    await member.stop()


async def counted_anew(stage: SystemUnderTest, result: Result) -> None:
    """`triptych replay kpi`, while the services go on."""
    said = await stage.command("replay", "kpi")
    result.notes.append(" ".join(said.split())[:300])


@pytest.mark.timeout(1800)
async def test_copies_disorder_and_hostile_records_change_no_figure(
    tmp_path: Path, profile: Profile, verified: Verified,
) -> None:
    """A tenth of all events comes again later. Topics overtake each other; orders, visits and answers lie up to thirty
    days back. The dead letters are exactly the records that were planted, and no service has died of one."""
    messy = Result("F10–F12", "copies, disorder, hostile records")
    again = Result("F13", "everything again from offset 0")
    anew = Result("F13", "figures counted anew beside the living ones")
    async with SystemUnderTest(tmp_path, session=2.0, copies=0.1, hostile=profile.hostile) as stage:
        await stage.start_all()
        async with verified(messy, stage):
            await stage.load(profile.messy_events, 3000)
        messy.injected = stage.ledger.copies + stage.ledger.hostile
        assert not stage.fleet.deaths
        await stage.fleet.end_all()
        before = await read_outputs(stage)
        async with verified(again, stage):
            for service in internal_names():
                await reset(stage, service)
            await stage.start_all()
            again.injected = len(internal_names())
        after = await read_outputs(stage)
        rescored = "crm.segmentation.rescoring_requested.v1", "crm.segment.entered.v1", "crm.segment.left.v1"
        assert {t: n for t, n in after.by_type.items() if t not in rescored} == {
            t: n for t, n in before.by_type.items() if t not in rescored}, "a replay said something new"
        async with verified(anew, stage):
            load = asyncio.create_task(stage.load(profile.messy_events // 10, 200))
            await counted_anew(stage, anew)
            await load
            anew.injected = 1
        assert not [m for m in stage.fleet.deaths if m.ended == -signal.SIGKILL]
        await the_verifier_notices_one_cent(stage)


async def the_verifier_notices_one_cent(stage: SystemUnderTest) -> None:
    """Or else nothing here would prove anything."""
    name, paid = next((n, e) for n, e in stage.ledger.said.items() if e.type == "crm.payment.received.v1")
    amount = {**paid.data["amount"], "amount_minor": paid.data["amount"]["amount_minor"] + 1}
    stage.ledger.said[name] = paid._replace(data={**paid.data, "amount": amount})
    found = await differences(stage)
    stage.ledger.said[name] = paid
    assert len(found) == 1 and found[0].startswith("payments_received"), found
