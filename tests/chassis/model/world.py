"""Every interleaving of a few workers around the real runner, with crashes, zombies and lost answers.

The runner's coroutine is driven by hand: it stops at every call of store or log, and the world decides what happens
there. A worker's memory is rebuilt by feeding its coroutine the answers it had, so a world is a value that can be
copied, compared and searched.
"""
from collections.abc import Callable, Coroutine, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from chassis.envelope import Message, digest_of
from chassis.handlers import Meta
from chassis.metrics import Metrics
from chassis.ports import BusUnavailable, Document, Outgoing, Record, StoreUnavailable, TopicPartition
from chassis.runner import Runner, Share
from tests.chassis.house import LEADS, NOON, PARTS, captured

DOCUMENTS, ROWS = "lead_scoring.counter", "lead_scoring.counter.history"
METRICS = Metrics("lead_scoring")


class Op(NamedTuple):
    """What a coroutine waits for."""

    kind: str  # load, save, put, publish
    collection: str
    payload: tuple[Any, ...]


class Kept(NamedTuple):
    version: int
    body: bytes


class Task(NamedTuple):
    """A batch in hand: `history` holds (operation's answer or None, what it raised)."""

    partition: int
    gen: int
    lo: int
    hi: int
    history: tuple[tuple[Any, str], ...] = ()


class Worker(NamedTuple):
    pos: tuple[int, ...]  # -1: not ours
    settled: tuple[tuple[int, int], ...] = ()
    task: Task | None = None


class Budget(NamedTuple):
    rebalances: int = 0
    crashes: int = 0
    lost_answers: int = 0


class State(NamedTuple):
    committed: tuple[int, ...]
    owner: tuple[int, ...]
    gen: tuple[int, ...]
    budget: Budget
    docs: tuple[tuple[tuple[str, str], Kept], ...]
    topic: tuple[Outgoing, ...]
    workers: tuple[Worker, ...]


class _Wait:
    def __init__(self, op: Op) -> None:
        self.op = op

    def __await__(self) -> Iterator[Any]:
        return (yield self.op)


class Ports:
    """Store and log as the runner sees them: every call is a question to the world."""

    async def load(self, collection: str, ids: Any) -> dict[str, Document]:
        found = await _Wait(Op("load", collection, tuple(ids)))
        return {id: Document(id, kept.version, kept.body) for id, kept in found}

    async def save(self, collection: str, documents: Sequence[Document]) -> frozenset[str]:
        lost: frozenset[str] = await _Wait(Op("save", collection, tuple((d.id, d.version, d.body) for d in documents)))
        return lost

    async def put_newer(self, collection: str, documents: Sequence[Document]) -> None:
        await _Wait(Op("put", collection, tuple((d.id, d.version, d.body) for d in documents)))

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        await _Wait(Op("publish", "", tuple(messages)))


class ModelRunner(Runner):
    """The real one, without waiting between tries."""

    async def pause(self, attempt: int) -> None: ...


