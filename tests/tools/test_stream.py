"""`triptych stream bump-epoch`: asks for confirmation and requires that no consumer of the topic runs."""
import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

import chassis.support.settings
from chassis.adapters.sqlite import SqliteBus
from chassis.runtime.topic_epochs import TopicInUse
from chassis.support.settings import Settings
from tests.faults.processes import DEFINITIONS
from tests.tools.test_groups import populated_log
from tools.audit import NoSystemFound
from tools.stream import UnknownTopic, app

TOPIC = "crm.orders.v1"


def run(*words: str, confirmation: str = "") -> str:
    result = CliRunner().invoke(app, words, input=confirmation, env={"COLUMNS": "200"}, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        chassis.support.settings, "settings", lambda: Settings(data_dir=tmp_path, definitions=DEFINITIONS))


def committed(directory: Path) -> int:
    async def load() -> int:
        bus = SqliteBus(directory / "triptych.db")
        await bus.start()
        found = await bus.committed("triptych.kpi", [TOPIC])
        await bus.stop()
        return sum(found.values())

    return asyncio.run(load())


def test_its_consumers_restart_at_the_beginning_of_the_topic(tmp_path: Path) -> None:
    asyncio.run(populated_log(tmp_path))
    assert committed(tmp_path) == 10
    output = run("bump-epoch", TOPIC, confirmation="y\n")
    assert f"Unread records of {TOPIC} are skipped. Continue?" in output
    assert f"kpi reads {TOPIC} from the beginning" in output and f"segmentation reads {TOPIC}" in output
    assert "pipeline" not in output and committed(tmp_path) == 0


def test_without_confirmation_nothing_changes(tmp_path: Path) -> None:
    asyncio.run(populated_log(tmp_path))
    result = CliRunner().invoke(app, ["bump-epoch", TOPIC], input="n\n")
    assert result.exit_code != 0 and committed(tmp_path) == 10


def test_while_a_service_consumes_the_topic_nothing_changes(tmp_path: Path) -> None:
    async def busy() -> None:
        bus = SqliteBus(tmp_path / "triptych.db")
        await bus.start()
        member = bus.consumer("triptych.segmentation", [TOPIC])
        await member.start()
        member._task.cancel()  # type: ignore[union-attr]  # it stops without leaving the group
        await bus.database.stop()

    asyncio.run(populated_log(tmp_path))
    asyncio.run(busy())
    with pytest.raises(TopicInUse, match="segmentation consume the topics; stop all services first"):
        run("bump-epoch", TOPIC, "--yes")
    assert committed(tmp_path) == 10


def test_an_unknown_topic_and_a_missing_system_are_reported() -> None:
    with pytest.raises(UnknownTopic, match=r"No service consumes crm\.nothing\.v1"):
        run("bump-epoch", "crm.nothing.v1", "--yes")
    with pytest.raises(NoSystemFound):
        run("bump-epoch", TOPIC, "--yes")
