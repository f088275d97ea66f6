"""Protocol A around the deciders of a service: `Runner.run` for messages, `ask` for requests."""
from chassis.runner.ask import Request, ask, entity_of
from chassis.runner.loop import Batch, Runner, Share
from chassis.runner.places import Places
from chassis.runner.room import Room
from chassis.runner.work import Dead, Work, output_id

__all__ = ("Batch", "Dead", "Places", "Request", "Room", "Runner", "Share", "Work", "ask", "entity_of", "output_id")