class World:
    """`logs`: per partition the (event id, key) of each offset. `runner`: a broken one must be caught."""

    def __init__(
        self, logs: Sequence[Sequence[tuple[str, str]]], workers: int = 2, budget: Budget | None = None, batch: int = 2,
        runner: Callable[..., Runner] = ModelRunner, *, no_cas: bool = False, commit_first: bool = False,
        rollback: bool = False,
    ) -> None:
        self.logs = tuple(tuple(log) for log in logs)
        self.workers, self.budget, self.batch, self.make = workers, budget or Budget(), batch, runner
        self.no_cas, self.commit_first, self.rollback = no_cas, commit_first, rollback
        self.messages = tuple(
            tuple(message(id, key, p, o) for o, (id, key) in enumerate(log)) for p, log in enumerate(self.logs))
        self.keys = sorted({key for log in self.logs for _, key in log})
        self.expected = {k: {id for log in self.logs for id, key in log if key == k} for k in self.keys}
        self.look = lru_cache(maxsize=200_000)(self._look)

    def init(self) -> State:
        n = len(self.logs)
        owner = tuple(p % self.workers for p in range(n))
        workers = tuple(Worker(tuple(0 if o == w else -1 for o in owner)) for w in range(self.workers))
        return State((0,) * n, owner, (1,) * n, self.budget, (), (), workers)

    # --- what a worker waits for -------------------------------------------------------------------------------------

    def _look(self, settled: tuple[tuple[int, int], ...], task: Task) -> tuple[str, Any, tuple[tuple[int, int], ...]]:
        """("op", what it waits for) or ("done", None) or ("failed", why), and what it remembers as settled."""
        ports: Any = Ports()
        runner = self.make("lead_scoring", PARTS, ports, ports, _no_letters, topics=(LEADS,), metrics=METRICS)
        runner.places._topics = {LEADS: 0}
        runner._settled = dict(settled)
        place = TopicPartition(LEADS, task.partition)
        share = Share(task.lo, task.hi, self.messages[task.partition][task.lo : task.hi])
        running: Coroutine[Any, Any, None] = runner.run({place: share})
        try:
            op = _next(running, None)
            for answer, error in task.history:
                op = _throw(running, error) if error else _next(running, answer)
        except StopIteration:
            return "done", None, tuple(sorted(runner._settled.items()))
        except (StoreUnavailable, BusUnavailable) as error:
            return "failed", type(error).__name__, tuple(sorted(runner._settled.items()))
        running.close()
        return "op", op, settled

    # --- what may happen next ----------------------------------------------------------------------------------------

    def actions(self, s: State) -> Iterator[tuple[str, State]]:
        for i, worker in enumerate(s.workers):
            yield from self._poll(s, i, worker) if worker.task is None else self._step(s, i, worker, worker.task)
            if worker.task is not None and s.budget.crashes:
                pos = tuple(c if o == i else -1 for c, o in zip(s.committed, s.owner, strict=True))
                yield f"W{i} crashes", _set(s, i, Worker(pos), budget=_less(s, "crashes"))
        if s.budget.rebalances:
            yield from self._rebalance(s)
        if self.rollback and s.docs:  # an acknowledged write that no majority held
            kept = tuple(d for d in s.docs if d[0][0] != DOCUMENTS)
            yield "the store rolls back", s._replace(docs=kept)

    def _poll(self, s: State, i: int, worker: Worker) -> Iterator[tuple[str, State]]:
        for p, pos in enumerate(worker.pos):
            gen = s.gen[p] if s.owner[p] == i else -1
            for n in range(1, self.batch + 1):
                if pos >= 0 and pos + n <= len(self.logs[p]):
                    task = Task(p, gen, pos, pos + n)
                    yield f"W{i} polls {p}[{pos}:{pos + n}]", _set(s, i, worker._replace(task=task))

    def _step(self, s: State, i: int, worker: Worker, task: Task) -> Iterator[tuple[str, State]]:
        what, op, settled = self.look(worker.settled, task)
        if what == "failed":
            yield f"W{i} gives up after {op} and begins again", _set(s, i, Worker(worker.pos, settled))
        elif what == "done" or (self.commit_first and op.kind == "publish"):
            yield from self._commit(s, i, worker, task, settled, what == "done")
        if what == "op":
            after, answer = self._perform(s, op)
            done = task._replace(history=(*task.history, (answer, "")))
            yield f"W{i} {op.kind}", _set(after, i, worker._replace(task=done))
            if s.budget.lost_answers and op.kind != "load":
                lost = task._replace(history=(*task.history, (None, "bus" if op.kind == "publish" else "store")))
                yield f"W{i} {op.kind}, answer lost", _set(
                    after, i, worker._replace(task=lost), budget=_less(s, "lost_answers"))

    def _commit(
        self, s: State, i: int, worker: Worker, task: Task, settled: tuple[tuple[int, int], ...], done: bool,
    ) -> Iterator[tuple[str, State]]:
        p = task.partition
        valid = s.owner[p] == i and s.gen[p] == task.gen
        if not done:
            if valid and s.committed[p] < task.hi:
                yield f"W{i} commits before it has published", s._replace(committed=_at(s.committed, p, task.hi))
            return
        if valid:
            ready = Worker(_at(worker.pos, p, task.hi), settled)
            yield f"W{i} commits {task.hi}", _set(s, i, ready, committed=_at(s.committed, p, task.hi))
        else:
            back = s.committed[p] if s.owner[p] == i else -1
            yield f"W{i} is refused the commit", _set(s, i, Worker(_at(worker.pos, p, back), settled))

    def _rebalance(self, s: State) -> Iterator[tuple[str, State]]:
        for p, log in enumerate(self.logs):
            for n in range(self.workers):
                if s.committed[p] < len(log) and n != s.owner[p]:
                    new = s.workers[n]._replace(pos=_at(s.workers[n].pos, p, s.committed[p]))
                    yield f"partition {p} goes to W{n}", _set(
                        s, n, new, owner=_at(s.owner, p, n), gen=_at(s.gen, p, s.gen[p] + 1),
                        budget=_less(s, "rebalances"))

    def _perform(self, s: State, op: Op) -> tuple[State, Any]:
        docs = dict(s.docs)
        if op.kind == "load":
            return s, tuple((id, docs[op.collection, id]) for id in op.payload if (op.collection, id) in docs)
        if op.kind == "publish":
            return s._replace(topic=(*s.topic, *op.payload)), None
        lost = set()
        for id, version, body in op.payload:
            held = docs.get((op.collection, id), Kept(0, b""))
            if op.kind == "put":
                if held.version < version:
                    docs[op.collection, id] = Kept(version, body)
            elif held.version == version or self.no_cas:
                docs[op.collection, id] = Kept(held.version + 1, body)
            else:
                lost.add(id)
        return s._replace(docs=tuple(sorted(docs.items()))), frozenset(lost) if op.kind == "save" else None

    # --- what must hold ----------------------------------------------------------------------------------------------

    def invariant(self, s: State) -> str | None:
        applied = self.applied(s)
        for key, ids in applied.items():
            if len(set(ids)) != len(ids):
                return f"an event counted twice in {key}: {ids}"
        content: dict[str, Outgoing] = {}
        last: dict[bytes | None, int] = {}
        said: set[tuple[str, str]] = set()
        for record in s.topic:
            headers = dict(record.headers)
            id, seq = headers["ce_id"].decode(), int(headers["ce_sequence"])
            if content.setdefault(id, record) != record:
                return f"two contents under the id {id}"
            if seq > last.get(record.key, 0) + 1:
                return f"a gap: {seq} of {record.key!r} came after {last.get(record.key, 0)}"
            last[record.key] = max(last.get(record.key, 0), seq)
            said.add((record.key.decode() if record.key else "", headers["ce_causationid"].decode()))
        for p, offset in enumerate(s.committed):
            for id, key in self.logs[p][:offset]:
                if id not in applied.get(key, ()):
                    return f"LOST: {id} is committed and not in the document"
                if (key, id) not in said:
                    return f"LOST: {id} is committed and its output was never published"
        return None

    def is_final(self, s: State) -> bool:
        ends = tuple(map(len, self.logs))
        return s.committed == ends and all(w.task is None for w in s.workers)

    def final(self, s: State) -> str | None:
        applied, docs = self.applied(s), dict(s.docs)
        for key in self.keys:
            if set(applied.get(key, ())) != self.expected[key]:
                return f"{key} holds {applied.get(key)}, expected {self.expected[key]}"
            heard = []
            for record in s.topic:
                headers = dict(record.headers)
                if record.key == key.encode() and int(headers["ce_sequence"]) == len(heard) + 1:
                    heard.append(headers["ce_causationid"].decode())
            if tuple(heard) != applied[key]:
                return f"who hears {key} got {heard}, the document has {applied[key]}"
            rows = sum(1 for collection, id in docs if collection == ROWS and id.startswith(f"{key}|"))
            if rows != len(heard):
                return f"the history of {key} has {rows} rows of {len(heard)}"
        return None

    def applied(self, s: State) -> dict[str, tuple[str, ...]]:
        return {
            id: tuple(_READER.state_of(kept.body).added)
            for (collection, id), kept in s.docs if collection == DOCUMENTS
        }


