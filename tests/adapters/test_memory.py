"""The ports in memory keep every promise of the ports."""
from collections.abc import AsyncIterator

import pytest

from chassis.memory import MemoryBus, MemoryStore
from chassis.ports import Bus, Store
from tests.adapters.bus_suite import BusSuite
from tests.adapters.store_suite import StoreSuite


class TestMemoryStore(StoreSuite):
    @pytest.fixture
    async def store(self) -> AsyncIterator[Store]:
        yield MemoryStore()


class TestMemoryBus(BusSuite):
    @pytest.fixture
    async def bus(self) -> AsyncIterator[Bus]:
        yield MemoryBus()
