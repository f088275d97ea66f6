"""What a projector remembers of a partition while it holds it: all of it can be read again from the store."""
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from chassis.projections.documents import JournalRecord, Fact, Row, Total

T = TypeVar("T")

WINDOW_MS = 24 * 3600 * 1000
WINDOW_IDS = 200_000


class Budget:
    """How much is remembered altogether by the caches that share it: as many values as `most`, up to twice that.

    It is one for all partitions: most of them are quiet, and a hundred caches of their own would hold a hundred times
    what is used.
    """

    def __init__(self, most: int) -> None:
        self._most = max(1, most)
        self._young = 0
        self._caches: WeakSet[Cache[Any]] = WeakSet()

    def join(self, cache: "Cache[Any]") -> None:
        self._caches.add(cache)

    def spend(self) -> None:
        """One more value is young; when they are too many, all of them are old, and what was old is forgotten."""
        if self._young >= self._most:
            self._young = 0
            for cache in self._caches:
                cache.age()
        self._young += 1


class Cache(Generic[T]):
    """The values used last, as far as the budget goes; a lookup costs one or two dict reads."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._young: dict[str, T] = {}
        self._old: dict[str, T] = {}
        budget.join(self)

    def age(self) -> None:
        self._old, self._young = self._young, {}

    def get(self, key: str) -> T | None:
        value = self._young.get(key)
        if value is None:
            value = self._old.get(key)
            if value is not None:
                self.put(key, value)
        return value

    def put(self, key: str, value: T) -> None:
        if key not in self._young:
            self._budget.spend()
        self._young[key] = value


class Window:
    """Ids of events counted without a fact, with digests: those of the last 24 h of append time, at most 200,000."""

    def __init__(self, span_ms: int = WINDOW_MS, most: int = WINDOW_IDS) -> None:
        self.ids: dict[str, Any] = {}
        self._span_ms, self._most = span_ms, most
        self._batches: deque[tuple[int, int, tuple[str, ...]]] = deque()

    def add(self, k: int, at: int, ids: dict[str, Any]) -> None:
        """The ids that record `k` counted, appended at `at` (ms) the latest."""
        if ids:
            self._batches.append((k, at, tuple(ids)))
            self.ids.update(ids)
        self._forget(at)

    def oldest(self, otherwise: int) -> int:
        """The first record whose ids are still needed."""
        return self._batches[0][0] if self._batches else otherwise

    def _forget(self, at: int) -> None:
        """The last batch always stays: what it counts must be recognised at once."""
        while len(self._batches) > 1 and (
            self._batches[0][1] < at - self._span_ms or len(self.ids) > self._most
        ):
            for name in self._batches.popleft()[2]:
                self.ids.pop(name, None)


@dataclass(slots=True)
class Held:
    """Everything up to record `k` is applied, and `pos` is the offset behind it.

    The caches hold what record `k` left. They are right as long as nobody else has inserted record k + 1, which the
    insert of ours proves: so they are used for deciding, and thrown away as soon as an insert or a write fails.
    """

    k: int
    pos: int
    facts: Cache[Fact]
    cells: Cache[Total]
    members: Cache[Row]
    window: Window = field(default_factory=Window)
    at: int = 0  # the latest append time of record k
    refused: list[tuple[int, str, str]] = field(default_factory=list)  # by record k: offset, code, text

    def reached(self, entry: JournalRecord) -> None:
        """The entry is applied everywhere."""
        self.k, self.pos, self.at, self.refused = entry.k, entry.hi, entry.at, entry.refused
