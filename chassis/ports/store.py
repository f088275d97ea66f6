"""`Store`: documents written one by one with compare-and-set, found by declared index fields."""
from collections.abc import Collection as Many
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Collection:
    """A kind of documents, and the index fields by which they can be found. `unique` is not needed: ids are unique."""

    name: str
    fields: Mapping[str, type]  # declared index fields: str, int, float or bool; a document may leave any of them None
    indexes: tuple[tuple[str, ...], ...] = ()  # of those fields, leading ones by equality, the last by range or order


class Document(msgspec.Struct, frozen=True, gc=False):
    """`version`: the one the store is expected to hold when saving (0: none yet); loaded, the one it holds.

    `before`: the index values of that version as they were loaded, if the writer knows them; a store may then leave
    alone what did not change.
    """

    id: str
    version: int
    body: bytes
    index: Mapping[str, Scalar] = {}
    before: Mapping[str, Scalar] | None = None


@dataclass(frozen=True, slots=True)
class Between:
    """From `low` inclusive to `high` exclusive; None is open."""

    low: Scalar = None
    high: Scalar = None


@dataclass(frozen=True, slots=True)
class AnyOf:
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Contains:
    """Case-insensitive part of a text."""

    text: str


Condition = Scalar | Between | AnyOf | Contains
Where = Mapping[str, Condition]


@dataclass(frozen=True, slots=True)
class Page:
    documents: tuple[Document, ...]
    next: str | None  # an opaque cursor; None at the end


@dataclass(frozen=True, slots=True)
class Group:
    """One group of `Store.count`: the values of the fields grouped by, how many documents, and sums of int fields."""

    by: Mapping[str, Scalar]
    n: int
    sums: Mapping[str, int]


class Store(Protocol):
    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def ensure(self, collections: Iterable[Collection]) -> None:
        """Create collections and indexes that are missing, add fields that are new; repeatable, by several at once."""
        ...

    async def load(self, collection: str, ids: Iterable[str]) -> dict[str, Document]:
        """The documents that exist, as last acknowledged by a majority."""
        ...

    async def save(self, collection: str, documents: Sequence[Document]) -> frozenset[str]:
        """Write each whose stored version still is `document.version` (0: none stored) as version + 1.

        Returns the ids that lost the race; the others are durable. Raises StoreUnavailable when it does not know:
        the caller then loads again and looks.
        """
        ...

    async def save_newer(self, collection: str, documents: Sequence[Document]) -> None:
        """Write each that is absent or stored under a LOWER version than `document.version`, as that version.

        A repeat changes nothing. Immutable rows are put with version 1; cells and facts with their record's number.
        """
        ...

    async def find(
        self, collection: str, where: Where, *, order: str | None = None, descending: bool = False,
        after: str | None = None, limit: int = 100,
    ) -> Page:
        """Documents that meet every condition, ordered by (field, id) or by id; None orders first."""
        ...

    async def count(
        self, collection: str, where: Where, *, by: Sequence[str] = (), sums: Sequence[str] = (),
    ) -> list[Group]:
        """Groups in order of their values; without `by` exactly one group."""
        ...

    async def delete(self, collection: str, ids: Many[str]) -> None: ...

    async def ids(self, collection: str, *, prefix: str = "", after: str = "", limit: int = 1000) -> list[str]:
        """Ids that begin with the prefix, in order, after the given one."""
        ...
