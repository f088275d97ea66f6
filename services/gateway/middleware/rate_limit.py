"""How often one may ask: a bucket of tokens per caller, and one per address for credentials that did not hold."""
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

from chassis.http.routing import Problem

MOST_BUCKETS = 10_000
FAILURES_PER_MINUTE = 60


class Buckets:
    """`limit` per minute, all of it at once at most. The longest unused bucket is forgotten: it is full again."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit, self._clock = limit, clock
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def left(self, who: str) -> float:
        tokens, at = self._held.get(who, (float(self.limit), self._clock()))
        return min(self.limit, tokens + (self._clock() - at) * self.limit / 60)

    def take(self, who: str) -> bool:
        left = self.left(who)
        taken = left >= 1
        self._held[who] = (left - 1 if taken else left, self._clock())
        self._held.move_to_end(who)
        if len(self._held) > MOST_BUCKETS:
            self._held.popitem(last=False)
        return taken

    def headers(self, who: str) -> Mapping[str, str]:
        """As the IETF's draft on rate limit fields writes them: what is left, and seconds until the next token."""
        left = self.left(who)
        return {"RateLimit-Policy": f'"caller";q={self.limit};w=60',
                "RateLimit": f'"caller";r={int(left)};t={self._until(left)}'}

    def refusal(self, who: str, detail: str) -> Problem:
        return Problem(429, "too_many_requests", detail,
                       headers={**self.headers(who), "Retry-After": str(max(1, self._until(self.left(who))))})

    def _until(self, left: float) -> int:
        return 0 if left >= 1 else math.ceil((1 - left) * 60 / self.limit)
