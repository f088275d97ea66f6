"""Store port: documents written one by one with compare-and-set, found by declared index fields."""
from collections.abc import Collection as Many
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection and the index fields by which its documents are found. Ids are unique, no index is."""

    name: str
    fields: Mapping[str, type]  # declared index fields: str, int, float or bool; any of them may be None
    indexes: tuple[tuple[str, ...], ...] = ()  # of those fields, leading ones by equality, the last by range or order


class Document(msgspec.Struct, frozen=True, gc=False):
    """`version`: when saving, the one expected in the store (0: none yet); when loaded, the stored one.

    `before`: the index values loaded with that version, if the writer knows them; a store may then skip unchanged
    ones.
    """

    id: str
    version: int
    body: bytes
    index: Mapping[str, Scalar] = {}
    before: Mapping[str, Scalar] | None = None


@dataclass(frozen=True, slots=True)
class Between:
    """From `low` inclusive to `high` exclusive; None is unbounded."""

    low: Scalar = None
    high: Scalar = None


@dataclass(frozen=True, slots=True)
class AnyOf:
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Contains:
    """Case-insensitive substring."""

    text: str


Condition = Scalar | Between | AnyOf | Contains
Where = Mapping[str, Condition]


@dataclass(frozen=True, slots=True)
class Page:
    documents: tuple[Document, ...]
    next: str | None  # an opaque cursor; None at the end


@dataclass(frozen=True, slots=True)
class Group:
    """One group of `Store.count`: values of the grouping fields, number of documents, sums of int fields."""

    by: Mapping[str, Scalar]
    n: int
    sums: Mapping[str, int]


class Store(Protocol):
    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def ensure(self, collections: Iterable[Collection]) -> None:
        """Create missing collections and indexes, add new fields; idempotent, also when several call it at once."""
        ...

    async def load(self, collection: str, ids: Iterable[str]) -> dict[str, Document]:
        """The existing documents, as last acknowledged by a majority."""
        ...

    async def save(self, collection: str, documents: Sequence[Document]) -> frozenset[str]:
        """Write each whose stored version still is `document.version` (0: none stored) as version + 1.

        Returns the ids with a version conflict; the others are durable. Raises StoreUnavailable when the result is
        unknown: the caller then loads again and compares.
        """
        ...

    async def save_newer(self, collection: str, documents: Sequence[Document]) -> None:
        """Write each that is absent or stored under a LOWER version than `document.version`, as that version.

        Idempotent. Immutable rows have version 1; cells and facts the number of their journal record.
        """
        ...

    async def find(
        self, collection: str, where: Where, *, order: str | None = None, descending: bool = False,
        after: str | None = None, limit: int = 100,
    ) -> Page:
        """Documents that match every condition, ordered by (field, id) or by id; None sorts first."""
        ...

    async def count(
        self, collection: str, where: Where, *, by: Sequence[str] = (), sums: Sequence[str] = (),
    ) -> list[Group]:
        """Groups in order of their values; without `by` exactly one group."""
        ...

    async def delete(self, collection: str, ids: Many[str]) -> None: ...

    async def ids(self, collection: str, *, prefix: str = "", after: str = "", limit: int = 1000) -> list[str]:
        """Ids that begin with the prefix, in order, after `after`."""
        ...
