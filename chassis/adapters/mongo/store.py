"""Document store on any MongoDB-compatible server, through motor or PyMongo's asynchronous client.

Uses only operations that every such server has: insert, replace (with upsert) and find by `_id` and by declared index
fields; only single documents are atomic. Acknowledged means: by a majority and journaled. Retryable writes are off:
after a network error the caller reloads and compares, which is always correct, while a server that loses its retry
state in a crash would apply a write twice.

    {_id, v: version, t: token of the save that wrote it, b: body, i: {index fields that are not None}}
"""
import inspect
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from collections.abc import Collection as Many
from contextlib import contextmanager
from itertools import chain
from typing import Any, Literal

from bson.errors import BSONError
from bson.int64 import Int64
from pymongo import InsertOne, ReplaceOne
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure, PyMongoError, WriteConcernError
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

from chassis.ports import (
    AnyOf,
    Between,
    Collection,
    Condition,
    Contains,
    Document,
    Group,
    Page,
    Scalar,
    StoreUnavailable,
    UnsafeSetting,
    Where,
)
from chassis.ports.query import check_collection, check_fields, decode_cursor, encode_cursor, sort_key
from chassis.support import failpoints

Driver = Literal["motor", "pymongo"]
Filter = dict[str, Any]

DUPLICATE_KEY = 11000
CHUNK = 1000  # ids per query and documents per response
SHAPES = "triptych.shapes"  # {_id: collection, fields: {index field: its type}}
TYPES: dict[str, type] = {kind.__name__: kind for kind in (str, int, float, bool)}
DURABLE = WriteConcern(w="majority", j=True)
CANNOT_DURABLE = (2, 79, 100)  # BadValue (no journal), UnknownReplWriteConcern, UnsatisfiableWriteConcern
_IN_URL = {"w": "w", "j": "journal"}


