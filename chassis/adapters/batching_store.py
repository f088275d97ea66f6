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

AT_ONCE = 2_000  # documents per merged call; a larger single call is passed on unchanged

Question = tuple[str, str]
"""Operation and collection of a call."""


@dataclass(slots=True)
class _Asked:
    what: Sequence[Any]
    names: frozenset[str]
    answer: "asyncio.Future[Any]"


class BatchingStore:
    """`ports.Store` over another store with the same guarantees. A failed call fails all that were merged into it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rounds: dict[Question, list[_Asked]] = {}
        self._running: set[asyncio.Task[None]] = set()

    # --- merged calls ------------------------------------------------------------------------------------------------

    async def load(self, collection: str, ids: Iterable[str]) -> dict[str, Document]:
        wanted = list(ids)
        found = await self._ask("load", collection, wanted, wanted)
        return {id: found[id] for id in wanted if id in found}

    async def save(self, collection: str, documents: Sequence[Document]) -> frozenset[str]:
        names = [d.id for d in documents]
        lost: frozenset[str] = await self._ask("save", collection, documents, names)
        return lost.intersection(names)

    async def save_newer(self, collection: str, documents: Sequence[Document]) -> None:
        await self._ask("save_newer", collection, documents, [d.id for d in documents])

    async def _ask(self, how: str, collection: str, what: Sequence[Any], names: Iterable[str]) -> Any:
        loop = asyncio.get_running_loop()
        asked = _Asked(what, frozenset(names), loop.create_future())
        waiting = self._rounds.setdefault((how, collection), [])
        if not waiting:
            loop.call_soon(self._go, (how, collection))  # after everything that is ready to run now
        waiting.append(asked)
        return await asked.answer

    def _go(self, question: Question) -> None:
        for some in _parts(self._rounds.pop(question)):
            task = asyncio.ensure_future(self._run(question, some))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _run(self, question: Question, some: Sequence[_Asked]) -> None:
        how, collection = question
        asking: Callable[[str, Sequence[Any]], Awaitable[Any]] = getattr(self._store, how)
        try:
            answer = await asking(collection, [each for asked in some for each in asked.what])
        except asyncio.CancelledError:
            for asked in some:
                asked.answer.cancel()
            raise
        except Exception as error:
            for asked in some:
                if not asked.answer.done():
                    asked.answer.set_exception(error)
        else:
            for asked in some:
                if not asked.answer.done():  # else the caller was cancelled
                    asked.answer.set_result(answer)

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


def _parts(waiting: Iterable[_Asked]) -> Iterator[list[_Asked]]:
    """Splits calls into merged batches. Two calls that name the same document never share one: the second would be
    compared with what the first has written."""
    some: list[_Asked] = []
    names: set[str] = set()
    for asked in waiting:
        if some and (len(names) + len(asked.names) > AT_ONCE or not names.isdisjoint(asked.names)):
            yield some
            some, names = [], set()
        some.append(asked)
        names |= asked.names
    if some:
        yield some
