"""The log keeps everything, unless a bound is set; then what every reader has read and is older than it goes."""
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from chassis.adapters.memory import MemoryBus
from chassis.adapters.sqlite import SqliteBus
from chassis.aggregates.documents import millis
from chassis.ports import Outgoing, TopicPartition
from chassis.runtime.retention import Retention
from chassis.support.clock import utc_now
from chassis.support.retention_bounds import parse_bounds
from chassis.support.settings import Settings
from contracts.topics import TOPICS
from tests.adapters.waiting import gather_records

TOPIC = "crm.engagements.v1"
PLACE = TopicPartition(TOPIC, 0)
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


async def ten_days(bus: MemoryBus) -> MemoryBus:
    """Ten records a day for ten days, the last of them today."""
    await bus.ensure_topics({TOPIC: 1})
    for day in range(9, -1, -1):
        bus.now_ms = lambda at=NOW - timedelta(days=day): millis(at)  # type: ignore[misc]
        await bus.publish([Outgoing(TOPIC, b"k", f"{day}".encode()) for _ in range(10)])
    return bus


async def read_on(bus: Any, group: str, n: int) -> None:
    consumer = bus.consumer(group, [TOPIC])
    await consumer.start()
    records = await gather_records(consumer, n, at_once=n)
    await consumer.commit({PLACE: records[-1].offset + 1})
    await consumer.stop()


def retention(bus: Any, days: int = 7, *readers: str, now: datetime = NOW) -> Retention:
    return Retention(bus, {TOPIC: days}, {TOPIC: readers}, lambda: now)


async def begin(bus: Any) -> int:
    return (await bus.begin_offsets([TOPIC]))[PLACE]


async def test_what_is_older_than_the_bound_goes():
    bus = await ten_days(MemoryBus())
    assert await retention(bus).drop() == 20
    assert await begin(bus) == 20 and await retention(bus).drop() == 0


async def test_what_a_service_has_not_read_stays_whether_or_not_it_has_begun():
    bus = await ten_days(MemoryBus())
    assert await retention(bus, 7, "triptych.kpi").drop() == 0
    await read_on(bus, "triptych.kpi", 5)
    assert await retention(bus, 7, "triptych.kpi").drop() == 5
    await read_on(bus, "triptych.kpi", 95)
    assert await retention(bus, 7, "triptych.kpi").drop() == 15


async def test_what_another_group_has_not_read_stays_until_the_group_is_removed():
    bus = await ten_days(MemoryBus())
    await read_on(bus, "somebody", 3)
    assert await retention(bus).drop() == 3
    await bus.remove_group("somebody")
    assert await retention(bus).drop() == 17


async def test_a_group_that_reads_other_topics_only_holds_nothing_back():
    bus = await ten_days(MemoryBus())
    await bus.ensure_topics({"other": 1})
    bus.consumer("elsewhere", ["other"])
    assert await retention(bus).drop() == 20


async def test_the_embedded_file_gives_up_whole_batches(tmp_path: Path):
    bus = SqliteBus(tmp_path / "log.db")
    await bus.start()
    await bus.ensure_topics({TOPIC: 1})
    for n in range(4):
        await bus.publish([Outgoing(TOPIC, b"k", f"{n}".encode()) for _ in range(10)])
    await read_on(bus, "g", 25)
    later = utc_now() + timedelta(days=30)
    assert await retention(bus, 7, "g", now=later).drop() == 20
    assert [r.offset for r in await bus.read(PLACE, 0, 100)] == list(range(20, 40))
    await read_on(bus, "g", 15)
    assert await retention(bus, 7, "g", now=later).drop() == 20 and await bus.read(PLACE, 0, 100) == []
    await bus.publish([Outgoing(TOPIC, b"k", b"new")])
    await read_on(bus, "new", 1)
    await bus.stop()


def test_without_a_setting_nothing_is_bounded():
    assert parse_bounds(Settings().keep_days) == {}


def test_a_bound_is_for_all_topics_or_for_those_named():
    assert parse_bounds("90") == dict.fromkeys(TOPICS, 90)
    assert parse_bounds(f"{TOPIC}=30") == {TOPIC: 30}
    expected = dict.fromkeys(TOPICS, 365) | {TOPIC: 30}
    assert parse_bounds(f"365, {TOPIC}=30") == expected == parse_bounds(f"{TOPIC}=30,365")


@pytest.mark.parametrize("said", ["6", "no", "crm.nothing.v1=30", f"{TOPIC}=", "-1", "30d"])
def test_what_means_nothing_or_is_shorter_than_an_outage_is_refused_at_the_start(said: str):
    with pytest.raises(ValidationError):
        Settings(keep_days=said)
