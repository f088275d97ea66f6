"""One open stream: what it listens to, and what waits to be sent. Bounded: who is too slow gets a new snapshot."""
import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chassis.http.access import Access
from chassis.http.routing import Fault, Problem
from contracts.kinds import ID_PATTERN
from services.gateway.auth.caller import Caller

MOST_WAITING = 256
MOST_CHANNELS = 20
MOST_SEEN = 10_000

OPPORTUNITIES, WORKLIST, KPIS = "opportunities", "worklist", "kpis"
NEEDS: Mapping[str, str] = {OPPORTUNITIES: "deals:read", WORKLIST: "deals:read", KPIS: "figures:read"}


@dataclass(frozen=True, slots=True)
class Channel:
    """`name` as it was asked for; `of`: the measure, or the rep whose worklist it is."""

    name: str
    kind: str
    of: str
    access: Access


@dataclass(frozen=True, slots=True)
class Told:
    event: str  # snapshot, delta
    data: Mapping[str, Any]
    id: str | None = None


@dataclass(slots=True, eq=False)
class Listener:
    channels: tuple[Channel, ...]
    waiting: list[Told] = field(default_factory=list)
    overrun: bool = False
    seen: dict[str, None] = field(default_factory=dict)  # deals that it was told of: their leaving is told too
    awake: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, told: Told) -> None:
        if len(self.waiting) >= MOST_WAITING:
            self.overrun = True
            self.waiting.clear()
        if not self.overrun:
            self.waiting.append(told)
        self.awake.set()

    def saw(self, id: str) -> None:
        self.seen[id] = None
        if len(self.seen) > MOST_SEEN:
            self.seen.pop(next(iter(self.seen)))

    async def take(self, patience: float) -> tuple[list[Told], bool]:
        """(what waits, whether too much did); empty after so many seconds without anything."""
        try:
            async with asyncio.timeout(patience):
                await self.awake.wait()
        except TimeoutError:
            return [], False
        self.awake.clear()
        found, self.waiting = self.waiting, []
        overrun, self.overrun = self.overrun, False
        return found, overrun


def channels_of(text: str, caller: Caller) -> tuple[Channel, ...]:
    """Raises Problem for what is no channel, or not this caller's."""
    names = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not 1 <= len(names) <= MOST_CHANNELS:
        raise Problem(422, "invalid", f"Name 1 to {MOST_CHANNELS} channels.",
                      [Fault("invalid", "/query/channels", "opportunities, worklist, kpis:<measure>")])
    return tuple(_channel(name, caller) for name in names)


def _channel(name: str, caller: Caller) -> Channel:
    kind, _, of = name.partition(":")
    needs = NEEDS.get(kind)
    if of and not re.fullmatch(ID_PATTERN, of):
        needs = None
    if needs is None or (kind != WORKLIST and (kind == KPIS) != bool(of)):
        raise Problem(422, "invalid", f"{name!r} is no channel.",
                      [Fault("unknown_channel", "/query/channels", "opportunities, worklist, kpis:<measure>")])
    if not caller.may(needs):
        raise Problem(403, "not_permitted", f"{name} needs the permission {needs}.", permission=needs)
    if kind == WORKLIST:
        of = of or caller.rep_id or ""
        reps = caller.scope(needs).reps
        if not of:
            raise Problem(422, "invalid", "Whose worklist? Ask for `worklist:<rep_id>`.")
        if reps and of not in reps:
            raise Problem(404, "not_found", f"There is no rep {of!r}.")
    return Channel(name, kind, of, caller.access(needs))