class MongoStore:
    """`durable`: write concern of every acknowledged write. `start` refuses weaker settings unless `proving` is set,
    with which tests show what would be lost."""

    def __init__(
        self, url: str, database: str, driver: Driver = "motor", *, durable: WriteConcern = DURABLE,
        timeout_ms: int = 10_000, proving: bool = False,
    ) -> None:
        self._proving = proving
        self._url, self._name, self._driver, self._durable = url, database, driver, durable
        self._timeout_ms = timeout_ms
        self._client: Any = None
        self._database: Any = None
        self._shapes: dict[str, dict[str, type]] = {}

    async def start(self) -> None:
        """Connects. Raises StoreUnavailable, or UnsafeSetting when an acknowledged write could be lost."""
        self._client = _client_class(self._driver)(
            self._url, retryWrites=False, appname="triptych", tz_aware=True,
            serverSelectionTimeoutMS=self._timeout_ms, connectTimeoutMS=self._timeout_ms,
            socketTimeoutMS=2 * self._timeout_ms,
        )
        self._database = self._client.get_database(
            self._name, write_concern=self._durable, read_concern=ReadConcern("majority"),
            read_preference=ReadPreference.PRIMARY,
        )
        try:
            if not self._proving:
                refuse_weak(self._durable, self._client)
            with mongo_errors():
                await self._database.command("ping")
                await self._try_a_write()
        except BaseException:
            await self.stop()
            raise

    async def _try_a_write(self) -> None:
        """Makes one write now, since a server reports an unsupported write concern at the first write."""
        try:
            await self._database[SHAPES].update_one({"_id": " written"}, {"$set": {"declared": True}}, upsert=True)
        except (OperationFailure, WriteConcernError) as error:
            if error.code in CANNOT_DURABLE:
                raise UnsafeSetting(
                    f"The store of TRIPTYCH_MONGO does not support writes with w=majority, j=true: {error}. Enable its "
                    "journal (storage.journal, a persistent storage engine), or use another server.") from error
            raise

    async def stop(self) -> None:
        client, self._client, self._database = self._client, None, None
        if client is not None:
            closed = client.close()  # motor closes at once, PyMongo's client is awaited
            if inspect.isawaitable(closed):
                await closed

    async def ensure(self, collections: Iterable[Collection]) -> None:
        for collection in collections:
            check_collection(collection)
            await self._declare(collection)
            with mongo_errors():
                for index in collection.indexes:
                    keys = [*((f"i.{name}", 1) for name in index), ("_id", 1)]
                    await self._database[collection.name].create_index(keys, name="-".join(index))

    async def _declare(self, collection: Collection) -> None:
        """Stores the declared fields in the database, so that all processes agree on them."""
        declared = await self._declared(collection.name)
        for name, kind in collection.fields.items():
            if declared.get(name, kind) is not kind:
                raise ValueError(f"{collection.name!r} declares {name!r} as {declared[name].__name__}")
        fresh = {f"fields.{name}": kind.__name__ for name, kind in collection.fields.items() if name not in declared}
        if fresh or collection.name not in self._shapes:
            change: Filter = {"$set": fresh or {"declared": True}}
            with mongo_errors():
                try:
                    await self._database[SHAPES].update_one({"_id": collection.name}, change, upsert=True)
                except DuplicateKeyError:  # two concurrent upserts: it exists now
                    await self._database[SHAPES].update_one({"_id": collection.name}, change)
        self._shapes[collection.name] = {**declared, **collection.fields}

    async def _declared(self, collection: str) -> dict[str, type]:
        if self._database is None:
            raise StoreUnavailable("the store is not started")
        with mongo_errors():
            raw = await self._database[SHAPES].find_one({"_id": collection})
        if raw is None:
            return {}
        shape = {name: TYPES[kind] for name, kind in raw.get("fields", {}).items()}
        self._shapes[collection] = shape
        return shape

    async def load(self, collection: str, ids: Iterable[str]) -> dict[str, Document]:
        mongo_collection = await self._collection(collection)
        requested = list(dict.fromkeys(ids))
        documents: dict[str, Document] = {}
        with mongo_errors():
            for at in range(0, len(requested), CHUNK):
                cursor = mongo_collection.find({"_id": {"$in": requested[at : at + CHUNK]}})
                documents |= {raw["_id"]: _document(raw) for raw in await cursor.to_list(length=CHUNK)}
        return documents

    async def save(self, collection: str, documents: Sequence[Document]) -> frozenset[str]:
        """See the port. A batch with lost writes is read back, since a server only counts replacements. If another
        writer continued from our version meanwhile, the outcome is unknown and StoreUnavailable is raised."""
        mongo_collection = await self._checked(collection, documents)
        token = uuid.uuid4().hex
        operations = [_compare_and_set(document, token) for document in documents]
        if not operations:
            return frozenset()
        written, refused = await _bulk(mongo_collection, operations)
        lost = {documents[n].id for n in refused}  # inserts whose id exists
        replaced = [document for document in documents if document.version]
        matched = written - (len(documents) - len(replaced) - len(lost))
        if matched == 0:
            lost |= {document.id for document in replaced}
        elif matched < len(replaced):
            lost |= await self._lost(mongo_collection, replaced, token)
        return frozenset(lost)

    async def _lost(self, mongo_collection: Any, documents: Sequence[Document], token: str) -> set[str]:
        lost = set()
        for at in range(0, len(documents), CHUNK):
            chunk = documents[at : at + CHUNK]
            with mongo_errors():
                cursor = mongo_collection.find({"_id": {"$in": [document.id for document in chunk]}}, {"v": 1, "t": 1})
                stored = {raw["_id"]: raw for raw in await cursor.to_list(length=CHUNK)}
            for document in chunk:
                current = stored.get(document.id)
                if current is not None and current.get("t") == token:
                    continue
                if current is not None and current["v"] > document.version + 1:
                    raise StoreUnavailable(f"{document.id!r} was written again before the outcome could be read")
                lost.add(document.id)
        return lost

    async def save_newer(self, collection: str, documents: Sequence[Document]) -> None:
        mongo_collection = await self._checked(collection, documents)
        operations = [_if_newer(document, upsert=True) for document in documents]
        if operations:
            _, refused = await _bulk(mongo_collection, operations)
            if refused:  # an equal or newer version is stored, or an older one was inserted concurrently: replace that
                await _bulk(mongo_collection, [_if_newer(documents[n], upsert=False) for n in refused])

    async def find(
        self, collection: str, where: Where, *, order: str | None = None, descending: bool = False,
        after: str | None = None, limit: int = 100,
    ) -> Page:
        if limit < 1:
            raise ValueError("limit must be at least 1")
        mongo_collection = await self._collection(collection, [*where, *([order] if order else [])])
        condition = _filter(where)
        if after is not None:
            value, id = decode_cursor(after, order, descending)
            condition = {"$and": [condition, _after(order, descending, value, id)]}
        direction = -1 if descending else 1
        sort = [*([(f"i.{order}", direction)] if order else []), ("_id", direction)]
        with mongo_errors():
            raws = await mongo_collection.find(condition).sort(sort).limit(limit + 1).to_list(length=limit + 1)
        page = tuple(_document(raw) for raw in raws[:limit])
        if len(raws) <= limit:
            return Page(page, None)
        end = page[-1]
        return Page(page, encode_cursor(order, descending, end.index.get(order) if order else None, end.id))

    async def count(
        self, collection: str, where: Where, *, by: Sequence[str] = (), sums: Sequence[str] = (),
    ) -> list[Group]:
        """Grouped in the client: only the needed fields of each matching document are transferred."""
        mongo_collection = await self._collection(collection, [*where, *by, *sums])
        fields = {f"i.{name}": 1 for name in dict.fromkeys([*by, *sums])}
        numbers: dict[tuple[Scalar, ...], int] = {} if by else {(): 0}
        totals: dict[tuple[Scalar, ...], list[int]] = {} if by else {(): [0] * len(sums)}
        with mongo_errors():
            async for raw in _each(mongo_collection.find(_filter(where), {"_id": 1, **fields})):
                index = _index(raw)
                values = tuple(index.get(name) for name in by)
                numbers[values] = numbers.get(values, 0) + 1
                total = totals.setdefault(values, [0] * len(sums))
                for n, name in enumerate(sums):
                    total[n] += int(index.get(name) or 0)
        return [
            Group(dict(zip(by, values, strict=True)), numbers[values], dict(zip(sums, totals[values], strict=True)))
            for values in sorted(numbers, key=lambda values: tuple(map(sort_key, values)))
        ]

    async def delete(self, collection: str, ids: Many[str]) -> None:
        mongo_collection = await self._collection(collection)
        remaining = list(ids)
        with mongo_errors():
            for at in range(0, len(remaining), CHUNK):
                await mongo_collection.delete_many({"_id": {"$in": remaining[at : at + CHUNK]}})

    async def ids(self, collection: str, *, prefix: str = "", after: str = "", limit: int = 1000) -> list[str]:
        span: Filter = {"$gt": after} if after >= prefix else {"$gte": prefix}
        beyond = _beyond(prefix)
        if beyond is not None:
            span["$lt"] = beyond
        mongo_collection = await self._collection(collection)
        with mongo_errors():
            cursor = mongo_collection.find({"_id": span}, {"_id": 1}).sort([("_id", 1)]).limit(limit)
            return [raw["_id"] for raw in await cursor.to_list(length=limit)]

    async def _collection(self, collection: str, used: Iterable[str] = ()) -> Any:
        """The collection. Raises ValueError when it or a used field was never declared by any process."""
        if self._database is None:
            raise StoreUnavailable("the store is not started")
        if collection not in self._shapes:
            await self._declared(collection)
            if collection not in self._shapes:
                raise ValueError(f"collection {collection!r} is not declared; call ensure() first")
        used = set(used)
        if not used <= self._shapes[collection].keys():
            check_fields(collection, await self._declared(collection), used)
        return self._database[collection]

    async def _checked(self, collection: str, documents: Sequence[Document]) -> Any:
        if len({document.id for document in documents}) != len(documents):
            raise ValueError("a document id appears twice in one write")
        return await self._collection(collection, chain.from_iterable(document.index for document in documents))


