"""Store wrapper that merges concurrent calls into one.

A projector processes its partitions concurrently, each with the same sequence of store calls. Every call is a round
trip to another thread or machine, and every write queues; merged, they wait once.
"""
import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from collections.abc import Collection as Many
from dataclasses import dataclass
from typing import Any

from chassis.ports import Collection, Document, Group, Page, Store, Where

MAX_DOCUMENTS = 2_000  # documents per merged call; a larger single call is passed on unchanged

CallKey = tuple[str, str]
"""Operation and collection of a call."""


@dataclass(slots=True)
class _PendingCall:
    what: Sequence[Any]
    names: frozenset[str]
    result: "asyncio.Future[Any]"


class BatchingStore:
    """`ports.Store` over another store with the same guarantees. A failed call fails all that were merged into it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pending: dict[CallKey, list[_PendingCall]] = {}
        self._running: set[asyncio.Task[None]] = set()

    # --- merged calls ------------------------------------------------------------------------------------------------

    async def load(self, collection: str, ids: Iterable[str]) -> dict[str, Document]:
        requested = list(ids)
        loaded = await self._enqueue("load", collection, requested, requested)
        return {id: loaded[id] for id in requested if id in loaded}

    async def save(self, collection: str, documents: Sequence[Document]) -> frozenset[str]:
        names = [d.id for d in documents]
        lost: frozenset[str] = await self._enqueue("save", collection, documents, names)
        return lost.intersection(names)

    async def save_newer(self, collection: str, documents: Sequence[Document]) -> None:
        await self._enqueue("save_newer", collection, documents, [d.id for d in documents])

    async def _enqueue(self, how: str, collection: str, what: Sequence[Any], names: Iterable[str]) -> Any:
        loop = asyncio.get_running_loop()
        call = _PendingCall(what, frozenset(names), loop.create_future())
        waiting = self._pending.setdefault((how, collection), [])
        if not waiting:
            loop.call_soon(self._flush, (how, collection))  # after everything that is ready to run now
        waiting.append(call)
        return await call.result

    def _flush(self, key: CallKey) -> None:
        for calls in _parts(self._pending.pop(key)):
            task = asyncio.ensure_future(self._run(key, calls))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _run(self, key: CallKey, calls: Sequence[_PendingCall]) -> None:
        how, collection = key
        operation: Callable[[str, Sequence[Any]], Awaitable[Any]] = getattr(self._store, how)
        try:
            result = await operation(collection, [each for call in calls for each in call.what])
        except asyncio.CancelledError:
            for call in calls:
                call.result.cancel()
            raise
        except Exception as error:
            for call in calls:
                if not call.result.done():
                    call.result.set_exception(error)
        else:
            for call in calls:
                if not call.result.done():  # else the caller was cancelled
                    call.result.set_result(result)

    # --- delegated ---------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        await self._store.start()

    async def stop(self) -> None:
        await self._store.stop()

    async def ensure(self, collections: Iterable[Collection]) -> None:
        await self._store.ensure(collections)

    async def find(
        self, collection: str, where: Where, *, order: str | None = None, descending: bool = False,
        after: str | None = None, limit: int = 100,
    ) -> Page:
        return await self._store.find(
            collection, where, order=order, descending=descending, after=after, limit=limit)

    async def count(
        self, collection: str, where: Where, *, by: Sequence[str] = (), sums: Sequence[str] = (),
    ) -> list[Group]:
        return await self._store.count(collection, where, by=by, sums=sums)

    async def delete(self, collection: str, ids: Many[str]) -> None:
        await self._store.delete(collection, ids)

    async def ids(self, collection: str, *, prefix: str = "", after: str = "", limit: int = 1000) -> list[str]:
        return await self._store.ids(collection, prefix=prefix, after=after, limit=limit)


def _parts(waiting: Iterable[_PendingCall]) -> Iterator[list[_PendingCall]]:
    """Splits calls into merged batches. Two calls that name the same document never share one: the second would be
    compared with what the first has written."""
    batch: list[_PendingCall] = []
    names: set[str] = set()
    for call in waiting:
        if batch and (len(names) + len(call.names) > MAX_DOCUMENTS or not names.isdisjoint(call.names)):
            yield batch
            batch, names = [], set()
        batch.append(call)
        names |= call.names
    if batch:
        yield batch
