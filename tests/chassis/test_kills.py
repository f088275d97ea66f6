"""kill -9 of real processes on the embedded adapters, under load: every figure exact to the unit."""
import asyncio
import contextlib
import os
import random
import signal
import sys
from pathlib import Path

import pytest

from chassis.adapters.sqlite import Database, SqliteBus, SqliteStore
from tests.chassis.harness import LEADS, Harness, captured
from tests.chassis.test_application import until

ROOT = Path(__file__).resolve().parents[2]
KILLS, EVENTS, KEYS = 5, 1500, 40


@contextlib.asynccontextmanager
async def process(path: Path):
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    made = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.chassis.killed_process", str(path), cwd=ROOT, env=env,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL)
    try:
        yield made
    finally:
        with contextlib.suppress(ProcessLookupError):
            made.kill()
        await made.wait()


@pytest.mark.slow
async def test_killed_processes_lose_nothing_and_count_nothing_twice(tmp_path):
    chance = random.Random(7)
    path = tmp_path / "harness.db"
    database = Database(path)
    store, bus = SqliteStore(database), SqliteBus(database)
    await store.start()
    await bus.start()
    harness = await Harness(store, bus).start()
    expected = dict.fromkeys((f"k{n}" for n in range(KEYS)), 0)

    async def load() -> None:
        for start in range(0, EVENTS, 50):
            events = [captured(chance.choice(list(expected)), chance.randint(1, 9)) for _ in range(50)]
            for event in events:
                expected[event.lead_id] += event.attributes["n"]
            await harness.put(*events, ids=[f"e{start + n}" for n in range(50)])
            await asyncio.sleep(0.05)

    async def kill() -> None:
        for _ in range(KILLS):
            async with process(path) as victim:
                await victim.stdout.readline()
                await asyncio.sleep(chance.uniform(0.05, 0.6))
                victim.send_signal(signal.SIGKILL)

    await asyncio.gather(load(), kill())

    async def done() -> bool:
        committed = await bus.committed("triptych.lead_scoring", [LEADS])
        return all(committed.get(p, 0) == end for p, end in (await bus.end_offsets([LEADS])).items())

    async with process(path) as survivor:
        assert await survivor.stdout.readline() == b"ready\n"
        await until(done)
        survivor.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(survivor.wait(), 30) == 0
    assert {key: (await harness.state(key)).total for key in expected} == expected
    heard: dict[str, int] = {}
    content: dict[str, object] = {}
    for message in await harness.said():
        assert content.setdefault(message.meta.id, message.event) == message.event
        assert message.meta.sequence is not None and message.meta.sequence <= heard.get(message.key, 0) + 1
        heard[message.key] = max(heard.get(message.key, 0), message.meta.sequence)
    assert sum(heard.values()) == EVENTS == len(content)
    await bus.stop()
    await store.stop()
