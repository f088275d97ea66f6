"""A store of which several ask at the same moment, and that is asked once.

A projector counts its partitions side by side, each with the same questions in the same order. Each question is a way
to another thread or to another machine and back, and each write waits for its turn; together they wait once.
"""
import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from collections.abc import Collection as Many
from dataclasses import dataclass
from typing import Any

from chassis.ports import Collection, Document, Group, Page, Store, Where

AT_ONCE = 2_000  # documents; a larger question of one is left as it is

Question = tuple[str, str]
"""What is asked, of which collection."""


@dataclass(slots=True)
class _Asked:
    what: Sequence[Any]
    names: frozenset[str]
    answer: "asyncio.Future[Any]"


class Together:
    """`ports.Store` over another one; promises what that one does. A failure is told to all who asked together."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rounds: dict[Question, list[_Asked]] = {}
        self._running: set[asyncio.Task[None]] = set()

    # --- asked together ----------------------------------------------------------------------------------------------

    async def load(self, collection: str, ids: Iterable[str]) -> dict[str, Document]:
        wanted = list(ids)
        found = await self._ask("load", collection, wanted, wanted)
        return {id: found[id] for id in wanted if id in found}

    async def save(self, collection: str, documents: Sequence[Document]) -> frozenset[str]:
        names = [d.id for d in documents]
        lost: frozenset[str] = await self._ask("save", collection, documents, names)
        return lost.intersection(names)

    async def put_newer(self, collection: str, documents: Sequence[Document]) -> None:
        await self._ask("put_newer", collection, documents, [d.id for d in documents])

    async def _ask(self, how: str, collection: str, what: Sequence[Any], names: Iterable[str]) -> Any:
        loop = asyncio.get_running_loop()
        asked = _Asked(what, frozenset(names), loop.create_future())
        waiting = self._rounds.setdefault((how, collection), [])
        if not waiting:
            loop.call_soon(self._go, (how, collection))  # behind all that can go on at this moment
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
                if not asked.answer.done():  # else who asked has gone
                    asked.answer.set_result(answer)

    # --- passed on ---------------------------------------------------------------------------------------------------

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
    """As much as goes into one question. Two who name the same document are never in one: the second would be compared
    with what the first has written."""
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
