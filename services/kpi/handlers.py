"""kpi asks nothing of its targets when it hears something: targets are set through the door, and by definitions."""
from chassis.domain.handlers import Handlers

HANDLERS: Handlers = {}
