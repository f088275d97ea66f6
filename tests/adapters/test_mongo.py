"""MongoDB adapter of the `Store` port: the contract tests and durability, with both drivers, on a real server."""
import asyncio
import string
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from chassis.adapters.mongo.store import DURABLE, Driver, MongoStore, _beyond
from chassis.ports import Collection, Contains, Document, Store, StoreUnavailable
from dev.kafka_cluster import BrokerUnavailable, free_ports
from tests.adapters.real import DocumentServer, temporary_directory
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

    async def test_writes_require_a_majority_and_the_journal(self, store: MongoStore) -> None:
        assert store._database.write_concern == WriteConcern(w="majority", j=True)
        assert store._database.read_concern == ReadConcern("majority")
        assert store._client.options.retry_writes is False

    async def test_collections_declared_by_another_process_are_known(
        self, store: Store, second: Store, name: str,
    ) -> None:
        await store.save(name, [doc("a", stage="new")])
        assert [d.id for d in (await second.find(name, {"stage": "new"})).documents] == ["a"]
        with pytest.raises(ValueError):
            await second.ensure([Collection(name, {"stage": int})])
        with pytest.raises(ValueError):
            await second.load(f"{name}.never", ["a"])

    async def test_contains_matches_special_characters_literally(self, store: Store, name: str) -> None:
        characters = string.punctuation + " \t\n\x01é单"
        await store.save(name, [doc(f"{n:02}", name=f"a{character}b") for n, character in enumerate(characters)])
        for n, character in enumerate(characters):
            page = await store.find(name, {"name": Contains(f"A{character}B")})
            assert [d.id for d in page.documents] == [f"{n:02}"], character

    async def test_an_unknown_outcome_of_a_save_raises_store_unavailable(
        self, mongo: str, database: str, name: str,
    ) -> None:
        """In a batch with a stale document, another document is saved and at once overwritten by another client."""

        class OvertakenStore(MongoStore):
            async def _lost(self, held: Any, documents: Sequence[Document], token: str) -> set[str]:
                stored = (await other.load(name, ["won"]))["won"]
                assert await other.save(name, [stored]) == frozenset()
                return await super()._lost(held, documents, token)

        other = MongoStore(mongo, database, self.driver)
        store = OvertakenStore(mongo, database, self.driver)
        await other.start()
        await store.start()
        await other.save(name, [doc("won"), doc("stale")])
        await other.save(name, [doc("stale", 1)])
        with pytest.raises(StoreUnavailable, match="won"):
            await store.save(name, [doc("won", 1), doc("stale", 1)])
        await other.stop()
        await store.stop()


class TestMotor(MongoSuite):
    driver = "motor"


class TestPyMongo(MongoSuite):
    driver = "pymongo"


# --- kill -9 ---------------------------------------------------------------------------------------------------------

SEVERAL = Collection("tests.several", {"n": int}, (("n",),))


@pytest.fixture
def own_server() -> Any:
    (port,) = free_ports(1)
    server = DocumentServer(temporary_directory("killed"), port)
    try:
        server.start()
    except BrokerUnavailable as error:
        pytest.skip(str(error))
    yield server
    server.stop()


async def lost_in_a_crash(server: DocumentServer, driver: Driver, durable: WriteConcern, after: float) -> int:
    """Four writers save documents, the server is killed and restarted: the number of lost acknowledged documents."""
    store = MongoStore(server.url, "crash", driver, durable=durable, timeout_ms=3000, proving=True)
    await store.start()
    await store.ensure([SEVERAL])
    acknowledged: list[str] = []

    async def write() -> None:
        while True:
            id = uuid4().hex
            try:
                await store.save(SEVERAL.name, [doc(id, n=1)])
            except StoreUnavailable:
                return
            acknowledged.append(id)

    writers = [asyncio.create_task(write()) for _ in range(4)]
    await asyncio.sleep(after)
    await asyncio.to_thread(server.kill)
    await asyncio.gather(*writers)
    await asyncio.to_thread(server.start)
    found = await store.load(SEVERAL.name, acknowledged)
    await store.stop()
    assert acknowledged
    return len(set(acknowledged) - found.keys())


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_acknowledged_documents_survive_a_killed_server(
    own_server: DocumentServer, driver: Driver
) -> None:
    for after in (0.3, 0.7):
        assert await lost_in_a_crash(own_server, driver, DURABLE, after) == 0


async def test_without_the_journal_a_killed_server_loses_documents(own_server: DocumentServer) -> None:
    """The negative control of the test above: it proves that the kill can lose documents."""
    lost = [await lost_in_a_crash(own_server, "motor", WriteConcern(w=1, j=False), 0.7) for _ in range(2)]
    assert sum(lost) > 0


async def test_an_unreachable_server_raises_store_unavailable_and_a_restarted_one_is_used(
    own_server: DocumentServer,
) -> None:
    store = MongoStore(own_server.url, "gone", "motor", timeout_ms=1000)
    await store.start()
    await store.ensure([SEVERAL])
    own_server.kill()
    for request in (store.save(SEVERAL.name, [doc("a")]), store.load(SEVERAL.name, ["a"]), store.ids(SEVERAL.name)):
        with pytest.raises(StoreUnavailable):
            await request
    await asyncio.to_thread(own_server.start)
    assert await store.save(SEVERAL.name, [doc("a")]) == frozenset()
    await store.stop()


# --- pure ------------------------------------------------------------------------------------------------------------


@given(prefix=st.text(max_size=4), rest=st.text(max_size=4), other=st.text(max_size=6))
def test_the_upper_bound_of_a_prefix_separates_the_texts_that_begin_with_it(
    prefix: str, rest: str, other: str
) -> None:
    bound = _beyond(prefix)
    assert bound is None or prefix + rest < bound
    within = other >= prefix and (bound is None or other < bound)
    assert within == other.startswith(prefix)
