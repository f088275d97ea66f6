"""Protocol A around the deciders of a service: `Runner.run` for messages, `ask` for requests."""
from chassis.aggregates.aggregate_store import AggregateStore
from chassis.aggregates.fence_keys import FenceKeys
from chassis.aggregates.requests import CommandRequest, execute, entity_of
from chassis.aggregates.runner import Batch, Runner, Share
from chassis.aggregates.unit_of_work import FailedRecord, UnitOfWork, output_id

__all__ = ("Batch", "FailedRecord", "FenceKeys", "CommandRequest", "AggregateStore", "Runner", "Share", "UnitOfWork", "execute", "entity_of", "output_id")
