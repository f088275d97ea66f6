"""Runs the deciders of a service: `Runner.run` for messages, `execute` for requests."""
from chassis.aggregates.aggregate_store import AggregateStore
from chassis.aggregates.batch import Batch, PartitionBatch
from chassis.aggregates.fence_keys import FenceKeys
from chassis.aggregates.requests import CommandRequest, execute, to_entity
from chassis.aggregates.runner import DeadLetterSink, Runner
from chassis.aggregates.unit_of_work import FailedRecord, UnitOfWork, output_id

__all__ = (
    "AggregateStore",
    "Batch",
    "CommandRequest",
    "DeadLetterSink",
    "FailedRecord",
    "FenceKeys",
    "PartitionBatch",
    "Runner",
    "UnitOfWork",
    "execute",
    "output_id",
    "to_entity",
)
