"""Errors of the ports, raised by every adapter with the same meaning."""
from chassis.support.errors import ActionableError


class StoreUnavailable(ActionableError):
    """The store did not answer, or answered that it cannot. What was asked may or may not have happened."""


class BusUnavailable(ActionableError):
    """The log did not answer, or answered that it cannot. What was asked may or may not have happened."""


class PartitionLost(Exception):
    """These partitions belong to another member now: its commit counts, ours is refused."""


class UnsafeSetting(ActionableError, ValueError):
    """Log or store are set so that what they acknowledged may be lost or move; names the setting and its mend."""


class GroupInUse(ActionableError):
    """A group that has members cannot be forgotten."""


class LogRecreated(ActionableError):
    """The log is shorter than, or another than, what was read from it before: going on would skip events unseen."""


def partition_count_changed(topic: str, standing: int, wanted: int) -> UnsafeSetting:
    """Keys live on a partition by its number: with another count they move, and with them go order and fences."""
    return UnsafeSetting(
        f"topic {topic!r} has {standing} partitions, not {wanted}: their number is frozen, since with another one keys "
        "move away from what is known of them. Make the topic anew with that number, or use one of another name.")
