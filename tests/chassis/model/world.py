"""Every interleaving of a few processes around the real worker and runner, their requests, schedulers and operators,
with crashes, zombies, lost answers and writes that were cut off half way."""
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from chassis.aggregates import Runner
from chassis.aggregates.documents import NO_FENCE_KEY, millis
from chassis.ports import Outgoing, Record, TopicPartition
from chassis.ports.query import matches
from tests.chassis.harness import LEADS
from tests.chassis.model import properties
from tests.chassis.model.driving import DEAD, Crew, ModelRunner, asking
from tests.chassis.model.parts import LATER, Said
from tests.chassis.model.properties import DOCUMENTS, LETTERS, header, read
from tests.chassis.model.values import Budget, Hand, Kept, Op, State, Task, Worker

Step = tuple[str, State]


class World(properties.Properties):
    """`logs`: per partition what was said at each offset. `requests`: (key, idempotency key, if_match) of each client,
    who asks until it has an answer. `schedulers` and `operators`: how many there are. `runner`: a broken one must be
    caught. `no_cas`, `rollback`: a store that breaks its promise."""

    def __init__(
        self, logs: Sequence[Sequence[tuple[Any, ...]]], workers: int = 2, budget: Budget | None = None, batch: int = 2,
        runner: Callable[..., Runner] = ModelRunner, *, requests: Sequence[tuple[str, str | None, int | None]] = (),
        schedulers: int = 0, operators: int = 0, sequenced: bool = False, ring: int = 64, no_cas: bool = False,
        rollback: bool = False,
    ) -> None:
        self.logs = tuple(tuple(Said(*said) for said in log) for log in logs)
        self.workers, self.budget, self.batch = workers, budget or Budget(), batch
        self.requests = tuple(requests)
        self.hands = (
            *(Hand("ask", n % workers) for n in range(len(requests))),
            *(Hand("scheduler", n % workers) for n in range(schedulers)),
            *(Hand("operator", n % workers) for n in range(operators)))
        self.no_cas, self.rollback = no_cas, rollback
        self.look = lru_cache(maxsize=100_000)(Crew(
            runner, sequenced, ring, [asking(n, *asked) for n, asked in enumerate(requests)]).look)
        self.say_what_is_expected()

    def init(self) -> State:
        n = len(self.logs)
        owner = tuple(p % self.workers for p in range(n))
        workers = tuple(Worker(tuple(0 if o == w else -1 for o in owner)) for w in range(self.workers))
        return State(
            (0,) * n, owner, (1,) * n, self.budget, (), (), (), ((),) * n, False, workers, self.hands)

    # --- what may happen next ----------------------------------------------------------------------------------------

    def actions(self, s: State) -> Iterator[Step]:
        for i, worker in enumerate(s.workers):
            if worker.task is None:
                yield from self._poll(s, i, worker)
            else:
                yield from self._step(s, f"W{i}", worker.task, self._worker_goes_on(i), self._worker_ends(i), i)
        for h, hand in enumerate(s.hands):
            if hand.task is None:
                yield from self._begin(s, h, hand)
            else:
                yield from self._step(s, f"{hand.kind} {h}", hand.task, self._hand_goes_on(h), self._hand_ends(h))
        if s.budget.crashes:
            yield from self._crashes(s)
        if s.budget.rebalances:
            yield from self._rebalance(s)
        if any(h.kind == "operator" for h in s.hands) and s.dead and not s.mended:
            yield "the bug is mended", s._replace(mended=True)
        if self.rollback and s.docs:  # an acknowledged write that no majority held
            kept = tuple(d for d in s.docs if d[0][0] != DOCUMENTS)
            yield "the store rolls back", s._replace(docs=kept)

    def _poll(self, s: State, i: int, worker: Worker) -> Iterator[Step]:
        for p, pos in enumerate(worker.pos):
            gen = s.gen[p] if s.owner[p] == i else -1
            for n in range(1, self.batch + 1):
                if pos >= 0 and pos + n <= self.end(s, p):
                    records = tuple(self.record(s, p, o) for o in range(pos, pos + n))
                    task = Task(("batch", p, pos, pos + n), worker.settled, s.mended, records)
                    yield f"W{i} polls {p}[{pos}:{pos + n}]", _worker(s, i, worker._replace(task=task, gen=gen))

    def _begin(self, s: State, h: int, hand: Hand) -> Iterator[Step]:
        for what in self._wanted(s, h, hand):
            task = Task(what, s.workers[hand.process].settled, s.mended)
            yield f"{hand.kind} {h} begins {what}", _hand(s, h, hand._replace(task=task))

    def _wanted(self, s: State, h: int, hand: Hand) -> Iterator[tuple[Any, ...]]:
        if hand.kind == "ask" and hand.told is None:
            yield "ask", h, hand.attempt
        elif hand.kind == "scheduler":
            if self.due(s):
                yield ("fire",)
            if self.owing(s):
                yield ("sweep",)
        elif hand.kind == "operator" and s.mended:
            for letter in self.waiting(s):
                yield "replay", letter

    def _step(
        self, s: State, who: str, task: Task, goes_on: Callable[[State, Task], State],
        ends: Callable[[State, str, Any, Any, int | None], Step], worker: int = -1,
    ) -> Iterator[Step]:
        what, op, settled, sought = self.look(task)
        if what != "op":
            label, after = ends(s, what, op, settled, sought)
            yield f"{who} {label}", after
            return
        after, answer, error = self._committed(s, op, worker) if op.kind == "commit" else self._perform(s, op)
        yield f"{who} {op.kind}", goes_on(after, _heard(task, answer, error))
        if s.budget.lost_answers and not error and op.kind in ("save", "put", "publish", "commit"):
            raised = "bus" if op.kind in ("publish", "commit") else "store"
            for part, done in ((len(op.payload), after), *self._parts(s, op)):
                poorer = done._replace(budget=_less(s, "lost_answers"))
                yield f"{who} {op.kind}, answer lost after {part}", goes_on(poorer, _heard(task, None, raised))

    def _parts(self, s: State, op: Op) -> Iterator[tuple[int, State]]:
        """What stands when a write of several is cut off."""
        if op.kind in ("save", "put", "publish"):
            for n in range(1, len(op.payload)):
                yield n, self._perform(s, op._replace(payload=op.payload[:n]))[0]

    def _crashes(self, s: State) -> Iterator[Step]:
        for i, worker in enumerate(s.workers):
            tasks = [t for t in (worker.task, *(h.task for h in s.hands if h.process == i)) if t is not None]
            if tasks:
                yield f"process {i} crashes", self._crashed(s, i)
            for task in tasks:
                what, op, _, _ = self.look(task)
                for n, cut in self._parts(s, op) if what == "op" else ():
                    yield f"process {i} crashes after {n} of {op.kind}", self._crashed(cut, i)

    def _crashed(self, s: State, i: int) -> State:
        pos = tuple(c if o == i else -1 for c, o in zip(s.committed, s.owner, strict=True))
        hands = tuple(
            h._replace(task=None, attempt=h.attempt + 1 if h.kind == "ask" else 0, told=self.unanswered(n))
            if h.process == i and h.task is not None else h for n, h in enumerate(s.hands))
        return _worker(s, i, Worker(pos), hands=hands, budget=_less(s, "crashes"))

    def _rebalance(self, s: State) -> Iterator[Step]:
        for p in range(len(self.logs)):
            for n in range(self.workers):
                if s.committed[p] < self.end(s, p) and n != s.owner[p]:
                    new = s.workers[n]._replace(pos=_at(s.workers[n].pos, p, s.committed[p]))
                    yield f"partition {p} goes to W{n}", _worker(
                        s, n, new, owner=_at(s.owner, p, n), gen=_at(s.gen, p, s.gen[p] + 1),
                        budget=_less(s, "rebalances"))

    # --- going on, and ending ----------------------------------------------------------------------------------------

    def _worker_goes_on(self, i: int) -> Callable[[State, Task], State]:
        return lambda s, task: _worker(s, i, s.workers[i]._replace(task=task))

    def _worker_ends(self, i: int) -> Callable[..., Step]:
        def ended(s: State, what: str, error: Any, settled: Any, sought: int | None) -> Step:
            worker = s.workers[i]
            assert worker.task is not None
            _, p, _, hi = worker.task.what
            if type(error).__name__ == "PartitionLost" or (s.owner[p] == i and s.gen[p] != worker.gen):
                at = s.committed[p] if s.owner[p] == i else -1
            else:
                at = hi if sought is None else sought
            return what, _worker(s, i, Worker(_at(worker.pos, p, at), settled))
        return ended

    def _hand_goes_on(self, h: int) -> Callable[[State, Task], State]:
        return lambda s, task: _hand(s, h, s.hands[h]._replace(task=task))

    def _hand_ends(self, h: int) -> Callable[..., Step]:
        def ended(s: State, what: str, answer: Any, _settled: Any, _sought: int | None) -> Step:
            hand = s.hands[h]
            told = self.answered(h, what, answer) if hand.kind == "ask" else None
            return what, _hand(s, h, hand._replace(task=None, attempt=hand.attempt + (told is None), told=told)
                               if hand.kind == "ask" else hand._replace(task=None))
        return ended

    # --- store and log -----------------------------------------------------------------------------------------------

    def _perform(self, s: State, op: Op) -> tuple[State, Any, str]:
        """The world after the operation, its answer, and what it raises."""
        match op.kind:
            case "load":
                docs = dict(s.docs)
                found = [(id, docs[op.collection, id]) for id in op.payload if (op.collection, id) in docs]
                return s, tuple((id, kept, self._index_in(op.collection, kept)) for id, kept in found), ""
            case "find":
                return s, self._found(s, op), ""
            case "publish":
                return self._published(s, op.payload), None, ""
            case "ends":
                dead = tuple((p, len(letters)) for p, letters in self._dead_places(s).items())
                ends = dead if DEAD in op.payload else tuple(
                    (TopicPartition(LEADS, p), self.end(s, p)) for p in range(len(self.logs)))
                return s, ends, ""
            case "committed":
                return s, tuple((TopicPartition(LEADS, p), c) for p, c in enumerate(s.committed)), ""
            case "read":
                place, offset = op.payload
                return s, tuple(self._dead_places(s)[place][offset:]), ""
        return self._saved(s, op)

    def _committed(self, s: State, op: Op, i: int) -> tuple[State, Any, str]:
        p, offset = op.payload
        if s.owner[p] == i and s.workers[i].gen == s.gen[p]:
            return s._replace(committed=_at(s.committed, p, offset)), None, ""
        return s, None, "lost"

    def _saved(self, s: State, op: Op) -> tuple[State, Any, str]:
        docs, lost = dict(s.docs), set()
        for id, version, body in op.payload:
            held = docs.get((op.collection, id), Kept(0, b""))
            if op.kind == "put":
                if held.version < version:
                    docs[op.collection, id] = Kept(version, body)
            elif held.version == version or self.no_cas:
                docs[op.collection, id] = Kept(held.version + 1, body)
            else:
                lost.add(id)
        after = s._replace(docs=tuple(sorted(docs.items())))
        return after, frozenset(lost) if op.kind == "save" else None, ""

    def _published(self, s: State, messages: Sequence[Outgoing]) -> State:
        for message in messages:
            if message.topic == DEAD:
                s = s if message in s.dead else s._replace(dead=(*s.dead, message))
            elif message.topic == LEADS:
                p = self.partition_of(message)
                s = s._replace(tails=_at(s.tails, p, (*s.tails[p], message)))
            else:
                s = s if message in s.topic else s._replace(topic=(*s.topic, message))
        return s

    def _found(self, s: State, op: Op) -> tuple[Any, ...]:
        made = []
        for (collection, id), kept in s.docs:
            if collection == op.collection:
                index = self.index_of(kept)
                if all(matches(index.get(name), condition) for name, condition in op.payload):
                    made.append((id, kept, tuple(index.items())))
        return tuple(made)

    def _index_in(self, collection: str, kept: Kept) -> tuple[tuple[str, Any], ...]:
        return tuple(self.index_of(kept).items()) if collection == DOCUMENTS else ()

    def index_of(self, kept: Kept) -> dict[str, Any]:
        stored, state = read(kept.body)
        due = None if state.due is None else millis(state.due)
        return {"_due": due, "_pending": sum(e.fence_key == NO_FENCE_KEY for e in stored.outbox)}

    # --- what there is to do -----------------------------------------------------------------------------------------

    def due(self, s: State) -> bool:
        return any(
            (at := self.index_of(kept)["_due"]) is not None and at <= millis(LATER)
            for (collection, _), kept in s.docs if collection == DOCUMENTS)

    def owing(self, s: State) -> bool:
        return any(
            self.index_of(kept)["_pending"] for (collection, _), kept in s.docs if collection == DOCUMENTS)

    def waiting(self, s: State) -> list[str]:
        """Dead letters of the bug that were not given back yet, as far as it was noted."""
        docs = dict(s.docs)
        return [
            id for letter in s.dead if header(letter, "dlq.code") == "handler_failed"
            and _status(docs.get((LETTERS, id := header(letter, "dlq.id")))) != "replayed"]

    def end(self, s: State, p: int) -> int:
        return len(self.logs[p]) + len(s.tails[p])

    def record(self, s: State, p: int, offset: int) -> Any:
        if offset < len(self.logs[p]):
            return self.logs[p][offset]
        given_back = s.tails[p][offset - len(self.logs[p])]
        return self.said_by(given_back), given_back

    def _dead_places(self, s: State) -> dict[TopicPartition, list[Record]]:
        found: dict[TopicPartition, list[Record]] = {}
        for letter in s.dead:
            at = found.setdefault(TopicPartition(DEAD, letter.partition or 0), [])
            at.append(Record(DEAD, letter.partition or 0, len(at), 0, letter.key, letter.value, letter.headers))
        return found


def _status(kept: Kept | None) -> str:
    return "open" if kept is None else str(msgspec.msgpack.decode(kept.body)[0])


def _heard(task: Task, answer: Any, error: str) -> Task:
    return task._replace(history=(*task.history, (answer, error)))


def _at(values: tuple[Any, ...], i: int, value: Any) -> tuple[Any, ...]:
    return (*values[:i], value, *values[i + 1 :])


def _worker(s: State, i: int, worker: Worker, **more: Any) -> State:
    return s._replace(workers=_at(s.workers, i, worker), **more)


def _hand(s: State, h: int, hand: Hand) -> State:
    return s._replace(hands=_at(s.hands, h, hand))


def _less(s: State, name: str) -> Budget:
    return s.budget._replace(**{name: getattr(s.budget, name) - 1})
