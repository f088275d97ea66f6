"""What a projector remembers of a partition while it holds it: all of it can be read again from the store."""
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from chassis.projector.documents import Entry, Fact, Row, Total

T = TypeVar("T")

WINDOW_MS = 24 * 3600 * 1000
WINDOW_IDS = 200_000


class Cache(Generic[T]):
    """Remembers between `size` and twice as many of the values used last; a lookup costs one or two dict reads."""

    def __init__(self, size: int) -> None:
        self._size = max(1, size)
        self._young: dict[str, T] = {}
        self._old: dict[str, T] = {}

    def get(self, key: str) -> T | None:
        value = self._young.get(key)
        if value is None:
            value = self._old.get(key)
            if value is not None:
                self.put(key, value)
        return value

    def put(self, key: str, value: T) -> None:
        if len(self._young) >= self._size:
            self._old, self._young = self._young, {}
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

    def reached(self, entry: Entry) -> None:
        """The entry is applied everywhere."""
        self.k, self.pos, self.at, self.refused = entry.k, entry.hi, entry.at, entry.refused
