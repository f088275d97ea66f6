"""The embedded store: one table per collection, one column per declared index field."""
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Collection as Many
from pathlib import Path
from typing import Literal, TypeVar

import apsw

from chassis.adapters.sqlite import documents, queries
from chassis.adapters.sqlite.database import Database, DatabaseUnavailable
from chassis.ports import Collection, Document, Group, Page, StoreUnavailable, Where
from chassis.ports.query import check_collection, check_fields, encode_cursor

T = TypeVar("T")


class SqliteStore:
    def __init__(self, path: Path | str | Database, *, sync: Literal["normal", "full"] = "normal") -> None:
        self.database = path if isinstance(path, Database) else Database(path, sync=sync)
        self._shapes: dict[str, documents.CollectionTable] = {}

    async def start(self) -> None:
        await self.database.start()

    async def stop(self) -> None:
        await self.database.stop()

    async def ensure(self, collections: Iterable[Collection]) -> None:
        declared = list(collections)
        for collection in declared:
            check_collection(collection)
        shapes = await self._write(lambda connection: documents.ensure(connection, declared))
        self._shapes |= shapes

    async def load(self, collection: str, ids: Iterable[str]) -> dict[str, Document]:
        shape, requested = await self._shape(collection), list(dict.fromkeys(ids))
        return await self._read(lambda connection: documents.load(connection, shape, requested)) if requested else {}

    async def save(self, collection: str, documents_: Sequence[Document]) -> frozenset[str]:
        if not documents_:
            return frozenset()
        shape = await self._checked(collection, documents_)
        return await self._write(lambda connection: documents.save(connection, shape, documents_))

    async def save_newer(self, collection: str, documents_: Sequence[Document]) -> None:
        if not documents_:
            return
        shape = await self._checked(collection, documents_)
        await self._write(lambda connection: documents.save_newer(connection, shape, documents_))

    async def find(
        self, collection: str, where: Where, *, order: str | None = None, descending: bool = False,
        after: str | None = None, limit: int = 100,
    ) -> Page:
        if limit < 1:
            raise ValueError("limit must be at least 1")
        shape = await self._shape(collection, [*where, *([order] if order else [])])
        steps = queries.pages(shape, where, order, descending, after)
        rows = await self._read(lambda connection: queries.run(connection, steps, limit + 1))
        documents_found = tuple(documents.document(shape, row) for row in rows[:limit])
        if len(rows) <= limit:
            return Page(documents_found, None)
        end = documents_found[-1]
        return Page(documents_found, encode_cursor(order, descending, end.index.get(order) if order else None, end.id))

    async def count(
        self, collection: str, where: Where, *, by: Sequence[str] = (), sums: Sequence[str] = (),
    ) -> list[Group]:
        shape = await self._shape(collection, [*where, *by, *sums])
        return await self._read(lambda connection: queries.count(connection, shape, where, by, sums))

    async def delete(self, collection: str, ids: Many[str]) -> None:
        shape, gone = await self._shape(collection), list(ids)
        if gone:
            await self._write(lambda connection: documents.delete(connection, shape, gone))

    async def ids(self, collection: str, *, prefix: str = "", after: str = "", limit: int = 1000) -> list[str]:
        shape = await self._shape(collection)
        return await self._read(lambda connection: queries.ids(connection, shape, prefix, after, limit))

    async def _checked(self, collection: str, some: Sequence[Document]) -> documents.CollectionTable:
        if len({document.id for document in some}) != len(some):
            raise ValueError("a document id appears twice in one write")
        return await self._shape(collection, {name for document in some for name in document.index})

    async def _shape(self, collection: str, used: Iterable[str] = ()) -> documents.CollectionTable:
        """The cached table of a collection, reloaded when another process may have created or extended it."""
        names = list(used)
        shape = self._shapes.get(collection)
        if shape is None or any(name not in shape.fields for name in names):
            shape = await self._read(lambda connection: documents.shape_of(connection, collection))
            if shape is None:
                raise ValueError(f"collection {collection!r} is not declared; call ensure() first")
            check_fields(collection, shape.fields, names)
            self._shapes[collection] = shape
        return shape

    async def _read(self, job: Callable[[apsw.Connection], T]) -> T:
        try:
            return await self.database.read(job)
        except DatabaseUnavailable as error:
            raise StoreUnavailable(str(error)) from error

    async def _write(self, job: Callable[[apsw.Connection], T]) -> T:
        try:
            return await self.database.write(job)
        except DatabaseUnavailable as error:
            raise StoreUnavailable(str(error)) from error


