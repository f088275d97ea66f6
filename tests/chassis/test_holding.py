"""What a projector remembers is bounded for all partitions together, whatever they are asked for."""
from hypothesis import given
from hypothesis import strategies as st

from chassis.projections.partition_state import Cache, CacheBudget

CACHES, MOST = 5, 8
Use = tuple[int, str, bool]
uses = st.lists(st.tuples(st.integers(0, CACHES - 1), st.sampled_from("abcdefghijklmnop"), st.booleans()), max_size=200)


def held(caches: list[Cache[int]]) -> int:
    return sum(len(cache._young.keys() | cache._old.keys()) for cache in caches)


@given(uses)
def test_many_caches_hold_at_most_twice_their_common_budget_and_never_another_value(made: list[Use]) -> None:
    budget = CacheBudget(MOST)
    caches: list[Cache[int]] = [Cache(budget) for _ in range(CACHES)]
    put: dict[tuple[int, str], int] = {}
    for n, (which, key, is_put) in enumerate(made):
        if is_put:
            caches[which].set(key, n)
            put[which, key] = n
        else:
            assert caches[which].get(key) in (None, put.get((which, key)))
        assert held(caches) <= 2 * MOST


def test_what_is_used_stays_while_others_come_and_go() -> None:
    budget = CacheBudget(MOST)
    mine, others = Cache[int](budget), Cache[int](budget)
    mine.set("mine", 1)
    for n in range(20 * MOST):
        others.set(str(n), n)
        assert mine.get("mine") == 1
    assert others.get("0") is None


def test_a_cache_that_is_gone_costs_nothing() -> None:
    budget = CacheBudget(MOST)
    gone = Cache[int](budget)
    gone.set("a", 1)
    del gone
    mine = Cache[int](budget)
    for n in range(3 * MOST):
        mine.set(str(n), n)
    assert mine.get(str(3 * MOST - 1)) == 3 * MOST - 1
