"""Groups are listed with what they have not read; only those that nobody needs are forgotten."""
import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

import chassis.support.settings
from chassis.adapters.sqlite import SqliteBus
from chassis.ports import Outgoing
from chassis.runtime.host import consumer_groups_by_topic
from chassis.support.settings import Settings
from tests.adapters.waiting import gather_records
from tools.audit import NothingThere
from tools.consumer_groups import InUse, app

TOPIC = "crm.orders.v1"
Groups = Callable[..., str]


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Groups:
    monkeypatch.setattr(chassis.support.settings, "settings", lambda: Settings(data_dir=tmp_path))

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, words, env={"COLUMNS": "200"}, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    return run


async def lived(directory: Path) -> None:
    """Ten orders, of which a service and a retired reader have read some; another reader is still at it."""
    bus = SqliteBus(directory / "triptych.db")
    await bus.start()
    await bus.ensure_topics(dict.fromkeys(consumer_groups_by_topic(), 8))
    await bus.publish([Outgoing(TOPIC, b"k", b"v") for _ in range(10)])
    for group, n in (("triptych.kpi", 10), ("retired", 4)):
        consumer = bus.consumer(group, [TOPIC])
        await consumer.start()
        records = await gather_records(consumer, n, at_once=n)
        await consumer.commit({records[-1].topic_partition: records[-1].offset + 1})
        await consumer.stop()
    busy = bus.consumer("busy", [TOPIC])
    await busy.start()
    busy._task.cancel()  # type: ignore[union-attr]  # it dies without leaving
    await bus.database.stop()


def test_who_reads_and_how_far_and_forgetting_who_is_retired(groups: Groups, tmp_path: Path) -> None:
    asyncio.run(lived(tmp_path))
    lines = {line.split("│")[1].strip(): line for line in groups("list").splitlines() if "│" in line}
    assert lines.keys() >= {"triptych.kpi", "retired", "busy"}
    assert "no service of this release" in lines["retired"] and " 6 " in lines["retired"]
    assert "no service" not in lines["triptych.kpi"] and " 1 " in lines["busy"]
    with pytest.raises(InUse, match="belongs to a service"):
        groups("remove", "triptych.kpi")
    with pytest.raises(InUse, match="has members"):
        groups("remove", "busy")
    with pytest.raises(InUse, match="no group 'nobody'"):
        groups("remove", "nobody")
    assert "Group retired is removed" in groups("remove", "retired")
    assert "Group triptych.kpi is removed" in groups("remove", "triptych.kpi", "--force")
    left = groups("list")
    assert "retired" not in left and "triptych.kpi" not in left


def test_looking_makes_no_system(groups: Groups, tmp_path: Path) -> None:
    with pytest.raises(NothingThere):
        groups("list")
    assert list(tmp_path.iterdir()) == []
