"""In-memory document store."""
from collections.abc import Awaitable, Callable, Iterable, Sequence
from collections.abc import Collection as Many
from typing import Any

from chassis.ports import Collection, Document, Group, Page, Where
from chassis.ports.query import check_collection, check_fields, decode_cursor, encode_cursor, matches, sort_key

Hook = Callable[[str, Sequence[Document]], Awaitable[None]]


class MemoryStore:
    """`before_write` and `after_write` run around `save` and `save_newer`: StoreUnavailable raised in the first is a
    write that did not happen, in the second one that did, unknown to the caller."""

    def __init__(self) -> None:
        self.before_write: Hook | None = None
        self.after_write: Hook | None = None
        self._shapes: dict[str, dict[str, type]] = {}
        self._documents: dict[str, dict[str, Document]] = {}

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def ensure(self, collections: Iterable[Collection]) -> None:
        for collection in collections:
            check_collection(collection)
            shape = self._shapes.setdefault(collection.name, {})
            for name, kind in collection.fields.items():
                if shape.setdefault(name, kind) is not kind:
                    raise ValueError(f"{collection.name!r} declares {name!r} as {shape[name].__name__}")
            self._documents.setdefault(collection.name, {})

    async def load(self, collection: str, ids: Iterable[str]) -> dict[str, Document]:
        stored_documents = self._documents_of(collection)
        return {id: stored_documents[id] for id in ids if id in stored_documents}

    async def save(self, collection: str, documents: Sequence[Document]) -> frozenset[str]:
        stored_documents = self._checked(collection, documents)
        if self.before_write:
            await self.before_write(collection, documents)
        lost = set()
        for document in documents:
            stored = stored_documents.get(document.id)
            if document.version != (stored.version if stored else 0):
                lost.add(document.id)
            else:
                stored_documents[document.id] = _stored(document, document.version + 1)
        if self.after_write:
            await self.after_write(collection, documents)
        return frozenset(lost)

    async def save_newer(self, collection: str, documents: Sequence[Document]) -> None:
        stored_documents = self._checked(collection, documents)
        if self.before_write:
            await self.before_write(collection, documents)
        for document in documents:
            stored = stored_documents.get(document.id)
            if stored is None or stored.version < document.version:
                stored_documents[document.id] = _stored(document, document.version)
        if self.after_write:
            await self.after_write(collection, documents)

    async def find(
        self, collection: str, where: Where, *, order: str | None = None, descending: bool = False,
        after: str | None = None, limit: int = 100,
    ) -> Page:
        if limit < 1:
            raise ValueError("limit must be at least 1")
        check_fields(collection, self._shape(collection), [*where, *([order] if order else [])])

        def position(document: Document) -> tuple[Any, str]:
            return sort_key(document.index.get(order) if order else None), document.id

        matching = sorted(self._matching(collection, where), key=position, reverse=descending)
        if after is not None:
            value, id = decode_cursor(after, order, descending)
            last = (sort_key(value), id)
            matching = [d for d in matching if (position(d) < last if descending else position(d) > last)]
        page = matching[:limit]
        if len(matching) <= limit:
            return Page(tuple(page), None)
        end = page[-1]
        return Page(tuple(page), encode_cursor(order, descending, end.index.get(order) if order else None, end.id))

    async def count(
        self, collection: str, where: Where, *, by: Sequence[str] = (), sums: Sequence[str] = (),
    ) -> list[Group]:
        check_fields(collection, self._shape(collection), [*where, *by, *sums])
        groups: dict[tuple[Any, ...], list[Document]] = {} if by else {(): []}
        for document in self._matching(collection, where):
            groups.setdefault(tuple(document.index.get(name) for name in by), []).append(document)
        return [
            Group(
                dict(zip(by, values, strict=True)), len(groups[values]),
                {name: sum(int(d.index.get(name) or 0) for d in groups[values]) for name in sums},
            )
            for values in sorted(groups, key=lambda values: tuple(map(sort_key, values)))
        ]

    async def delete(self, collection: str, ids: Many[str]) -> None:
        stored_documents = self._documents_of(collection)
        for id in ids:
            stored_documents.pop(id, None)

    async def ids(self, collection: str, *, prefix: str = "", after: str = "", limit: int = 1000) -> list[str]:
        return sorted(id for id in self._documents_of(collection) if id.startswith(prefix) and id > after)[:limit]

    def _matching(self, collection: str, where: Where) -> list[Document]:
        return [
            document for document in self._documents_of(collection).values()
            if all(matches(document.index.get(name), condition) for name, condition in where.items())
        ]

    def _shape(self, collection: str) -> dict[str, type]:
        self._documents_of(collection)
        return self._shapes[collection]

    def _documents_of(self, collection: str) -> dict[str, Document]:
        try:
            return self._documents[collection]
        except KeyError:
            raise ValueError(f"collection {collection!r} is not declared; call ensure() first") from None

    def _checked(self, collection: str, documents: Sequence[Document]) -> dict[str, Document]:
        stored_documents = self._documents_of(collection)
        if len({d.id for d in documents}) != len(documents):
            raise ValueError("a document id appears twice in one write")
        shape = self._shapes[collection]
        for document in documents:
            check_fields(collection, shape, document.index)
        return stored_documents


def _stored(document: Document, version: int) -> Document:
    return Document(
        document.id, version, document.body, {k: v for k, v in document.index.items() if v is not None})
