"""Protocol A around the deciders of a service: `Runner.run` for messages, `ask` for requests."""
from chassis.aggregates.aggregate_store import Room
from chassis.aggregates.fence_keys import Places
from chassis.aggregates.requests import Request, ask, entity_of
from chassis.aggregates.runner import Batch, Runner, Share
from chassis.aggregates.unit_of_work import Dead, Work, output_id

__all__ = ("Batch", "Dead", "Places", "Request", "Room", "Runner", "Share", "Work", "ask", "entity_of", "output_id")
