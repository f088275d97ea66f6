"""How long it takes until what lay in the log at some moment has been taken in."""
import asyncio
import time
from collections.abc import Mapping

from chassis.ports import BusUnavailable, TopicPartition
from chassis.service.discovery import find_service
from tests.faults.system_under_test import SystemUnderTest

Ends = Mapping[TopicPartition, int]


async def ends_now(stage: SystemUnderTest, service: str) -> Ends:
    return await stage.bus.end_offsets(find_service(service).topics)


async def recovered(stage: SystemUnderTest, service: str, ends: Ends, since: float, within: float = 600.0) -> float:
    """Seconds from `since` until the group has committed all of `ends`."""
    topics = find_service(service).topics
    while True:
        try:
            committed = await stage.bus.committed(f"triptych.{service}", topics)
            if all(committed.get(place, 0) >= end for place, end in ends.items()):
                return time.monotonic() - since
        except BusUnavailable:
            pass
        assert time.monotonic() - since < within, f"{service} has not recovered within {within} s"
        await asyncio.sleep(0.3 if stage.kafka else 0.05)  # to ask a Kafka takes it as long as others' work