def refuse_weak(durable: WriteConcern, client: Any) -> None:
    """Raises UnsafeSetting when `durable` or the URL specifies less than a journaled majority. The URL has no effect,
    since every operation sets its own concern, but its author believes that it has."""
    configured = {"w": durable.document.get("w"), "j": durable.document.get("j")}
    weak = [f"{name}={value}" for name, value in configured.items() if value != DURABLE.document[name]]
    if weak:
        raise UnsafeSetting(
            f"{', '.join(weak)} of the store: a write is acknowledged on one server or in memory only, while its "
            "events are committed in the log: a step-down or a crash loses them. Set w=majority and j=true.")
    url: Mapping[str, Any] = client.write_concern.document
    weak = [f"{_IN_URL[n]}={v}" for n, v in url.items() if n in _IN_URL and v != DURABLE.document[n]]
    if client.read_concern.level not in (None, "majority", "linearizable"):
        weak.append(f"readConcernLevel={client.read_concern.level}")
    if client.read_preference != ReadPreference.PRIMARY:
        weak.append(f"readPreference={client.read_preference.mongos_mode}")
    if weak:
        raise UnsafeSetting(
            f"TRIPTYCH_MONGO sets {', '.join(weak)}: a fence read or written with it may be rolled back. Remove it "
            "from the URL; every read and write uses w=majority, journal=true and the primary.")


def _client_class(driver: Driver) -> Any:
    """Imports the chosen driver only, since each costs time and memory at start-up."""
    if driver == "motor":
        from motor.motor_asyncio import AsyncIOMotorClient

        return AsyncIOMotorClient
    from pymongo import AsyncMongoClient

    return AsyncMongoClient


