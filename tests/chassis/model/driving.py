"""The real coroutines, driven by hand: each stops at every call of store or log, and the world decides what happens.

What somebody had in hand is rebuilt by feeding a new coroutine the answers that the old one had.
"""
import importlib
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from chassis.aggregates import CommandRequest, Runner, documents
from chassis.dead_letters import DeadLetterRepository, repository
from chassis.http.health import HealthState
from chassis.http.problems import ProblemError
from chassis.ports import (
    BusUnavailable,
    Document,
    Outgoing,
    Page,
    PartitionLost,
    Record,
    StoreUnavailable,
    TopicPartition,
)
from chassis.runtime.event_processors import AggregateProcessor
from chassis.runtime.timers import DeadlineScheduler
from chassis.runtime.worker import Worker
from chassis.service.context import CommandRefused
from chassis.support.metrics import Metrics
from tests.chassis.harness import LEADS, NOON, SCORES, Add
from tests.chassis.model.parts import LATER, Said, message, parts
from tests.chassis.model.values import Op, Settled, Task

SERVICE, GROUP = "lead_scoring", "triptych.lead_scoring"
METRICS = Metrics(SERVICE)
DEAD = f"{LEADS}.{SERVICE}.dlq"
_asking: Any = importlib.import_module("chassis.aggregates.requests")
GIVEN_UP = (StoreUnavailable, BusUnavailable, PartitionLost, CommandRefused, ProblemError)


class _Wait:
    def __init__(self, op: Op) -> None:
        self.op = op

    def __await__(self) -> Iterator[Any]:
        return (yield self.op)


def _written(documents: Sequence[Document]) -> tuple[Any, ...]:
    return tuple((d.id, d.version, d.body) for d in documents)


class Ports:
    """Store, log and consumer as the chassis sees them: every call is a question to the world."""

    def __init__(self) -> None:
        self.sought: int | None = None

    async def load(self, collection: str, ids: Any) -> dict[str, Document]:
        found = await _Wait(Op("load", collection, tuple(ids)))
        return {id: Document(id, kept.version, kept.body, dict(index)) for id, kept, index in found}

    async def save(self, collection: str, documents: Sequence[Document]) -> frozenset[str]:
        lost: frozenset[str] = await _Wait(Op("save", collection, _written(documents)))
        return lost

    async def save_newer(self, collection: str, documents: Sequence[Document]) -> None:
        await _Wait(Op("put", collection, _written(documents)))

    async def find(self, collection: str, where: Any, **_how: Any) -> Page:
        found = await _Wait(Op("find", collection, tuple(sorted(where.items()))))
        return Page(tuple(Document(id, kept.version, kept.body, dict(index)) for id, kept, index in found), None)

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        await _Wait(Op("publish", "", tuple(messages)))

    async def end_offsets(self, topics: Sequence[str]) -> dict[TopicPartition, int]:
        return dict(await _Wait(Op("ends", "", tuple(topics))))

    async def begin_offsets(self, topics: Sequence[str]) -> dict[TopicPartition, int]:
        return {}

    async def committed(self, group: str, topics: Sequence[str]) -> dict[TopicPartition, int]:
        return dict(await _Wait(Op("committed", "", tuple(topics))))

    async def read(self, place: TopicPartition, offset: int, limit: int) -> Sequence[Record]:
        records: Sequence[Record] = await _Wait(Op("read", "", (place, offset)))
        return records

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        ((place, offset),) = offsets.items()
        await _Wait(Op("commit", "", (place.partition, offset)))

    def seek(self, place: TopicPartition, offset: int) -> None:
        self.sought = offset


class ModelRunner(Runner):
    """The real one, without waiting between tries."""

    async def back_off(self, attempt: int) -> None: ...


