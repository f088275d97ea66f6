"""The harness of the model: a counter that may meet a bug, open a deadline, or close it in time."""
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple

from chassis.domain.decider import Command
from chassis.domain.handlers import CommandFor, Meta
from chassis.messages.envelope import REPLAY_FOR, Message, content_digest
from chassis.ports import Record
from chassis.service.description import ServiceComponents
from contracts.crm import LeadCaptured
from tests.chassis import harness
from tests.chassis.harness import COUNTER, LEADS, NOON, Add, Counter, Remind, Reminding, captured, scored

UNLUCKY = 13
DUE = timedelta(hours=1)
LATER = NOON + timedelta(hours=3)  # the clock of every scheduler: whatever is due is past

TIMES = {"close": NOON + timedelta(minutes=30), "late": NOON + timedelta(hours=2)}
COUNTED = ("add", "late", "bad")


class Said(NamedTuple):
    """One record of a log. `kind`: add; bad (fails until the bug is mended); open and close (a deadline, taken away in
    time); late (an add after the deadline). `n` tells apart payloads under one id."""

    id: str
    key: str
    kind: str = "add"
    sequence: int | None = None
    n: int = 1


class Settle(Command, frozen=True, kw_only=True):
    """What the deadline was for has come."""


@cache
def parts(mended: bool) -> ServiceComponents:
    def decide(command: Command, state: Counter) -> Sequence[Any]:
        match command:
            case Settle():
                return [Reminding(None)]
            case Add(n=13) if mended:
                return [scored(state.key, state.total + UNLUCKY, command.ref)]
            case _:
                return harness.decide(command, state)

    counter = replace(COUNTER, decider=replace(COUNTER.decider, decide=decide))
    return ServiceComponents((counter,), {LeadCaptured: on_captured})


def on_captured(event: LeadCaptured, meta: Meta) -> list[CommandFor]:
    told, said = meta.command_fields(), event.attributes or {}
    match said["kind"]:
        case "open":
            return [CommandFor("counter", event.lead_id, Remind(**told, after=DUE))]
        case "close":
            return [CommandFor("counter", event.lead_id, Settle(**told))]
        case "bad":
            return [CommandFor("counter", event.lead_id, Add(**told, n=UNLUCKY))]
        case _:
            return [CommandFor("counter", event.lead_id, Add(**told, n=int(said["n"])))]


def message(said: Said, partition: int, offset: int, headers: tuple[tuple[str, bytes], ...] = ()) -> Message:
    """The record at that place, decoded."""
    event = captured(said.key, said.n, kind=said.kind)
    meta = Meta(
        id=said.id, source="/crm", type="crm.lead.captured.v1", time=TIMES.get(said.kind, NOON), appended_at=NOON,
        sequence=said.sequence)
    own = (("ce_id", said.id.encode()), ("ce_time", str(meta.time).encode()))
    record = Record(LEADS, partition, offset, 0, said.key.encode(), str(said.n).encode(), (*own, *headers))
    replay_for = dict(record.headers).get(REPLAY_FOR)
    return Message(event, meta, said.key, content_digest(meta.type, event), record, replay_for=replay_for)
