"""Decision builder: emits events one by one and applies each of them before the next one is decided on.

A service writes two tables: command type -> function that emits events, event type -> function that changes the state.
`table_decider` builds its `Decider` from them.
"""
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from chassis.domain.decider import Decider, Declined, never

S = TypeVar("S")
D = TypeVar("D")
B = TypeVar("B", bound="DecisionBuilder[Any, Any]")

CommandHandlers = Mapping[type, Callable[[B, Any], None]]
"""Command type -> function that decides on it: it reads `decision.state` and emits events."""
EventHandlers = Mapping[type, Callable[[S, Any], S]]
"""Event type -> function from the state before to the state after. Events without one leave the state as it is."""


class Decision(list[Any]):
    """The events of a decision; `state` is what `evolve` makes of them one by one, so it need not be computed again."""

    def __init__(self, events: Sequence[Any], state: Any) -> None:
        super().__init__(events)
        self.state = state


class DecisionBuilder(Generic[S, D]):
    """`state` is the state after `events`; `definitions`: the compiled definitions of the service."""

    def __init__(self, definitions: D, state: S, evolve: Callable[[S, Any], S]) -> None:
        self.definitions, self.state = definitions, state
        self.events: list[Any] = []
        self._evolve = evolve

    def emit(self, *events: Any) -> None:
        for event in events:
            self.events.append(event)
            self.state = self._evolve(self.state, event)

    def decline(self, code: str, message: str) -> None:
        """The command contradicts what is known: it becomes a dead letter (a request: an error), nothing changes."""
        self.events = [Declined(code, message)]


def evolve_by(handlers: EventHandlers[S]) -> Callable[[S, Any], S]:
    """`evolve` that looks up the event's type in the table."""
    find = handlers.get

    def evolve(state: S, event: Any) -> S:
        apply = find(type(event))
        return state if apply is None else apply(state, event)

    return evolve


def table_decider(
    commands: CommandHandlers[Any], events: EventHandlers[S], initial_state: Callable[[str], S], *,
    definitions: Any = None, next_deadline: Callable[[S], datetime | None] = never,
    builder: type[DecisionBuilder[S, Any]] = DecisionBuilder,
) -> Decider[Any, S]:
    """A `Decider` of the two tables. Commands without a function decide nothing."""
    find, evolve = commands.get, evolve_by(events)

    def decide(command: Any, state: S) -> Decision:
        decision = builder(definitions, state, evolve)
        handle = find(type(command))
        if handle is not None:
            handle(decision, command)
        return Decision(decision.events, decision.state)

    return Decider(decide, evolve, initial_state, next_deadline)
