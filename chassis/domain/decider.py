"""The shape of every decision: command in, events out; event in, state out. No I/O, no clock, no chance."""
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import msgspec

from chassis.ports import Scalar

C = TypeVar("C")
S = TypeVar("S")
V = TypeVar("V")

EMPTY: Mapping[str, Any] = MappingProxyType({})  # the default of a field that is a mapping
replace = msgspec.structs.replace
"""The same struct with other values in some fields, for who knows that it is one: half the time of `changed`."""


class State(msgspec.Struct, frozen=True, gc=False):
    """Base of what is remembered: as a frozen dataclass, but made, changed, compared and written by C.

    A plain frozen dataclass serves as a state too; each change of one with twenty fields costs thirty times as much.
    """


def changed(value: V, /, **changes: Any) -> V:
    """The same with other values in these fields: what `dataclasses.replace` does, in a fraction of its time."""
    if hasattr(value, "__struct_fields__"):  # asking for the class would ask its metaclass, which takes longer
        return msgspec.structs.replace(value, **changes)  # type: ignore[type-var]
    cls: Any = type(value)
    made: V = _changer(cls)(value, changes)
    return made


@cache
def _changer(cls: type) -> Callable[[Any, Mapping[str, Any]], Any]:
    """Code for one frozen dataclass: every event passes here, and its own `__init__` takes twice as long."""
    names = [f.name for f in fields(cls)]
    lines = [f"    put(made, {n!r}, changes[{n!r}] if {n!r} in changes else old.{n})" for n in names]
    code = "\n".join([
        "def change(old, changes):", "    if not known.issuperset(changes):",
        "        raise TypeError(f'no field among {set(changes) - known}')", "    made = make(cls)", *lines,
        "    return made"])
    scope: dict[str, Any] = {
        "make": object.__new__, "put": object.__setattr__, "cls": cls, "known": frozenset(names)}
    exec(code, scope)  # the names are those of fields
    change: Callable[[Any, Mapping[str, Any]], Any] = scope["change"]
    return change


class Told(list[Any]):
    """Events of a decider that has applied them on the way: `state` is what `evolve` makes of them, one by one."""

    def __init__(self, events: Sequence[Any], state: Any) -> None:
        super().__init__(events)
        self.state = state


class Command(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What every command knows besides what it asks for.

    `at` is business time: when the fact happened, or when the command was given. `live` is false for history (older
    than `TRIPTYCH_EFFECTS_WITHIN` on arrival, or a backfill): it changes state and figures but must cause no
    invitation, reminder, offer, action, alert or breach. `ref` names the message or request: the id of what refuses it.
    """

    at: datetime
    live: bool = True
    actor: str = ""
    ref: str = ""


class Wake(Command, frozen=True, kw_only=True):
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
    `Wake` when `wake_at` ever names a time, and must then move `wake_at` on. One that applies its events while it
    decides may answer with `Told`, which spares doing that again.
    """

    decide: Callable[[Any, S], Sequence[Any]]
    evolve: Callable[[S, Any], S]
    initial_state: Callable[[str], S]
    wake_at: Callable[[S], datetime | None] = never


@dataclass(frozen=True, slots=True)
class Aggregate(Generic[S]):
    """One kind of document of a service: its decider, how its state is written, how it can be found.

    `state` is a `State` or a frozen dataclass (msgspec writes it). `index(state)` gives the values of the declared
    `fields`; money that is to be summed must be an int field. `schema` and `upcasters` ({from version: old builtins ->
    new builtins}) keep old documents readable. `history` says whether its published events are kept as rows (id,
    sequence).
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
