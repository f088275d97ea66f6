"""Errors of the ports, raised by every adapter with the same meaning."""
from chassis.support.errors import ActionableError


class StoreUnavailable(ActionableError):
    """The store did not respond, or reported a failure. A write may or may not have happened."""


class BusUnavailable(ActionableError):
    """The log did not respond, or reported a failure. A publish or commit may or may not have happened."""


class PartitionLost(Exception):
    """These partitions belong to another member now: the commit of this member is refused."""


class UnsafeSetting(ActionableError, ValueError):
    """Log or store are set so that what they acknowledged may be lost or move; names the setting and the remedy."""


class GroupInUse(ActionableError):
    """A group that has members cannot be removed."""


class LogRecreated(ActionableError):
    """The log is shorter than, or differs from, what was read before: continuing would silently skip events."""


def partition_count_changed(topic: str, existing: int, expected: int) -> UnsafeSetting:
    """The partition of a key depends on the count: another count would lose the order of its records and its fences."""
    return UnsafeSetting(
        f"topic {topic!r} has {existing} partitions, not {expected}: the number is frozen, because another one moves "
        "keys to other partitions, without their order. Re-create the topic with that number, or use another name.")
