"""The embedded store and the memory store return equal results for any writes and queries."""
import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.adapters.memory import MemoryStore
from chassis.adapters.sqlite import SqliteStore
from chassis.ports import AnyOf, Between, Collection, Contains, Document, Page, Store
from tests.support.effort import examples

FIELDS: dict[str, type] = {"s": str, "n": int, "x": float, "b": bool}
INDEXES = (("s", "n"), ("b",))
_numbers = itertools.count()

texts = st.text("abAB é单", max_size=3)
numbers = st.integers(-3, 3)
floats = st.sampled_from([-1.5, 0.0, 0.5, 2.0])
scalars: dict[str, Any] = {"s": texts, "n": numbers, "x": floats, "b": st.booleans()}


def conditions(name: str) -> Any:
    scalar = st.none() | scalars[name]
    kinds = [scalar, st.builds(AnyOf, st.lists(scalar, max_size=3).map(tuple))]
    if name != "b":
        kinds.append(st.builds(Between, scalar, scalar))
    if name == "s":
        kinds.append(st.builds(Contains, texts))
    return st.one_of(kinds)


ids = st.sampled_from([f"d{n}" for n in range(8)])
indexes = st.fixed_dictionaries({}, optional={name: st.none() | values for name, values in scalars.items()})
documents = st.builds(Document, ids, st.integers(0, 3), st.binary(max_size=3), indexes)
batches = st.lists(documents, max_size=8, unique_by=lambda document: document.id)
steps = st.lists(st.tuples(st.sampled_from(["save", "save_newer"]), batches), max_size=4)
where = st.fixed_dictionaries({}, optional={name: conditions(name) for name in scalars})
orders = st.sampled_from([None, *scalars])
grouping = st.lists(st.sampled_from(list(scalars)), max_size=2, unique=True)


@pytest.fixture(scope="module")
async def embedded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Store]:
    path: Path = tmp_path_factory.mktemp("agreement") / "triptych.db"
    store = SqliteStore(path)
    await store.start()
    yield store
    await store.stop()


async def pages(store: Store, name: str, **query: Any) -> list[Page]:
    found = [await store.find(name, limit=2, **query)]
    while found[-1].next is not None:
        found.append(await store.find(name, limit=2, after=found[-1].next, **query))
    return found


@settings(max_examples=examples(50), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps, where, orders, st.booleans(), grouping)
async def test_both_stores_return_equal_results(
    embedded: Store, steps: Any, where: Any, order: str | None, descending: bool, by: list[str]
) -> None:
    name = f"tests.a{next(_numbers)}"
    memory = MemoryStore()
    both: list[Store] = [memory, embedded]
    for store in both:
        await store.ensure([Collection(name, FIELDS, INDEXES)])
    for kind, batch in steps:
        calls = [store.save(name, batch) if kind == "save" else store.save_newer(name, batch) for store in both]
        from_memory, from_embedded = await asyncio.gather(*calls)
        assert from_memory == from_embedded
    all_ids = [f"d{n}" for n in range(8)]
    assert await memory.load(name, all_ids) == await embedded.load(name, all_ids)
    query = {"where": where, "order": order, "descending": descending}
    assert await pages(memory, name, **query) == await pages(embedded, name, **query)
    assert await memory.count(name, where, by=by, sums=["n"]) == await embedded.count(name, where, by=by, sums=["n"])
