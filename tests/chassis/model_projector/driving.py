"""Driving coroutines one store operation at a time, and turning what they hold into values and back."""
import random
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, TypeVar

from chassis.adapters.memory import MemoryStore
from chassis.ports import Document
from chassis.projections.documents import CellTotal, Fact, MembershipRow, decode_fact, decode_row, decode_total, encode
from chassis.projections.partition_state import Cache, CacheBudget, PartitionState

T = TypeVar("T")
Operation = tuple[str, tuple[Any, ...], dict[str, Any]]


class _Asked:
    """Awaited, it hands an operation to whoever drives the coroutine and takes the answer."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation

    def __await__(self) -> Generator[Operation, Any, Any]:
        answer = yield self._operation
        if isinstance(answer, Exception):
            raise answer
        return answer


class Gated:
    """A store every operation of which waits for the driver; writes of several documents are one operation each."""

    def __init__(self, shuffle: int | None = None) -> None:
        self._order = random.Random(shuffle) if shuffle is not None else None

    def __getattr__(self, name: str) -> Any:
        async def call(*args: Any, **named: Any) -> Any:
            return await _Asked((name, args, named))

        return call

    async def save_newer(self, collection: str, documents: Sequence[Document]) -> None:
        todo = list(documents)
        if self._order:
            self._order.shuffle(todo)
        for document in todo:
            await _Asked(("save_newer", (collection, [document]), {}))


class Shelf(MemoryStore):
    """The store of memory, filled from a state and emptied into one."""

    def __init__(self, collections: Iterable[Any], kept: "Kept") -> None:
        super().__init__()
        answer(self.ensure(collections))
        for collection, documents in kept:
            self._documents[collection] = {
                id: Document(id, version, body, dict(index)) for id, version, body, index in documents}

    def kept(self) -> "Kept":
        return tuple(
            (name, tuple(sorted((d.id, d.version, d.body, tuple(sorted(d.index.items()))) for d in held.values())))
            for name, held in sorted(self._documents.items()))


Kept = tuple[tuple[str, tuple[Any, ...]], ...]


def answer(coroutine: Any) -> Any:
    """Run what never really waits."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waited")


def freeze(held: PartitionState | None) -> tuple[Any, ...] | None:
    if held is None:
        return None
    caches = tuple(
        tuple(sorted((key, encode(value)) for key, value in {**cache._old, **cache._young}.items()))
        for cache in (held.facts, held.cells, held.members))
    return held.k, held.pos, held.at, tuple(held.failures), caches, tuple(held.window._batches), tuple(
        sorted(held.window.ids.items()))


def _fill(cache: Cache[T], pairs: Iterable[tuple[str, bytes]], decode: Callable[[bytes], T]) -> None:
    for key, body in pairs:
        cache.set(key, decode(body))


def thaw(frozen: tuple[Any, ...] | None, size: int) -> PartitionState | None:
    if frozen is None:
        return None
    k, pos, at, refused, (facts, cells, members), batches, ids = frozen
    held = PartitionState(
        k, pos, Cache[Fact](CacheBudget(size)), Cache[CellTotal](CacheBudget(size)),
        Cache[MembershipRow](CacheBudget(size)), at=at, failures=list(refused))
    _fill(held.facts, facts, decode_fact)
    _fill(held.cells, cells, decode_total)
    _fill(held.members, members, decode_row)
    held.window._batches.extend(batches)
    held.window.ids.update(ids)
    return held


class Answer:
    """An answer with the equality of its text."""

    __slots__ = ("_text", "value")

    def __init__(self, value: Any) -> None:
        self.value, self._text = value, repr(value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Answer) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)
