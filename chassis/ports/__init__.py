"""The two ports: `Bus` (partitioned log) and `Store` (documents), and the values that pass through them.

The ports promise only what every adapter guarantees (`chassis/adapters`): there is no transaction over two documents,
and none over store and log.
"""
from chassis.ports.bus import (
    Bus,
    Consumer,
    Headers,
    Outgoing,
    PartitionCallback,
    Record,
    TopicPartition,
)
from chassis.ports.errors import (
    BusUnavailable,
    GroupInUse,
    LogRecreated,
    PartitionLost,
    StoreUnavailable,
    UnsafeSetting,
    partition_count_changed,
)
from chassis.ports.store import (
    AnyOf,
    Between,
    Collection,
    Condition,
    Contains,
    Document,
    Group,
    Page,
    Scalar,
    Store,
    Where,
)

__all__ = (
    "AnyOf",
    "Between",
    "Bus",
    "BusUnavailable",
    "Collection",
    "Condition",
    "Consumer",
    "Contains",
    "Document",
    "Group",
    "GroupInUse",
    "Headers",
    "LogRecreated",
    "Outgoing",
    "Page",
    "PartitionCallback",
    "PartitionLost",
    "Record",
    "Scalar",
    "Store",
    "StoreUnavailable",
    "TopicPartition",
    "UnsafeSetting",
    "Where",
    "partition_count_changed",
)
