"""What a projector remembers of an assigned partition; all of it can be read again from the store."""
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from chassis.projections.documents import CellTotal, Fact, JournalRecord, MembershipRow

T = TypeVar("T")

WINDOW_MS = 24 * 3600 * 1000
WINDOW_IDS = 200_000


class CacheBudget:
    """Size limit shared by caches: `size` values, at times up to twice as many.

    It is one for all partitions: most of them are idle, and limits of their own would hold a hundred times what is
    used.
    """

    def __init__(self, size: int) -> None:
        self._size = max(1, size)
        self._young = 0
        self._caches: WeakSet[Cache[Any]] = WeakSet()

    def register(self, cache: "Cache[Any]") -> None:
        self._caches.add(cache)

    def spend(self) -> None:
        """Count one more young value; at the limit all caches age, which drops their old values."""
        if self._young >= self._size:
            self._young = 0
            for cache in self._caches:
                cache.age()
        self._young += 1


class Cache(Generic[T]):
    """Most recently used values within the budget, in two generations; a lookup costs one or two dict reads."""

    def __init__(self, budget: CacheBudget) -> None:
        self._budget = budget
        self._young: dict[str, T] = {}
        self._old: dict[str, T] = {}
        budget.register(self)

    def age(self) -> None:
        self._old, self._young = self._young, {}

    def get(self, key: str) -> T | None:
        value = self._young.get(key)
        if value is None:
            value = self._old.get(key)
            if value is not None:
                self.set(key, value)
        return value

    def set(self, key: str, value: T) -> None:
        if key not in self._young:
            self._budget.spend()
        self._young[key] = value


class EventIdWindow:
    """Ids and digests of events counted without a fact: those of the last 24 h of append time, at most 200,000."""

    def __init__(self, span_ms: int = WINDOW_MS, size: int = WINDOW_IDS) -> None:
        self.ids: dict[str, Any] = {}
        self._span_ms, self._size = span_ms, size
        self._batches: deque[tuple[int, int, tuple[str, ...]]] = deque()

    def add(self, k: int, at: int, ids: dict[str, Any]) -> None:
        """The ids counted by record `k`, whose latest append time is `at` (ms)."""
        if ids:
            self._batches.append((k, at, tuple(ids)))
            self.ids.update(ids)
        self._expire(at)

    def oldest(self, otherwise: int) -> int:
        """The first record whose ids are still needed."""
        return self._batches[0][0] if self._batches else otherwise

    def _expire(self, at: int) -> None:
        """The newest batch never expires: what it counts must be recognised at once."""
        while len(self._batches) > 1 and (
            self._batches[0][1] < at - self._span_ms or len(self.ids) > self._size
        ):
            for name in self._batches.popleft()[2]:
                self.ids.pop(name, None)


@dataclass(slots=True)
class PartitionState:
    """Record `k` and all before it are applied; `pos` is the offset after them.

    The caches hold what record `k` left. They are valid as long as no other owner has inserted record k + 1, which our
    own insert proves: decisions may use them, and they are discarded as soon as an insert or a write fails.
    """

    k: int
    pos: int
    facts: Cache[Fact]
    cells: Cache[CellTotal]
    members: Cache[MembershipRow]
    window: EventIdWindow = field(default_factory=EventIdWindow)
    at: int = 0  # latest append time of record k
    failures: list[tuple[int, str, str]] = field(default_factory=list)  # of record k: offset, code, text

    def advance(self, record: JournalRecord) -> None:
        """The record is applied to all documents."""
        self.k, self.pos, self.at, self.failures = record.k, record.hi, record.at, record.failures
