"""An explicit-state model around the real projector: its coroutines are driven one store operation at a time.

A state is a value: the documents, who owns the partition, and of each worker what its projector holds and the answers
it has had since it began what it is doing. A transition builds the projector again, feeds it those answers, and lets it
do one more operation. So every interleaving, crash, late writer and lost answer can be tried, breadth first.
"""
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from chassis.domain.projection import Projection
from chassis.ports import PartitionLost, StoreUnavailable
from chassis.projections import Projector
from chassis.projections.documents import decode_fact, decode_total
from tests.chassis.model_projector.driving import Answer, Gated, Kept, Operation, Shelf, answer, freeze, thaw
from tests.chassis.projecting import PLACE, PROJECTION, Letter


class Worker(NamedTuple):
    held: tuple[Any, ...] | None = None  # frozen, as at the beginning of `doing`
    doing: tuple[Any, ...] | None = None  # ("recover",) or ("run", lo, hi)
    answers: tuple[Any, ...] = ()
    then: tuple[Any, ...] = ()  # what is left to do after a run: publish these refusals, commit that offset
    generation: int = 0


class State(NamedTuple):
    kept: Kept
    owner: int
    generation: int
    committed: int
    budget: tuple[int, int, int]  # rebalances, crashes, lost answers
    dead: frozenset[int]
    workers: tuple[Worker, ...]


class Violation(AssertionError):
    def __init__(self, what: str, trace: Sequence[str]) -> None:
        super().__init__(what + "".join("\n    " + step for step in trace))


