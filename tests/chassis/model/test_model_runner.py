"""The real worker, runner, requests, schedulers and dead letters under every interleaving within small bounds.

`TRIPTYCH_TEST_EFFORT=50` makes the random part a soak.
"""
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.chassis.model.explore import explore, walk
from tests.chassis.model.values import Budget
from tests.chassis.model.world import World
from tests.support.effort import examples

EXAMPLES = examples(100)

COPY = (("a", "x"), ("b", "x"), ("a", "x"))  # an upstream copy of a
TWO_DOCUMENTS = (("a", "x"), ("b", "y"), ("a", "x"), ("c", "x"))
TWO_PARTITIONS = ((("a", "x"), ("b", "x")), (("c", "x"), ("a", "x")))  # one document, and a copy across
REUSED = (("a", "x"), ("a", "x", "add", None, 2))  # an id that comes again and says something else
BAD = (("a", "x", "bad"), ("b", "x"))
SEQUENCES = (("a", "x", "add", 1), ("b", "x", "add", 2), ("c", "x", "add", 3), ("a", "x", "add", 1))
BAD_SEQUENCES = (("a", "x", "bad", 1), ("b", "x", "add", 2))
DEADLINE = (("o", "x", "open"), ("a", "x"))
IN_TIME = (("o", "x", "open"), ("c", "x", "close"))
LATE = (("o", "x", "open"), ("a", "x", "late"))

REQUEST, TWO_REQUESTS = [("x", "key-r0", None)], [("x", "key-r0", 0), ("x", "key-r1", 0)]

QUICK = {
    "a copy, a crash": ((COPY,), Budget(crashes=1), {}),
    "a copy, a lost answer": ((COPY,), Budget(lost_answers=1), {}),
    "two documents, a crash": ((TWO_DOCUMENTS,), Budget(crashes=1), {}),
    "an id used again, a crash": ((REUSED,), Budget(crashes=1), {}),
    "sequences and a small ring, a crash": ((SEQUENCES,), Budget(crashes=1), {"sequenced": True, "ring": 2}),
    "a request, a crash": (((),), Budget(crashes=1), {"requests": REQUEST, "schedulers": 1}),
    "a request without a key, a lost answer": (
        ((),), Budget(lost_answers=1), {"requests": [("x", None, None)], "schedulers": 1}),
    "a deadline closed in time, a crash": ((IN_TIME,), Budget(crashes=1), {"schedulers": 1}),
    "a deadline and a late event, a crash": ((LATE,), Budget(crashes=1), {"schedulers": 1}),
}
SLOW = {
    "a copy, a zombie and a crash": ((COPY,), Budget(1, 1, 0), {}),
    "a copy, a zombie and a lost answer": ((COPY,), Budget(1, 0, 1), {}),
    "a copy, two crashes and a lost answer": ((COPY,), Budget(0, 2, 1), {}),
    "two documents, a zombie": ((TWO_DOCUMENTS,), Budget(rebalances=1), {}),
    "two partitions, a crash": (TWO_PARTITIONS, Budget(crashes=1), {}),
    "an id used again, a zombie and a crash": ((REUSED,), Budget(1, 1, 0), {}),
    "a dead letter given back, a crash": ((BAD,), Budget(crashes=1), {"operators": 1, "workers": 1}),
    "a dead letter given back, a lost answer": ((BAD,), Budget(lost_answers=1), {"operators": 1, "workers": 1}),
    "a dead letter given back, a zombie": ((BAD[:1],), Budget(rebalances=1), {"operators": 1}),
    "a dead letter of a sequence, a crash": (
        (BAD_SEQUENCES,), Budget(crashes=1), {"operators": 1, "workers": 1, "sequenced": True, "ring": 2}),
    "a request among events, a crash": (
        (COPY[:1],), Budget(crashes=1), {"requests": REQUEST, "schedulers": 1, "workers": 1}),
    "two requests of one revision, a crash": (
        ((),), Budget(crashes=1), {"requests": TWO_REQUESTS, "schedulers": 1}),
    "a deadline, two schedulers, a crash": ((DEADLINE[:1],), Budget(crashes=1), {"schedulers": 2}),
    "a deadline, two schedulers, a lost answer": ((DEADLINE[:1],), Budget(lost_answers=1), {"schedulers": 2}),
    "a deadline and an event, a crash": ((DEADLINE,), Budget(crashes=1), {"schedulers": 1}),
    "a deadline and a late event, a zombie": ((LATE,), Budget(rebalances=1), {"schedulers": 1}),
}


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)])
def test_every_event_counts_once_in_every_interleaving_of(name: str) -> None:
    logs, budget, more = (QUICK | SLOW)[name]
    states, complete = explore(World(logs, budget=budget, **more))
    assert complete and states > 20


@pytest.mark.slow
def test_two_zombies_at_once_do_no_harm_as_far_as_was_looked() -> None:
    """Too many states to see them all: breadth first, so all short ways are among them."""
    explore(World((COPY[:2],), workers=3, budget=Budget(rebalances=2)), most_states=40_000, seconds=10)


KINDS = st.sampled_from(["add", "add", "add", "bad", "late"])
SAID = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("xy"), KINDS), min_size=1, max_size=6)


@settings(deadline=None, max_examples=EXAMPLES)
@given(
    logs=st.lists(SAID, min_size=1, max_size=2), deadlines=st.sampled_from([(), ("x",), ("x", "y")]),
    workers=st.integers(1, 4), faults=st.tuples(*[st.integers(0, 4)] * 3), requests=st.integers(0, 3),
    schedulers=st.integers(1, 2), operators=st.integers(0, 2), data=st.data())
def test_every_event_counts_once_on_random_ways(
    logs, deadlines, workers, faults, requests, schedulers, operators, data,
) -> None:
    first: dict[str, tuple[str, str, str]] = {}
    same = [[first.setdefault(f"{id}{key}", (f"{id}{key}", key, kind)) for id, key, kind in log] for log in logs]
    same[0] = [*((f"o{key}", key, "open") for key in deadlines), *same[0]]
    asked = [("xy"[n % 2], f"key-r{n}", None) for n in range(requests)]
    world = World(
        same, workers=workers, budget=Budget(*faults), batch=3, requests=asked, schedulers=schedulers,
        operators=operators)
    chance = data.draw(st.randoms(use_true_random=False))
    walk(world, chance.randrange, steps=400)


@pytest.mark.slow
def test_most_random_ways_come_to_an_end() -> None:
    """Seeded: a way that is cut off has shown only half of the properties."""
    ended = 0
    for seed in range(EXAMPLES // 2):
        chance = random.Random(seed)
        log = [(f"{chance.choice('abcd')}", "x") for _ in range(chance.randint(1, 5))]
        world = World(
            [log], workers=chance.randint(1, 3), budget=Budget(2, 2, 2), requests=[("x", "key-r0", None)], schedulers=1)
        ended += walk(world, chance.randrange, steps=1_500)
    assert ended > EXAMPLES // 4