class _Reader:
    def __init__(self) -> None:
        from chassis.documents import Layout
        from tests.chassis.house import COUNTER

        layout = Layout("lead_scoring", COUNTER)
        self.state_of = lru_cache(maxsize=100_000)(lambda body: layout.read(Document("", 1, body))[1])


_READER = _Reader()


def message(id: str, key: str, partition: int, offset: int) -> Message:
    event = captured(key, 1)
    meta = Meta(id=id, source="/crm", type="crm.lead.captured.v1", time=NOON, appended_at=NOON)
    record = Record(LEADS, partition, offset, 0, key.encode(), b"{}")
    return Message(event, meta, key, digest_of(meta.type, event), record)


async def _no_letters(dead: Any) -> None:
    raise AssertionError(f"no record of this log is bad: {dead}")


def _next(running: Coroutine[Any, Any, None], answer: Any) -> Op:
    """Up to the next call of a port; `asyncio.sleep(0)` is passed over."""
    op = running.send(answer)
    while op is None:
        op = running.send(None)
    made: Op = op
    return made


def _throw(running: Coroutine[Any, Any, None], error: str) -> Op:
    op = running.throw(BusUnavailable("lost") if error == "bus" else StoreUnavailable("lost"))
    made: Op = op
    return made


def _at(values: tuple[int, ...], i: int, value: int) -> tuple[int, ...]:
    return (*values[:i], value, *values[i + 1 :])


def _set(s: State, i: int, worker: Worker, **more: Any) -> State:
    return s._replace(workers=(*s.workers[:i], worker, *s.workers[i + 1 :]), **more)


def _less(s: State, name: str) -> Budget:
    return s.budget._replace(**{name: getattr(s.budget, name) - 1})