class Crew:
    """Builds what a process is made of, and drives it. `make` builds the runner; `ring`: how many ids it remembers."""

    def __init__(
        self, make: Callable[..., Runner], sequenced: bool, ring: int, requests: Sequence[CommandRequest],
    ) -> None:
        self._make, self._sequenced, self._ring, self._requests = make, sequenced, ring, requests

    def look(self, task: Task) -> tuple[str, Any, Settled, int | None]:
        """("op", what it waits for), ("done", what it answered) or ("failed", why); what its process remembers as
        settled afterwards; where it sought."""
        ports: Any = Ports()
        with _still(task, self._ring):
            runner = self._runner(task, ports)
            running = self._begun(task, ports, runner)
            try:
                op = _next(running, None)
                for answer, error in task.history:
                    op = _throw(running, error) if error else _next(running, answer)
            except StopIteration as end:
                return "done", end.value, tuple(sorted(runner._published.items())), ports.sought
            except GIVEN_UP as error:
                return "failed", error, tuple(sorted(runner._published.items())), ports.sought
            running.close()
        return "op", op, task.settled, None

    def _runner(self, task: Task, ports: Any) -> Runner:
        dead = DeadLetterRepository(SERVICE, (LEADS,), ports, ports)
        runner = self._make(
            SERVICE, parts(task.mended), ports, ports, dead.dead_letter, topics=(LEADS,), metrics=METRICS)
        runner.fence_keys._topics = {LEADS: 0, SCORES: 1}
        runner._published = dict(task.settled)
        if self._sequenced:
            runner._router._sequenced_topics = frozenset((LEADS,))
        return runner

    def _begun(self, task: Task, ports: Any, runner: Runner) -> Coroutine[Any, Any, Any]:
        match task.what:
            case ("batch", partition, lo, _):
                return self._batch(task, ports, runner, partition, lo)
            case ("ask", n, _):
                return _asking.execute(runner, self._requests[n])  # type: ignore[no-any-return]
            case ("fire",):
                return self._scheduler(ports, runner).fire_due()
            case ("sweep",):
                return self._scheduler(ports, runner).publish_pending(0.0)
            case ("replay", id):
                return DeadLetterRepository(SERVICE, (LEADS,), ports, ports).replay(id)
        raise AssertionError(task.what)

    def _batch(self, task: Task, ports: Any, runner: Runner, partition: int, lo: int) -> Coroutine[Any, Any, Any]:
        messages = [told(each, partition, lo + n) for n, each in enumerate(task.records)]
        by_offset = {m.record.offset: m for m in messages if m.record}
        progress: Any = SimpleNamespace(record_batch=lambda partition, record: None)
        worker = Worker(
            SERVICE, (LEADS,), ports, [AggregateProcessor(runner)], lambda record: by_offset[record.offset],
            DeadLetterRepository(SERVICE, (LEADS,), ports, ports), progress, group=GROUP, health=HealthState(SERVICE),
            metrics=METRICS)
        records = [m.record for m in messages if m.record]
        return worker._process_batch(ports, {TopicPartition(LEADS, partition): records})

    def _scheduler(self, ports: Any, runner: Runner) -> DeadlineScheduler:
        return DeadlineScheduler(runner, ports, ports, group=GROUP, topics=(LEADS,), now=lambda: LATER)


def told(each: Said | tuple[Said, Outgoing], partition: int, offset: int) -> Any:
    """The message at that place: as it was said, or as it was given back."""
    if isinstance(each, Said):
        return message(each, partition, offset)
    said, outgoing = each
    return message(said, partition, offset, outgoing.headers[2:])


def asking(n: int, key: str, idempotency_key: str | None, if_match: int | None) -> CommandRequest:
    return CommandRequest(
        "counter", key, Add(at=NOON, n=100, ref=f"r{n}"), NOON, if_match, idempotency_key, "", "rep")


@contextmanager
def _still(task: Task, ring: int) -> Iterator[None]:
    """No clock, no chance, no event loop: the same answers lead to the same place."""
    numbers = iter(range(1000))
    before = documents.SEEN, repository.now_ms, _asking.uuid4, _asking.asyncio
    documents.SEEN, repository.now_ms = ring, lambda: 0
    _asking.uuid4 = lambda: f"{task.what}{next(numbers)}"
    _asking.asyncio = SimpleNamespace(timeout=_NoTimeout)
    try:
        yield
    finally:
        documents.SEEN, repository.now_ms, _asking.uuid4, _asking.asyncio = before


class _NoTimeout:
    """`asyncio.timeout` without a loop."""

    def __init__(self, _seconds: float) -> None: ...

    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *_: object) -> None: ...


def _next(running: Coroutine[Any, Any, None], answer: Any) -> Op:
    """Up to the next call of a port; `asyncio.sleep(0)` is passed over."""
    op = running.send(answer)
    while op is None:
        op = running.send(None)
    made: Op = op
    return made


_ERRORS = {"store": StoreUnavailable, "bus": BusUnavailable, "lost": PartitionLost}


def _throw(running: Coroutine[Any, Any, None], error: str) -> Op:
    op: Op | None = running.throw(_ERRORS[error]("lost"))
    return op if op is not None else _next(running, None)
