"""Consumer groups are listed with their lag; only retired groups without members are removed."""
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
from tools.audit import NoSystemFound
from tools.consumer_groups import InUse, app

TOPIC = "crm.orders.v1"
Groups = Callable[..., str]


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Groups:
    monkeypatch.setattr(chassis.support.settings, "settings", lambda: Settings(data_dir=tmp_path))

    def run(*words: str) -> str:
        result = CliRunner().invoke(app, words, env={"COLUMNS": "200"}, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    return run


async def populated_log(directory: Path) -> None:
    """Ten orders: a service and a retired group have committed some of them, a third group has a member."""
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
    busy._task.cancel()  # type: ignore[union-attr]  # it stops without leaving the group
    await bus.database.stop()


def test_groups_are_listed_with_their_lag_and_retired_ones_are_removed(groups: Groups, tmp_path: Path) -> None:
    asyncio.run(populated_log(tmp_path))
    lines = {line.split("│")[1].strip(): line for line in groups("list").splitlines() if "│" in line}
    assert lines.keys() >= {"triptych.kpi", "retired", "busy"}
    assert "no service of this release" in lines["retired"] and " 6 " in lines["retired"]
    assert "no service" not in lines["triptych.kpi"] and " 1 " in lines["busy"]
    with pytest.raises(InUse, match="belongs to a service"):
        groups("remove", "triptych.kpi")
    with pytest.raises(InUse, match="has members"):
        groups("remove", "busy")
    with pytest.raises(InUse, match="Group 'unknown' does not exist"):
        groups("remove", "unknown")
    assert "Group retired is removed" in groups("remove", "retired")
    assert "Group triptych.kpi is removed" in groups("remove", "triptych.kpi", "--force")
    left = groups("list")
    assert "retired" not in left and "triptych.kpi" not in left


def test_listing_groups_does_not_create_a_data_directory(groups: Groups, tmp_path: Path) -> None:
    with pytest.raises(NoSystemFound):
        groups("list")
    assert list(tmp_path.iterdir()) == []
