"""Codec of aggregate documents: state, fences, seen ids and outbox in one document, the unit of atomic writes.

The body is MessagePack: an array of the fields of `StoredAggregate`. Everything outside the state is bounded: 64 seen
ids, 256 source sequences, outbox entries not yet known to be published, idempotency keys of one day.
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
NO_FENCE_KEY = -1  # of outbox entries whose cause has no offset: a deadline, a request
_ID, _DIGEST = 8, 8
_WIDTH = _ID + _DIGEST
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

PublishedOffsets = Mapping[int, int]
"""{fence key: offset}: everything caused by records below the offset is known to be published."""


class OutboxEntry(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One event to be published: the complete record, and which offset of which partition caused it."""

    seq: int
    id: str
    type: str
    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    at: int  # business time, microseconds since 1970
    fence_key: int = NO_FENCE_KEY
    offset: int = -1


class UsedIdempotencyKey(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The hash of the request's body, the revision and the events it led to, when (ms since 1970)."""

    key: str
    body_hash: str
    rev: int
    events: tuple[tuple[str, msgspec.Raw], ...]
    at: int


class StoredAggregate(msgspec.Struct, array_like=True):
    """The body of a document. `schema` is first: it defines how `state` is decoded."""

    schema: int
    state: msgspec.Raw
    rev: int = 0
    updated: int | None = None  # business time of the last change, microseconds since 1970
    fences: dict[int, int] = {}  # fence key -> last offset applied
    seen: bytes = b""  # ring of (id hash, payload digest), 8 bytes each, the newest last
    sources: dict[int, int] = {}  # hash of (source, subject) -> last sequence; the most recently used last
    outbox: tuple[OutboxEntry, ...] = ()
    outbox_sequence: int = 0
    used_keys: tuple[UsedIdempotencyKey, ...] = ()
    fired_deadlines: int = 0
    replayed: bytes = b""  # ring like `seen`, of replayed dead letters only: a second replay may come much later


class _WithRawOutbox(StoredAggregate, array_like=True):
    """The same body, its outbox not decoded."""

    outbox: msgspec.Raw = msgspec.Raw(b"\x90")  # type: ignore[assignment]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(StoredAggregate).decode
_decode_raw_outbox = msgspec.msgpack.Decoder(_WithRawOutbox).decode
_decode_outbox = msgspec.msgpack.Decoder(tuple[OutboxEntry, ...]).decode


class DocumentCodec(Generic[S]):
    """Encodes and decodes the documents of one aggregate; older schemas pass through its upcasters."""

    def __init__(self, service: str, aggregate: Aggregate[S]) -> None:
        self.aggregate = aggregate
        self.name = f"{service}.{aggregate.name}"
        self.history = f"{self.name}.history"
        self._decode_state = msgspec.msgpack.Decoder(aggregate.state).decode

    def collections(self) -> tuple[Collection, ...]:
        """The collection with the declared index fields and `_due` (ms), `_pending`, `_updated` (ms), `_rev`."""
        own: dict[str, type] = {"_due": int, "_pending": int, "_updated": int, "_rev": int}
        indexes = (*self.aggregate.indexes, ("_due",), ("_pending",), ("_updated",))
        documents = Collection(self.name, {**self.aggregate.fields, **own}, indexes)
        return (documents, Collection(self.history, {})) if self.aggregate.history else (documents,)

    def decode(self, document: Document, published: PublishedOffsets | None = None) -> tuple[StoredAggregate, S]:
        """Body and state. With `published`, an outbox that is known to be published is returned empty: decoding its
        records takes as long as decoding everything else."""
        if published is None:
            complete = _decode(document.body)
            return complete, self.decode_state(complete)
        raw = _decode_raw_outbox(document.body)
        stored: StoredAggregate = raw
        stored.outbox = _decode_outbox(raw.outbox) if _may_have_unpublished(stored, document, published) else ()
        return stored, self.decode_state(stored)

    def decode_state(self, stored: StoredAggregate) -> S:
        """Raises ValueError for a schema newer than the aggregate's."""
        if stored.schema == self.aggregate.schema:
            return self._decode_state(stored.state)
        if stored.schema > self.aggregate.schema:
            raise ValueError(
                f"{self.name}: schema {stored.schema} is too new; this release reads up to {self.aggregate.schema}")
        old = msgspec.msgpack.decode(stored.state)
        for version in range(stored.schema, self.aggregate.schema):
            old = self.aggregate.upcasters[version](old)
        return msgspec.convert(old, self.aggregate.state)

    def encode(
        self, key: str, version: int, stored: StoredAggregate, state: S, before: Mapping[str, Scalar] | None = None,
    ) -> Document:
        """The document to be saved over `version`, whose index values were `before`."""
        stored.schema, stored.state = self.aggregate.schema, msgspec.Raw(_encode(state))
        index: dict[str, Scalar] = dict(self.aggregate.index(state)) if stored.rev else {}
        due = self.aggregate.decider.next_deadline(state)
        index["_due"] = None if due is None else millis(due)
        index["_pending"] = [e.fence_key for e in stored.outbox].count(NO_FENCE_KEY) if stored.outbox else 0
        index["_updated"] = None if stored.updated is None else stored.updated // 1000
        index["_rev"] = stored.rev
        return Document(key, version, _encode(stored), index, before)


def _may_have_unpublished(stored: StoredAggregate, document: Document, published: PublishedOffsets) -> bool:
    """Decided without decoding the outbox: no entry is beyond the fence of its partition, and `_pending` counts those
    without a partition."""
    if document.index.get("_pending") != 0:
        return True
    return any(offset >= published.get(key, 0) for key, offset in stored.fences.items())


def decode_stored(document: Document) -> StoredAggregate:
    """The body without decoding its state, which may have an older schema."""
    return _decode(document.body)


def empty_aggregate() -> StoredAggregate:
    return StoredAggregate(0, msgspec.Raw(b"\xc0"), fences={}, sources={})


# --- seen ids and sequences ------------------------------------------------------------------------------------------


def id_hash(source: str, id: str) -> bytes:
    return hashlib.blake2b(f"{source}\x00{id}".encode(), digest_size=_ID).digest()


@lru_cache(maxsize=100_000)
def source_hash(source: str, subject: str) -> int:
    """A signed 64-bit integer for (source, subject)."""
    return int.from_bytes(id_hash(source, subject), "big", signed=True)


def seen_digest(ring: bytes, hashed: bytes) -> bytes | None:
    """The payload digest under which the id was seen; None when it was not."""
    at = ring.find(hashed)
    while at >= 0 and at % _WIDTH:
        at = ring.find(hashed, at + 1)
    return None if at < 0 else ring[at + _ID : at + _WIDTH]


def ring_with(ring: bytes, hashed: bytes, digest: bytes) -> bytes:
    """The ring with this id as its newest one; the oldest is dropped when the ring is full."""
    return ring[-(SEEN - 1) * _WIDTH :] + hashed + digest[:_DIGEST].ljust(_DIGEST, b"\0")


def remember_sequence(sources: dict[int, int], source: int, sequence: int) -> None:
    """Store the last sequence of a source as the most recently used; drop the least recently used beyond SOURCES."""
    sources.pop(source, None)
    sources[source] = sequence
    if len(sources) > SOURCES:
        del sources[next(iter(sources))]


# --- times -----------------------------------------------------------------------------------------------------------


def micros(at: datetime) -> int:
    """Microseconds since 1970."""
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def millis(at: datetime) -> int:
    """Milliseconds since 1970, rounded up: a deadline found by milliseconds has passed."""
    return -(-micros(at) // 1000)


def from_micros(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


# --- events of used idempotency keys ---------------------------------------------------------------------------------


def pack_events(events: tuple[Any, ...]) -> tuple[tuple[str, msgspec.Raw], ...]:
    return tuple((f"{type(e).__module__}:{type(e).__qualname__}", msgspec.Raw(_encode(e))) for e in events)


def unpack_events(packed: tuple[tuple[str, msgspec.Raw], ...]) -> tuple[Any, ...]:
    """Events whose class this release no longer has are left out."""
    found = ((_find_class(name), raw) for name, raw in packed)
    return tuple(msgspec.msgpack.decode(raw, type=cls) for cls, raw in found if cls is not None)


@lru_cache(maxsize=1000)
def _find_class(name: str) -> type | None:
    import importlib

    module, _, qualname = name.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in qualname.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError):
        return None
    return found if isinstance(found, type) else None


# --- history ---------------------------------------------------------------------------------------------------------


def history_row_id(key: str, sequence: int) -> str:
    return f"{key}|{sequence:010d}"


def history_row(key: str, entry: OutboxEntry) -> Document:
    """An immutable row with the published event as its consumers receive it."""
    body = _encode((entry.seq, entry.id, entry.type, entry.at, entry.value))
    return Document(history_row_id(key, entry.seq), 1, body, {})


def read_history_row(document: Document) -> tuple[int, str, str, datetime, Mapping[str, Any]]:
    """(sequence, id, type, business time, data)."""
    seq, id, type, at, value = msgspec.msgpack.decode(document.body)
    return seq, id, type, from_micros(at), msgspec.json.decode(value)
