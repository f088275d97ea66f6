"""Parses `TRIPTYCH_KEEP_DAYS`: the retention of each topic in days."""
from contracts.topics import TOPICS

MIN_DAYS = 7  # an outage of this length must lose nothing


def parse_bounds(setting: str) -> dict[str, int]:
    """{topic: days}. Raises ValueError for an unknown topic, an invalid number or too few days."""
    bounds: dict[str, int] = {}
    for part in filter(None, (p.strip() for p in setting.split(","))):
        topic, _, days = part.rpartition("=")
        if topic and topic not in TOPICS:
            raise ValueError(f"{topic!r} is not a topic; topics are {', '.join(TOPICS)}")
        if not days.isdigit() or int(days) < MIN_DAYS:
            raise ValueError(f"{part!r} must end with a number of days, at least {MIN_DAYS}")
        bounds |= {topic: int(days)} if topic else {t: int(days) for t in TOPICS if t not in bounds}
    return bounds
