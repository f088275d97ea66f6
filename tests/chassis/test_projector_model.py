"""The model check of the projector: its own code, under every interleaving within small bounds, and random ones beyond.

`TRIPTYCH_TEST_EFFORT=50` makes the random part a soak.
"""
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.chassis.model_projector.logs import BACK, CLICKS, LEAN, REUSED, VOID, A, B
from tests.chassis.model_projector.search import explore, walk
from tests.chassis.model_projector.world import World
from tests.chassis.projecting import Clicked, Letter, Moved, letters
from tests.support.effort import examples

EXAMPLES = examples(120)


@pytest.mark.parametrize(("log", "faults"), [
    (BACK, {"rebalances": 0, "crashes": 2, "lost": 2}),
    (BACK, {"rebalances": 1, "crashes": 0, "lost": 0}),
    *(pytest.param(log, faults, marks=pytest.mark.slow) for log, faults in [
        (VOID, {"rebalances": 1, "crashes": 1, "lost": 0}),
        (VOID, {"rebalances": 1, "crashes": 0, "lost": 1}),
        (REUSED, {"rebalances": 1, "crashes": 1, "lost": 0}),
        (CLICKS, {"rebalances": 1, "crashes": 1, "lost": 0}),
        (VOID, {"rebalances": 1, "crashes": 1, "lost": 0, "prune_every": 1, "keep": 1, "batch": 1})]),
    pytest.param(VOID, {"rebalances": 1, "crashes": 1, "lost": 1}, marks=pytest.mark.nightly),
], ids=["moved", "moved-zombie", "void-zombie", "void-lost-answer", "id-reused", "signals", "pruned", "all-faults"])
def test_the_projector_is_exact_under_every_interleaving(log: list[Letter], faults: dict[str, Any]) -> None:
    found = explore(World(log, projection=LEAN, **faults))
    assert found.complete and found.finals, found


moves = st.builds(
    Moved, st.sampled_from("12"), st.sampled_from([A, B]), st.sampled_from(["West", "East", None]),
    st.sampled_from([5, 7]), customer=st.sampled_from([None, "c"]), also=st.sampled_from([None, None, "2"]))
events = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.one_of(moves, moves, st.just(Clicked("x")))), min_size=1,
    max_size=8)


def the_same_again(said: list[tuple[str, Any]]) -> list[Letter]:
    """Copies of an event say the same."""
    first: dict[str, Any] = {}
    return letters(*((id, first.setdefault(id, event)) for id, event in said))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), said=events, faults=st.fixed_dictionaries({
    "rebalances": st.integers(0, 4), "crashes": st.integers(0, 4), "lost": st.integers(0, 4),
    "workers": st.integers(2, 3), "batch": st.integers(1, 4),
    "shuffle": st.integers(0, 9), "prune_every": st.integers(1, 3), "keep": st.integers(1, 2),
    "cache": st.sampled_from([1, 99])}))
def test_the_projector_is_exact_on_random_ways(data: st.DataObject, said: list[Any], faults: dict[str, Any]) -> None:
    world = World(the_same_again(said), **faults)
    walk(world, lambda n: data.draw(st.integers(0, n - 1)))


@pytest.mark.slow
def test_most_long_ways_come_to_an_end() -> None:
    """Seeded, so that hypothesis' liking for zeros is balanced by plain chance."""
    ended = 0
    for seed in range(EXAMPLES // 2):
        chance = random.Random(seed)
        said = [(chance.choice("abcdef"), a_move(chance)) for _ in range(chance.randint(2, 8))]
        world = World(
            the_same_again(said), workers=chance.randint(2, 3), rebalances=3, crashes=3, lost=3,
            batch=chance.randint(1, 4), shuffle=seed, prune_every=chance.randint(1, 3), keep=1,
            cache=chance.choice([1, 99]))
        ended += walk(world, chance.randrange, most=2_000)
    assert ended > EXAMPLES // 4


def a_move(chance: random.Random) -> Any:
    if chance.random() < 0.2:
        return Clicked("x")
    return Moved(
        chance.choice("12"), chance.choice([A, B]), chance.choice(["West", "East", None]),
        customer=chance.choice([None, "c"]), also=chance.choice([None, None, "2"]))