class World:
    """One partition, its log, and workers around one store. `make` builds the projector under test."""

    def __init__(
        self, log: Sequence[Letter], make: Callable[..., Projector] = Projector, *, workers: int = 2,
        rebalances: int = 1, crashes: int = 1, lost: int = 1, batch: int = 2, shuffle: int | None = None,
        grains: tuple[str, ...] = ("day",),
        projection: Projection = PROJECTION, **more: Any,
    ) -> None:
        self._projection = projection
        self.log, self._make, self._batch, self._shuffle = log, make, batch, shuffle
        self._more = {"grains": grains, **more}
        self._count, self._budget = workers, (rebalances, crashes, lost)
        self._collections = answer(self._projector().required_collections())
        self.dead, self.cells, self.images = self._truth()

    def _projector(self) -> Projector:
        return self._make(self._projection, Gated(self._shuffle), "kpi", **self._more)

    def init(self) -> State:
        return State((), 0, 1, 0, self._budget, frozenset(), (Worker(),) * self._count)

    def actions(self, state: State) -> Iterator[tuple[str, State]]:
        rebalances, crashes, lost = state.budget
        for i, worker in enumerate(state.workers):
            yield from self._steps(state, i, worker)
            if crashes and worker != Worker():
                yield f"W{i} crashes", self._with(state._replace(budget=(rebalances, crashes - 1, lost)), i, Worker())
            if rebalances and i != state.owner and state.committed < len(self.log):
                fresh = worker._replace(held=None) if worker.doing is None and not worker.then else worker
                yield f"W{i} is given the partition", self._with(state._replace(
                    owner=i, generation=state.generation + 1, budget=(rebalances - 1, crashes, lost)), i, fresh)

    def _with(self, state: State, i: int, worker: Worker) -> State:
        return state._replace(workers=(*state.workers[:i], worker, *state.workers[i + 1:]))

    def _steps(self, state: State, i: int, worker: Worker) -> Iterator[tuple[str, State]]:
        if worker.doing:
            yield from self._operate(state, i, worker)
        elif worker.then:
            yield from self._finish(state, i, worker)
        elif worker.held is None:
            if state.owner == i:
                yield from self._operate(state, i, Worker(None, ("recover",), generation=state.generation))
        else:
            mine = state.generation if state.owner == i else worker.generation
            for n in range(1, self._batch + 1):
                lo = worker.held[1]
                if lo + n <= len(self.log):
                    doing = ("run", lo, lo + n)
                    yield from self._operate(state, i, Worker(worker.held, doing, generation=mine))

    def _operate(self, state: State, i: int, worker: Worker) -> Iterator[tuple[str, State]]:
        """The next operation of what the worker is doing: done, done with the answer lost, or not done at all."""
        projector = self._projector()
        operation, end = self._drive(projector, worker)
        assert worker.doing
        if operation is None:
            yield f"W{i} {worker.doing[0]} ends", self._ended(state, i, worker, projector, end)
            return
        name, args, named = operation
        shelf = Shelf(self._collections, state.kept)
        result = answer(getattr(shelf, name)(*args, **named))
        after = state._replace(kept=shelf.kept())
        label = f"W{i} {worker.doing} {name} {args[0]}"
        yield label, self._with(after, i, worker._replace(answers=(*worker.answers, Answer(result))))
        rebalances, crashes, lost = state.budget
        if lost and name in ("save", "save_newer"):
            failed = worker._replace(answers=(*worker.answers, Answer(StoreUnavailable("the answer was lost"))))
            poorer = after._replace(budget=(rebalances, crashes, lost - 1))
            yield label + " (answer lost)", self._with(poorer, i, failed)

    def _drive(self, projector: Projector, worker: Worker) -> tuple[Operation | None, Any]:
        """(the operation asked for next, None), or (None, what it returned or raised)."""
        assert worker.doing
        held = thaw(worker.held, self._more.get("cache", 99))
        if held is not None:
            projector._states[PLACE] = held
        if worker.doing[0] == "recover":
            coroutine: Any = projector.recover(PLACE)
        else:
            _, lo, hi = worker.doing
            coroutine = projector.run(PLACE, self.log[lo:hi], lo, hi)
        try:
            operation = coroutine.send(None)
            for given in worker.answers:
                operation = coroutine.send(given.value)
        except StopIteration as end:
            return None, end.value
        except (PartitionLost, StoreUnavailable) as error:
            return None, error
        coroutine.close()
        return operation, None

    def _ended(self, state: State, i: int, worker: Worker, projector: Projector, end: Any) -> State:
        if isinstance(end, Exception):
            return self._with(state, i, Worker(freeze(projector._states.get(PLACE)), generation=worker.generation))
        assert worker.doing
        held = freeze(projector._states[PLACE])
        if worker.doing[0] == "recover":
            then: tuple[Any, ...] = ("tell", tuple(offset for offset, _, _ in projector.last_failures(PLACE)), end or 0)
        else:
            then = ("tell", tuple(r.message.record.offset for r in end), worker.doing[2])
        return self._with(state, i, Worker(held, None, (), then, worker.generation))

    def _finish(self, state: State, i: int, worker: Worker) -> Iterator[tuple[str, State]]:
        what, offsets, hi = worker.then
        if what == "tell":
            told = state._replace(dead=state.dead | frozenset(offsets))
            yield f"W{i} publishes refusals {offsets}", self._with(
                told, i, worker._replace(then=("commit", (), hi)))
        elif state.owner == i and worker.generation == state.generation:
            done = state._replace(committed=max(hi, state.committed))
            yield f"W{i} commits {hi}", self._with(done, i, worker._replace(then=()))
        else:
            yield f"W{i} commit refused", self._with(state, i, Worker())

    # --- what must be true ------------------------------------------------------------------------------------------

    def is_final(self, state: State) -> bool:
        return state.committed >= len(self.log) and all(w.doing is None and not w.then for w in state.workers)

    def wrong(self, state: State) -> str | None:
        """What differs from the truth when all is done."""
        shelves = dict(state.kept)
        cells = {
            (index["measure"], index["day"], index["dims"]): (index["n"], index["sum"], decode_total(body).hist or {})
            for _, _, body, pairs in shelves.get("kpi.cells", ())
            if (index := dict(pairs))["grain"] == "day" and (index["n"] or index["sum"])}
        if cells != self.cells:
            return f"cells {cells}\n    truth {self.cells}"
        images = {id: decode_fact(body).image for id, _, body, _ in shelves.get("kpi.facts", ())}
        if images != self.images:
            return f"facts {images}\n    truth {self.images}"
        shelf = Shelf(self._collections, state.kept)
        audited = answer(self._make(self._projection, shelf, "kpi", **self._more).audit_journal())
        if audited.mismatches or audited.unfinished or audited.undecided:
            return f"audit {audited}"
        if state.dead != self.dead:
            return f"dead letters {set(state.dead)}, truth {set(self.dead)}"
        return None

    def _truth(self) -> tuple[frozenset[int], dict[Any, Any], dict[str, Any]]:
        """The same log counted in the plainest way."""
        said: dict[str, str] = {}
        images: dict[str, Any] = {}
        cells: dict[Any, Any] = {}
        dead = set()

        def count(contributions: Iterable[Any]) -> None:
            for (measure, day, dims), n, total, value, _ in contributions:
                text = encode_dims(dims)
                key = (measure, day.isoformat() if day else "", text)
                old_n, old_sum, hist = cells.get(key, (0, 0, {}))
                if value is not None:
                    hist[value] = hist.get(value, 0) + 1
                cells[key] = (old_n + n, old_sum + total, hist)

        for offset, letter in enumerate(self.log):
            if said.setdefault(letter.meta.id, letter.digest) != letter.digest:
                dead.add(offset)
                continue
            if letter.meta.id in (x.meta.id for x in self.log[:offset]):
                continue
            for touch in self._projection.touch(letter.event, letter.meta):
                key = f"g1|{touch.kind}|{touch.id}"
                images[key] = touch.fold(images.get(key))
            count(self._projection.signals(letter.event, letter.meta))
        for image in images.values():
            count(self._projection.contributions("deal", image))
        counted = {key: (n, total, hist) for key, (n, total, hist) in cells.items() if n or total}
        return frozenset(dead), counted, images


def encode_dims(dims: Iterable[tuple[str, str | None]]) -> str:
    return msgspec.json.encode(dict(dims)).decode()
