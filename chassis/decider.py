"""The shape of every decision: command in, events out; event in, state out. No I/O, no clock, no chance."""
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from chassis.ports import Scalar

C = TypeVar("C")
S = TypeVar("S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What every command knows besides what it asks for.

    `at` is business time: when the fact happened, or when the command was given. `live` is false for history (older
    than `TRIPTYCH_EFFECTS_WITHIN` on arrival, or a backfill): it changes state and figures but must cause no
    invitation, reminder, offer, action, alert or breach. `ref` names the message or request: the id of what refuses it.
    """

    at: datetime
    live: bool = True
    actor: str = ""
    ref: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake(Command):
    """The deadline that `wake_at` named has come: `at` is that deadline, not the clock."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`decide` may answer with it alone: the command contradicts what is already known (`already_known` ...).

    A message becomes a dead letter with this code, a request is refused with it; nothing else changes.
    """

    code: str
    message: str


def never(_state: Any) -> datetime | None:
    return None


def unindexed(_state: Any) -> Mapping[str, Scalar]:
    return {}


@dataclass(frozen=True, slots=True)
class Decider(Generic[C, S]):
    """`decide(command, state) -> events` is total: a refusal is an event with its reasons, never an exception.

    Events whose class is registered in `contracts` are published; others only evolve the state. `decide` also takes
    `Wake` when `wake_at` ever names a time, and must then move `wake_at` on.
    """

    decide: Callable[[Any, S], Sequence[Any]]
    evolve: Callable[[S, Any], S]
    initial_state: Callable[[str], S]
    wake_at: Callable[[S], datetime | None] = never


@dataclass(frozen=True, slots=True)
class Aggregate(Generic[S]):
    """One kind of document of a service: its decider, how its state is written, how it can be found.

    `state` is a frozen dataclass (msgspec writes it). `index(state)` gives the values of the declared `fields`; money
    that is to be summed must be an int field. `schema` and `upcasters` ({from version: old builtins -> new builtins})
    keep old documents readable. `history` says whether its published events are kept as rows (id, sequence).
    """

    name: str
    decider: Decider[Any, S]
    state: type[S]
    fields: Mapping[str, type] = field(default_factory=dict)
    indexes: tuple[tuple[str, ...], ...] = ()
    index: Callable[[S], Mapping[str, Scalar]] = unindexed
    schema: int = 1
    upcasters: Mapping[int, Callable[[Any], Any]] = field(default_factory=dict)
    history: bool = True
    scoped: bool = False  # its records belong to people: what a request may not see of them does not exist for it
