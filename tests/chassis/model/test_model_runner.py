"""The real runner under every interleaving within small bounds; and broken ones, which must be caught."""
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.ports import TopicPartition
from chassis.runner import Batch, Work
from chassis.runner import room as deciding
from chassis.runner.loop import outgoing
from tests.chassis.model.explore import Violation, explore, walk
from tests.chassis.model.world import Budget, ModelRunner, World

COPY = (("a", "x"), ("b", "x"), ("a", "x"))  # an upstream copy of a
TWO_DOCUMENTS = (("a", "x"), ("b", "y"), ("a", "x"), ("c", "x"))
TWO_PARTITIONS = ((("a", "x"), ("b", "x")), (("c", "x"), ("a", "x")))  # one document, and a copy across


@pytest.mark.parametrize(("logs", "budget"), [
    ((COPY,), Budget(rebalances=1, crashes=1)),
    ((COPY,), Budget(crashes=1, lost_answers=1)),
    ((TWO_DOCUMENTS,), Budget(crashes=1)),
    ((COPY[:2],), Budget(rebalances=1, lost_answers=1)),
    (TWO_PARTITIONS, Budget(crashes=1)),
])
def test_every_event_counts_once_whatever_happens_in_between(logs, budget):
    states, complete = explore(World(logs, budget=budget))
    assert complete and states > 100


@pytest.mark.slow
@pytest.mark.parametrize(("logs", "budget", "workers"), [
    ((COPY,), Budget(1, 1, 1), 2),
    ((COPY,), Budget(2, 1, 0), 2),
    ((TWO_DOCUMENTS,), Budget(1, 1, 0), 2),
    (TWO_PARTITIONS, Budget(1, 1, 0), 2),
    ((COPY[:2],), Budget(2, 1, 0), 3),
])
def test_every_event_counts_once_in_wider_bounds(logs, budget, workers):
    explore(World(logs, workers=workers, budget=budget), most_states=250_000, seconds=30)


# --- broken runners --------------------------------------------------------------------------------------------------


class PublishesOnlyItsOwn(ModelRunner):
    async def publish(self, works: Any) -> None:
        await super().publish([w for w in works if w.changed])


class ClearsBeforeItPublishes(ModelRunner):
    async def run(self, batch: Batch) -> None:
        for place, share in batch.items():
            self._settle(place, share.hi)
        await super().run(batch)

    async def publish(self, works: Any) -> None:
        settled, self._settled = self._settled, {}
        await super().publish(works)
        self._settled = settled


class PublishesWithoutOrder(ModelRunner):
    async def publish(self, works: Any) -> None:
        await self.bus.publish([outgoing(e) for w in works for e in reversed(w.stored.out)])


class ForgetsTheFences(ModelRunner):
    async def load(self, works: Any) -> None:
        await super().load(works)
        for work in works:
            work.stored.fences.clear()
            work.stored.seen = b""


class BelievesALostAnswer(ModelRunner):
    async def save(self, works: Any) -> set[Work]:
        return set()


class KeepsNoHistory(ModelRunner):
    async def publish(self, works: Any) -> None:
        await self.bus.publish([outgoing(e) for w in works for e in w.stored.out])


@pytest.mark.parametrize(("runner", "logs", "budget"), [
    (PublishesOnlyItsOwn, (COPY,), Budget(crashes=1)),
    (ClearsBeforeItPublishes, (COPY,), Budget(crashes=1)),
    (PublishesWithoutOrder, (COPY,), Budget()),
    (ForgetsTheFences, (COPY,), Budget(crashes=1)),
    (BelievesALostAnswer, (COPY,), Budget()),
    (KeepsNoHistory, (COPY,), Budget()),
])
def test_a_broken_runner_is_caught(runner, logs, budget):
    with pytest.raises(Violation):
        explore(World(logs, budget=budget, runner=runner))


@pytest.mark.parametrize(("broken", "budget"), [
    ({"no_cas": True}, Budget(rebalances=1)),
    ({"commit_first": True}, Budget(crashes=1)),
    ({"rollback": True}, Budget()),
])
def test_a_store_or_worker_that_breaks_its_promise_is_caught(broken, budget):
    with pytest.raises(Violation):
        explore(World((COPY,), budget=budget, **broken))


def test_without_the_ring_of_seen_ids_a_copy_is_caught(monkeypatch):
    monkeypatch.setattr(deciding, "seen_digest", lambda _ring, _hashed: None)
    with pytest.raises(Violation, match="counted twice"):
        explore(World((COPY,)))


def test_a_ring_that_is_too_small_is_caught(monkeypatch):
    monkeypatch.setattr(deciding, "with_seen", lambda _ring, hashed, digest: hashed + digest)
    with pytest.raises(Violation, match="counted twice"):
        explore(World((COPY,)))


# --- random walks ----------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=150)
@given(
    logs=st.lists(
        st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("xy")), min_size=1, max_size=6),
        min_size=1, max_size=2),
    workers=st.integers(1, 4), faults=st.tuples(*[st.integers(0, 4)] * 3), data=st.data(),
)
def test_random_walks_with_many_faults(logs, workers, faults, data):
    unique = [[(f"{id}{key}", key) for id, key in log] for log in logs]  # an event speaks of one document
    world = World(unique, workers=workers, budget=Budget(*faults), batch=3)
    chance = data.draw(st.randoms(use_true_random=False))
    assert walk(world, chance.randrange, steps=2_000) or True


def test_the_place_of_a_record_is_what_the_model_says_it_is():
    world = World((COPY,))
    assert world.messages[0][1].record.place == TopicPartition("crm.leads.v1", 0)
