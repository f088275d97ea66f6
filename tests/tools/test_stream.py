"""A new epoch of a topic is begun by a command, which asks first, and only while nobody reads."""
import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

import chassis.support.settings
from chassis.adapters.sqlite import SqliteBus
from chassis.runtime.topic_epochs import TopicInUse
from chassis.support.settings import Settings
from tests.faults.processes import DEFINITIONS
from tests.tools.test_groups import lived
from tools.audit import NothingThere
from tools.stream import UnknownTopic, app

TOPIC = "crm.orders.v1"


def run(*words: str, answer: str = "") -> str:
    done = CliRunner().invoke(app, words, input=answer, env={"COLUMNS": "200"}, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        chassis.support.settings, "settings", lambda: Settings(data_dir=tmp_path, definitions=DEFINITIONS))


def committed(directory: Path) -> int:
    async def asked() -> int:
        bus = SqliteBus(directory / "triptych.db")
        await bus.start()
        found = await bus.committed("triptych.kpi", [TOPIC])
        await bus.stop()
        return sum(found.values())

    return asyncio.run(asked())


def test_its_readers_are_sent_back_to_the_beginning_of_this_topic(tmp_path: Path) -> None:
    asyncio.run(lived(tmp_path))
    assert committed(tmp_path) == 10
    said = run("bump-epoch", TOPIC, answer="y\n")
    assert "is given up. Go on?" in said
    assert f"kpi reads {TOPIC} from the beginning" in said and f"segmentation reads {TOPIC}" in said
    assert "pipeline" not in said and committed(tmp_path) == 0


def test_it_is_not_done_unasked(tmp_path: Path) -> None:
    asyncio.run(lived(tmp_path))
    done = CliRunner().invoke(app, ["bump-epoch", TOPIC], input="n\n")
    assert done.exit_code != 0 and committed(tmp_path) == 10


def test_while_a_service_reads_nothing_is_changed(tmp_path: Path) -> None:
    async def busy() -> None:
        bus = SqliteBus(tmp_path / "triptych.db")
        await bus.start()
        member = bus.consumer("triptych.segmentation", [TOPIC])
        await member.start()
        member._task.cancel()  # type: ignore[union-attr]  # it dies without leaving
        await bus.database.stop()

    asyncio.run(lived(tmp_path))
    asyncio.run(busy())
    with pytest.raises(TopicInUse, match="segmentation read the log: stop all services first"):
        run("bump-epoch", TOPIC, "--yes")
    assert committed(tmp_path) == 10


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(UnknownTopic, match=r"No service hears crm\.nothing\.v1"):
        run("bump-epoch", "crm.nothing.v1", "--yes")
    with pytest.raises(NothingThere):
        run("bump-epoch", TOPIC, "--yes")
