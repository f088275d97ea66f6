"""Message handlers: each turns a message into commands for aggregates of the service, in a few lines."""
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from chassis.domain.decider import Command


class Meta(msgspec.Struct, frozen=True, gc=False):
    """Metadata of a message from its envelope and the log: identity, times, cause. No key, no payload."""

    id: str
    source: str
    type: str
    time: datetime  # when it happened in the business
    appended_at: datetime  # when the log appended it
    live: bool = True  # false: history (older than TRIPTYCH_EFFECTS_WITHIN on arrival, or `backfill: true`)
    backfill: bool = False
    day_only: bool = False  # `timeprecision: day`
    sequence: int | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    actor: str = ""  # who did it: the trusted `actor_id`, else the source

    def command_fields(self) -> Mapping[str, Any]:
        """The fields that every `Command` takes from its message: `LoseLead(**meta.command_fields(), event=event)`."""
        return {"at": self.time, "live": self.live, "actor": self.actor or self.source, "ref": self.id}


class CommandFor(msgspec.Struct, frozen=True, gc=False):
    """A command with its addressee: the name of the aggregate and the key."""

    aggregate: str
    key: str
    command: Command


Handler = Callable[[Any, Meta], Iterable[CommandFor]]
Handlers = Mapping[type, Handler]
