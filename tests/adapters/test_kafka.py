"""The log on a real Kafka keeps every promise of the port, and what is only true of Kafka."""
import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from chassis.kafka import KafkaBus
from chassis.ports import Bus, Outgoing
from tests.adapters.bus_suite import BusSuite, out, values
from tests.adapters.waiting import gather_records, hold, until

pytestmark = pytest.mark.real


async def connected(bootstrap: str) -> AsyncIterator[KafkaBus]:
    bus = KafkaBus(bootstrap, session=6.0)
    await bus.start()
    yield bus
    await bus.stop()


class TestKafkaBus(BusSuite):
    @pytest.fixture
    async def bus(self, kafka: str) -> AsyncIterator[Bus]:
        async for bus in connected(kafka):
            yield bus

    @pytest.fixture
    async def second(self, bus: Bus, kafka: str) -> AsyncIterator[Bus]:
        async for second in connected(kafka):
            yield second
