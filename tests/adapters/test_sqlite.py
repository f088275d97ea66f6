"""SQLite adapters: the contract tests of the ports."""
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chassis.adapters.sqlite import SqliteBus, SqliteStore
from chassis.ports import Bus, Store
from tests.adapters.bus_suite import BusSuite
from tests.adapters.store_suite import StoreSuite


class TestSqliteStore(StoreSuite):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[Store]:
        store = SqliteStore(tmp_path / "triptych.db")
        await store.start()
        yield store
        await store.stop()

    @pytest.fixture
    async def second(self, store: Store, tmp_path: Path) -> AsyncIterator[Store]:
        second = SqliteStore(tmp_path / "triptych.db")
        await second.start()
        yield second
        await second.stop()


class TestSqliteBus(BusSuite):
    @pytest.fixture
    async def bus(self, tmp_path: Path) -> AsyncIterator[Bus]:
        bus = SqliteBus(tmp_path / "triptych.db", heartbeat=0.2, session=2.0)
        await bus.start()
        yield bus
        await bus.stop()

    @pytest.fixture
    async def second(self, bus: Bus, tmp_path: Path) -> AsyncIterator[Bus]:
        second = SqliteBus(tmp_path / "triptych.db", heartbeat=0.2, session=2.0)
        await second.start()
        yield second
        await second.stop()
