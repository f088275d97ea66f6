"""The projector on the stores that are at hand, and however a log is cut into batches."""
import asyncio
import random
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.adapters.memory import MemoryStore
from chassis.adapters.sqlite import SqliteStore
from chassis.ports import Store, TopicPartition
from chassis.projections import CellReader
from tests.chassis.projecting import PLACE, Clicked, Letter, Moved, letter, projector
from tests.support.effort import examples

MEASURES = ("amount", "cycle", "customers", "clicks")
Figures = list[Any]


async def figures(store: Store) -> Figures:
    cells = CellReader(store, "kpi")
    dated = [
        (measure, grain, c.day, dict(c.dims), c.n, c.sum, dict(c.hist))
        for measure in MEASURES for grain in ("day", "month") for c in await cells.read(measure, None, None, grain)
        if c.n or c.sum or c.hist]
    undated = [(m, dict(c.dims), c.n, c.sum, dict(c.hist)) for m in MEASURES for c in await cells.undated(m) if c.n]
    members = [(m.day, m.member, m.n) for m in await cells.members("customers", None, None)]
    facts = [(f.id, f.image) for f in (await cells.facts("deal", {}, limit=500)).items]
    return [dated, undated, members, facts]


def some_log(seed: int, n: int, place: TopicPartition = PLACE) -> list[Letter]:
    """Deals that move about, some events twice."""
    chance = random.Random(f"{seed}{place}")
    made: list[Letter] = []
    for offset in range(n):
        if made and chance.random() < 0.1:
            again = chance.choice(made)
            made.append(letter(offset, again.meta.id, again.event, place))
            continue
        day = chance.choice([None, date(2026, 1, 1) + timedelta(days=chance.randrange(90))])
        event: Any = Moved(
            f"{place.partition}-{chance.randrange(20)}", day, chance.choice(["West", "East", None]),
            chance.randrange(500), chance.choice([None, "c1", "c2"]))
        made.append(letter(offset, f"e{offset}", Clicked("x") if chance.random() < 0.1 else event, place))
    return made


async def count(store: Store, log: Sequence[Letter], sizes: Sequence[int], place: TopicPartition = PLACE) -> None:
    """In batches of these sizes in turn; a size of 0 stands for a new owner."""
    made, at, turn = await projector(store, prune_every=3, keep=2, cache=8), 0, 0
    await made.recover(place)
    while at < len(log):
        size = sizes[turn % len(sizes)]
        turn += 1
        if size == 0:
            made = await projector(store, prune_every=3, keep=2, cache=8)
            at = await made.recover(place) or 0
            continue
        upto = min(len(log), at + size)
        await made.run(place, log[at:upto], at, upto)
        at = upto
    assert await made.audit() == []


@settings(max_examples=examples(40), deadline=None)
@given(seed=st.integers(0, 1000), sizes=st.lists(st.integers(0, 40), min_size=1, max_size=6))
async def test_the_figures_do_not_depend_on_how_the_log_is_cut(seed: int, sizes: list[int]) -> None:
    log, whole, cut = some_log(seed, 60), MemoryStore(), MemoryStore()
    await count(whole, log, [60])
    await count(cut, log, [*sizes, 1])
    assert await figures(cut) == await figures(whole)


async def test_the_embedded_store_gives_the_figures_of_memory(tmp_path: Path) -> None:
    log, memory = some_log(7, 400), MemoryStore()
    await count(memory, log, [400])
    store = SqliteStore(tmp_path / "figures.db")
    await store.start()
    await count(store, log, [50, 1, 0, 130])
    await store.stop()
    again = SqliteStore(tmp_path / "figures.db")
    await again.start()
    made = await projector(again)
    assert await made.recover(PLACE) == 400
    assert await figures(again) == await figures(memory)
    assert await made.audit() == []
    await again.stop()


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_partitions_may_be_counted_at_the_same_time(kind: str, tmp_path: Path) -> None:
    store: Store = MemoryStore() if kind == "memory" else SqliteStore(tmp_path / "figures.db")
    await store.start()
    places = [TopicPartition("deals", n) for n in range(4)]
    logs = {place: some_log(1, 60, place) for place in places}
    made = await projector(store)

    async def one(place: TopicPartition) -> None:
        await made.recover(place)
        for lo in range(0, 60, 20):
            await made.run(place, logs[place][lo:lo + 20], lo, lo + 20)

    await asyncio.gather(*map(one, places))
    apart = MemoryStore()
    for place in places:
        await count(apart, logs[place], [60], place)
    assert await figures(store) == await figures(apart)
    assert await made.audit() == []
    await store.stop()
