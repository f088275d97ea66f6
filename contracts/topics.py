"""Registry of topics: each contract module declares its own with owner, key, partitions and retention.

The number of partitions is frozen: the same key space is co-partitioned over all topics and served by one worker.
"""
from dataclasses import dataclass

PARTITIONS = 8

ENTERPRISE = "enterprise"


@dataclass(frozen=True, slots=True)
class Topic:
    name: str
    owner: str
    key: str
    retention_days: int | None = None  # None: for ever; a bound is opt-in and ends rebuilding before that date
    partitions: int = PARTITIONS


TOPICS: dict[str, Topic] = {}
"""Name -> topic, complete once `contracts` is imported: enterprise systems' topics first, then those of services."""


def declare_topic(name: str, owner: str, key: str) -> str:
    """Registers the topic and returns its name. `owner`: ENTERPRISE, or the only service that publishes on it."""
    if name in TOPICS:
        raise ValueError(f"topic {name!r} is declared twice; its owner is {TOPICS[name].owner}")
    TOPICS[name] = Topic(name, owner, key)
    return name


def dead_letter_topic(topic: str, service: str) -> str:
    """Topic of the records from `topic` that `service` could not process: same partition, key, value and headers."""
    return f"{topic}.{service}.dlq"
