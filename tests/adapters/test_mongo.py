"""The store on a MongoDB-compatible server keeps every promise of the port, with either driver."""
import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from bson import BSON
from pymongo import MongoClient
from pymongo.write_concern import WriteConcern

from chassis.mongo import DURABLE, Driver, MongoStore, _beyond, _literally
from chassis.ports import Collection, Contains, Document, Store, StoreUnavailable
from tests.adapters.real import DocumentServer, free_ports, scratch
from tests.adapters.store_suite import StoreSuite, doc

pytestmark = pytest.mark.real


@pytest.fixture(scope="session")
def database() -> str:
    return f"tests_{uuid4().hex[:8]}"


class MongoSuite(StoreSuite):
    driver: Driver

    @pytest.fixture
    async def store(self, mongo: str, database: str) -> AsyncIterator[Store]:
        store = MongoStore(mongo, database, self.driver)
        await store.start()
        yield store
        await store.stop()

    @pytest.fixture
    async def second(self, store: Store, mongo: str, database: str) -> AsyncIterator[Store]:
        second = MongoStore(mongo, database, self.driver)
        await second.start()
        yield second
        await second.stop()


class TestMotor(MongoSuite):
    driver = "motor"


class TestPyMongo(MongoSuite):
    driver = "pymongo"