@contextmanager
def mongo_errors() -> Iterator[None]:
    """Maps driver errors to StoreUnavailable, and values that BSON cannot hold to ValueError."""
    try:
        yield
    except PyMongoError as error:
        raise StoreUnavailable(f"{type(error).__name__}: {str(error)[:300]}") from error
    except (BSONError, OverflowError) as error:
        raise ValueError(f"the value cannot be stored as BSON: {error}") from error


# --- writing ---------------------------------------------------------------------------------------------------------


def _raw(document: Document, version: int, token: str) -> dict[str, Any]:
    index = {name: value for name, value in document.index.items() if value is not None}
    return {"_id": document.id, "v": version, "t": token, "b": document.body, "i": index}


def _compare_and_set(document: Document, token: str) -> Any:
    raw = _raw(document, document.version + 1, token)
    return ReplaceOne({"_id": document.id, "v": document.version}, raw) if document.version else InsertOne(raw)


def _if_newer(document: Document, *, upsert: bool) -> Any:
    older = {"_id": document.id, "v": {"$lt": document.version}}
    return ReplaceOne(older, _raw(document, document.version, ""), upsert=upsert)


async def _bulk(mongo_collection: Any, operations: Sequence[Any]) -> tuple[int, frozenset[int]]:
    """Number of writes, and the positions of those whose `_id` exists. Any other error is StoreUnavailable."""
    failpoints.reach("mongo.write.before")
    with mongo_errors():
        try:
            result = await mongo_collection.bulk_write(operations, ordered=False)
            failpoints.reach("mongo.write.after")
        except BulkWriteError as error:
            details = error.details
            errors = details.get("writeErrors", [])
            if details.get("writeConcernErrors") or any(each.get("code") != DUPLICATE_KEY for each in errors):
                raise
            written = details["nInserted"] + details["nMatched"] + details["nUpserted"]
            return written, frozenset(each["index"] for each in errors)
        return result.inserted_count + result.matched_count + result.upserted_count, frozenset()


# --- reading ---------------------------------------------------------------------------------------------------------


def _document(raw: Mapping[str, Any]) -> Document:
    return Document(raw["_id"], int(raw["v"]), bytes(raw["b"]), _index(raw))


def _index(raw: Mapping[str, Any]) -> dict[str, Scalar]:
    return {n: int(v) if type(v) is Int64 else v for n, v in raw.get("i", {}).items()}


async def _each(cursor: Any) -> AsyncIterator[Mapping[str, Any]]:
    while raws := await cursor.to_list(length=CHUNK):
        for raw in raws:
            yield raw


def _filter(where: Where) -> Filter:
    """Wraps every value, so that none can be taken for an operator."""
    conditions = {f"i.{name}": _condition(condition) for name, condition in where.items()}
    return {name: condition for name, condition in conditions.items() if condition != {}}


def _condition(condition: Condition) -> Filter:
    if isinstance(condition, Between):
        limits = {"$gte": condition.low, "$lt": condition.high}
        return {operator: value for operator, value in limits.items() if value is not None}
    if isinstance(condition, AnyOf):
        return {"$in": list(condition.values)}
    if isinstance(condition, Contains):
        return {"$type": "string"} if not condition.text else {"$regex": _literally(condition.text), "$options": "i"}
    return {"$eq": condition}


def _literally(text: str) -> str:
    """A pattern that matches exactly this text: ASCII characters other than letters and digits are escaped."""
    return "".join(c if c.isalnum() or ord(c) > 127 else f"\\x{ord(c):02x}" for c in text)


def _after(order: str | None, descending: bool, value: Scalar, id: str) -> Filter:
    """Condition for documents after (value, id) in that order; a missing field sorts before every value."""
    beyond = "$lt" if descending else "$gt"
    if order is None:
        return {"_id": {beyond: id}}
    name = f"i.{order}"
    ties: Filter = {name: {"$eq": value}, "_id": {beyond: id}}
    if value is None:
        return ties if descending else {"$or": [ties, {name: {"$ne": None}}]}
    further: list[Filter] = [ties, {name: {beyond: value}}]
    return {"$or": [*further, {name: {"$eq": None}}] if descending else further}


def _beyond(prefix: str) -> str | None:
    """The first string after all strings with the prefix; None when there is none."""
    for at in range(len(prefix) - 1, -1, -1):
        code = ord(prefix[at])
        if code < 0x10FFFF:
            after = code + 1
            return prefix[:at] + chr(0xE000 if 0xD800 <= after <= 0xDFFF else after)  # surrogates are not characters
    return None
