"""One open stream: its channels and its bounded queue of messages. After an overflow the client gets new snapshots."""
import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chassis.http.access import Access
from chassis.http.problems import ProblemError
from chassis.messages.codec.errors import FieldError
from contracts.kinds import ID_PATTERN
from services.gateway.auth.caller import Caller

MAX_QUEUED = 256
MAX_CHANNELS = 20
MAX_REMEMBERED = 10_000

OPPORTUNITIES, WORKLIST, KPIS = "opportunities", "worklist", "kpis"
PERMISSIONS: Mapping[str, str] = {OPPORTUNITIES: "deals:read", WORKLIST: "deals:read", KPIS: "figures:read"}
CHANNEL_NAMES = "opportunities, worklist, kpis:<measure>"


@dataclass(frozen=True, slots=True)
class LiveChannel:
    """`name`: as requested; `subject`: the measure, or the rep of the worklist."""

    name: str
    kind: str
    subject: str
    access: Access


@dataclass(frozen=True, slots=True)
class LiveMessage:
    event: str  # snapshot, delta
    data: Mapping[str, Any]
    id: str | None = None


@dataclass(slots=True, eq=False)
class LiveSubscription:
    channels: tuple[LiveChannel, ...]
    queue: list[LiveMessage] = field(default_factory=list)
    overflowed: bool = False
    known: dict[str, None] = field(default_factory=dict)  # deals sent before, whose removal must be sent
    awake: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, message: LiveMessage) -> None:
        if len(self.queue) >= MAX_QUEUED:
            self.overflowed = True
            self.queue.clear()
        if not self.overflowed:
            self.queue.append(message)
        self.awake.set()

    def overflow(self) -> None:
        """Replace what is unsent by new snapshots."""
        self.overflowed = True
        self.awake.set()

    def remember(self, id: str) -> None:
        self.known[id] = None
        if len(self.known) > MAX_REMEMBERED:
            self.known.pop(next(iter(self.known)))

    async def receive(self, timeout: float) -> tuple[list[LiveMessage], bool]:
        """(unsent messages, whether the queue overflowed); nothing after `timeout` seconds without a message."""
        try:
            async with asyncio.timeout(timeout):
                await self.awake.wait()
        except TimeoutError:
            return [], False
        self.awake.clear()
        messages, self.queue = self.queue, []
        overflowed, self.overflowed = self.overflowed, False
        return messages, overflowed


def parse_channels(text: str, caller: Caller) -> tuple[LiveChannel, ...]:
    """Raises ProblemError for unknown channels, and for those that the caller may not read."""
    names = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not 1 <= len(names) <= MAX_CHANNELS:
        raise ProblemError(422, "invalid", f"channels must name 1 to {MAX_CHANNELS} channels.",
                           [FieldError("invalid", "/query/channels", CHANNEL_NAMES)])
    return tuple(_parse_channel(name, caller) for name in names)


def _parse_channel(name: str, caller: Caller) -> LiveChannel:
    kind, _, of = name.partition(":")
    permission = PERMISSIONS.get(kind)
    if of and not re.fullmatch(ID_PATTERN, of):
        permission = None
    if permission is None or (kind != WORKLIST and (kind == KPIS) != bool(of)):
        raise ProblemError(422, "invalid", f"Channel {name!r} does not exist; channels are {CHANNEL_NAMES}.",
                           [FieldError("unknown_channel", "/query/channels", CHANNEL_NAMES)])
    if not caller.may(permission):
        raise ProblemError(403, "not_permitted", f"Channel {name} requires the permission {permission}.",
                           permission=permission)
    if kind == WORKLIST:
        of = of or caller.rep_id or ""
        reps = caller.scope(permission).reps
        if not of:
            raise ProblemError(422, "invalid", "The channel worklist requires a rep: `worklist:<rep_id>`.")
        if reps and of not in reps:
            raise ProblemError(404, "not_found", f"There is no rep {of!r}.")
    return LiveChannel(name, kind, of, caller.access(permission))
