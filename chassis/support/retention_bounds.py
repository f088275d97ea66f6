"""Parses `TRIPTYCH_KEEP_DAYS`: for how many days the log keeps each topic."""
from contracts.topics import TOPICS

LEAST_DAYS = 7  # the longest outage after which nothing may be missing


def parse_bounds(said: str) -> dict[str, int]:
    """{topic: days} of the setting. ValueError for what means nothing, names no topic, or is too short."""
    found: dict[str, int] = {}
    for part in filter(None, (p.strip() for p in said.split(","))):
        topic, _, days = part.rpartition("=")
        if topic and topic not in TOPICS:
            raise ValueError(f"{topic!r} is no topic; there are {', '.join(TOPICS)}")
        if not days.isdigit() or int(days) < LEAST_DAYS:
            raise ValueError(f"{part!r}: say a number of days, at least {LEAST_DAYS}")
        found |= {topic: int(days)} if topic else {t: int(days) for t in TOPICS if t not in found}
    return found
