"""How a document of an aggregate lies in the store: state, fences, seen ids and outbox together, one atomic unit.

The body is MessagePack: an array of the fields of `Stored`. What is outside the state is bounded: 64 seen ids, 256
source sequences, the outbox of what is not yet known to be published, the idempotency keys of one day.
"""
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec

from chassis.domain.decider import Aggregate
from chassis.ports import Collection, Document, Scalar

S = TypeVar("S")

SEEN = 64  # ids remembered per document
SOURCES = 256  # source sequences remembered per document
NO_FENCE_KEY = -1  # an outbox entry whose cause has no offset: a timer, a request
_ID, _DIGEST = 8, 8
_WIDTH = _ID + _DIGEST
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class OutboxEntry(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One published event that the document owes: the whole record, and which offset of which place caused it."""

    seq: int
    id: str
    type: str
    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    at: int  # microseconds since 1970
    fence_key: int = NO_FENCE_KEY
    offset: int = -1


class UsedIdempotencyKey(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """An idempotency key that was used: the hash of its body, the revision it led to, its events, when (ms)."""

    key: str
    body_hash: str
    rev: int
    events: tuple[tuple[str, msgspec.Raw], ...]
    at: int


class StoredAggregate(msgspec.Struct, array_like=True):
    """The body. `schema` comes first: it says how `state` is to be read."""

    schema: int
    state: msgspec.Raw
    rev: int = 0
    updated: int | None = None  # business time of the last change, microseconds since 1970
    fences: dict[int, int] = {}  # place -> last offset applied
    seen: bytes = b""  # ring of (id hash, payload digest), 8 bytes each, the latest last
    sources: dict[int, int] = {}  # hash of (source, subject) -> last sequence; the latest used last
    out: tuple[OutboxEntry, ...] = ()
    out_seq: int = 0
    api: tuple[UsedIdempotencyKey, ...] = ()
    fired: int = 0  # timers fired so far
    replayed: bytes = b""  # ring like `seen`, of replays alone: one that is given back twice may come much later


class _Unread(StoredAggregate, array_like=True):
    """The same, with the outbox as it lies there."""

    out: msgspec.Raw = msgspec.Raw(b"\x90")  # type: ignore[assignment]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(StoredAggregate).decode
_decode_unread = msgspec.msgpack.Decoder(_Unread).decode
_entries = msgspec.msgpack.Decoder(tuple[OutboxEntry, ...]).decode


class DocumentCodec(Generic[S]):
    """Reads and writes the documents of one aggregate; old schemas go through its upcasters."""

    def __init__(self, service: str, aggregate: Aggregate[S]) -> None:
        self.aggregate = aggregate
        self.name = f"{service}.{aggregate.name}"
        self.history = f"{self.name}.history"
        self._state = msgspec.msgpack.Decoder(aggregate.state).decode

    def collections(self) -> tuple[Collection, ...]:
        """Declared index fields, and our own: `_due` (ms), `_pending`, `_updated` (ms), `_rev`."""
        own: dict[str, type] = {"_due": int, "_pending": int, "_updated": int, "_rev": int}
        indexes = (*self.aggregate.indexes, ("_due",), ("_pending",), ("_updated",))
        made = Collection(self.name, {**self.aggregate.fields, **own}, indexes)
        return (made, Collection(self.history, {})) if self.aggregate.history else (made,)

    def read(self, document: Document, settled: Mapping[int, int] | None = None) -> tuple[StoredAggregate, S]:
        """`settled` (place -> offset below which all is published): an outbox that owes nothing by it is left unread,
        and the answer has none. The records in it take as long to read as all the rest."""
        if settled is None:
            whole = _decode(document.body)
            return whole, self.state(whole)
        unread = _decode_unread(document.body)
        stored: StoredAggregate = unread
        stored.out = _entries(unread.out) if _may_owe(stored, document, settled) else ()
        return stored, self.state(stored)

    def state(self, stored: StoredAggregate) -> S:
        if stored.schema == self.aggregate.schema:
            return self._state(stored.state)
        if stored.schema > self.aggregate.schema:
            raise ValueError(f"{self.name}: schema {stored.schema} is newer than ours, {self.aggregate.schema}")
        old = msgspec.msgpack.decode(stored.state)
        for version in range(stored.schema, self.aggregate.schema):
            old = self.aggregate.upcasters[version](old)
        return msgspec.convert(old, self.aggregate.state)

    def write(
        self, key: str, version: int, stored: StoredAggregate, state: S, before: Mapping[str, Scalar] | None = None,
    ) -> Document:
        """The document that is to be saved over `version`, whose index values were `before`."""
        stored.schema, stored.state = self.aggregate.schema, msgspec.Raw(_encode(state))
        index: dict[str, Scalar] = dict(self.aggregate.index(state)) if stored.rev else {}
        due = self.aggregate.decider.next_deadline(state)
        index["_due"] = None if due is None else millis(due)
        index["_pending"] = [e.fence_key for e in stored.out].count(NO_FENCE_KEY) if stored.out else 0
        index["_updated"] = None if stored.updated is None else stored.updated // 1000
        index["_rev"] = stored.rev
        return Document(key, version, _encode(stored), index, before)


def _may_owe(stored: StoredAggregate, document: Document, settled: Mapping[int, int]) -> bool:
    """Told without reading it: no entry lies beyond the fence of its place, and `_pending` counts those of no place."""
    if document.index.get("_pending") != 0:
        return True
    return any(offset >= settled.get(place, 0) for place, offset in stored.fences.items())


def stored_of(document: Document) -> StoredAggregate:
    """All but the state, which may be of an older schema."""
    return _decode(document.body)


def fresh() -> StoredAggregate:
    return StoredAggregate(0, msgspec.Raw(b"\xc0"), fences={}, sources={})


# --- what was seen ---------------------------------------------------------------------------------------------------


def id_hash(source: str, id: str) -> bytes:
    return hashlib.blake2b(f"{source}\x00{id}".encode(), digest_size=_ID).digest()


@lru_cache(maxsize=100_000)
def source_hash(source: str, subject: str) -> int:
    """A signed 64-bit integer for (source, subject)."""
    return int.from_bytes(id_hash(source, subject), "big", signed=True)


def seen_digest(ring: bytes, hashed: bytes) -> bytes | None:
    """The payload digest under which the id was seen; None: not seen."""
    at = ring.find(hashed)
    while at >= 0 and at % _WIDTH:
        at = ring.find(hashed, at + 1)
    return None if at < 0 else ring[at + _ID : at + _WIDTH]


def with_seen(ring: bytes, hashed: bytes, digest: bytes) -> bytes:
    return ring[-(SEEN - 1) * _WIDTH :] + hashed + digest[:_DIGEST].ljust(_DIGEST, b"\0")


def with_source(sources: dict[int, int], source: int, sequence: int) -> None:
    """Remember the last sequence of a source, the latest used at the end, the longest unused dropped."""
    sources.pop(source, None)
    sources[source] = sequence
    if len(sources) > SOURCES:
        del sources[next(iter(sources))]


# --- times -----------------------------------------------------------------------------------------------------------


def micros(at: datetime) -> int:
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def millis(at: datetime) -> int:
    """Rounded up, so that what is found due by milliseconds is due."""
    return -(-micros(at) // 1000)


def moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


# --- events in the memory of idempotency keys ------------------------------------------------------------------------


def pack_events(events: tuple[Any, ...]) -> tuple[tuple[str, msgspec.Raw], ...]:
    return tuple((f"{type(e).__module__}:{type(e).__qualname__}", msgspec.Raw(_encode(e))) for e in events)


def unpack_events(packed: tuple[tuple[str, msgspec.Raw], ...]) -> tuple[Any, ...]:
    """Events whose class this release no longer has are left out."""
    return tuple(msgspec.msgpack.decode(raw, type=cls) for name, raw in packed if (cls := _class(name)) is not None)


@lru_cache(maxsize=1000)
def _class(name: str) -> type | None:
    import importlib

    module, _, qualname = name.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in qualname.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError):
        return None
    return found if isinstance(found, type) else None


# --- rows of the history ---------------------------------------------------------------------------------------------


def row_id(key: str, sequence: int) -> str:
    return f"{key}|{sequence:010d}"


def row_of(key: str, entry: OutboxEntry) -> Document:
    """An immutable row: what went out, as it went out."""
    return Document(row_id(key, entry.seq), 1, _encode((entry.seq, entry.id, entry.type, entry.at, entry.value)), {})


def read_row(document: Document) -> tuple[int, str, str, datetime, Mapping[str, Any]]:
    seq, id, type, at, value = msgspec.msgpack.decode(document.body)
    return seq, id, type, moment(at), msgspec.json.decode(value)
