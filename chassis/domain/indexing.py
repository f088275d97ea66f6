"""Index values: instants as text, for index fields that are compared and sorted."""
from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=4096)  # the same instants recur in every event of a document
def instant_text(at: datetime | None) -> str | None:
    """RFC 3339 in UTC with microseconds, so that text order is time order."""
    if at is None:
        return None
    return (at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat(timespec="microseconds")[:26] + "Z"
