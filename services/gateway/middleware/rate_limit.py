"""Rate limits by token buckets: one per caller, and one per address for failed authentication."""
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

from chassis.http.problems import ProblemError

MAX_BUCKETS = 10_000
FAILURES_PER_MINUTE = 60


class TokenBuckets:
    """`limit` requests per minute, which is also the burst. The least recently used bucket is evicted: it is full."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit, self._clock = limit, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def remaining(self, key: str) -> float:
        tokens, at = self._buckets.get(key, (float(self.limit), self._clock()))
        return min(self.limit, tokens + (self._clock() - at) * self.limit / 60)

    def take(self, key: str) -> bool:
        remaining = self.remaining(key)
        taken = remaining >= 1
        self._buckets[key] = (remaining - 1 if taken else remaining, self._clock())
        self._buckets.move_to_end(key)
        if len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)
        return taken

    def headers(self, key: str) -> Mapping[str, str]:
        """The fields of the IETF draft on rate limits: remaining requests, and seconds until the next token."""
        remaining = self.remaining(key)
        return {"RateLimit-Policy": f'"caller";q={self.limit};w=60',
                "RateLimit": f'"caller";r={int(remaining)};t={self._seconds_until_next(remaining)}'}

    def refusal(self, key: str, detail: str) -> ProblemError:
        seconds = max(1, self._seconds_until_next(self.remaining(key)))
        return ProblemError(
            429, "too_many_requests", detail, headers={**self.headers(key), "Retry-After": str(seconds)})

    def _seconds_until_next(self, remaining: float) -> int:
        return 0 if remaining >= 1 else math.ceil((1 - remaining) * 60 / self.limit)
