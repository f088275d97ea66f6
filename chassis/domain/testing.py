"""Test vocabulary of deciders: `given(decider).commands(...).when(command).then(event, ...)`.

`given` takes earlier events, `commands` decides on earlier commands and applies their events. `when` decides on the
command under test. No store, no bus, no clock.
"""
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any

from chassis.domain.decider import DeadlineReached, Decider, Declined
from contracts.kinds import EVENTS


def given(decider: Decider[Any, Any], *events: Any, key: str = "key") -> "Scenario":
    """An aggregate to which these events have happened."""
    return Scenario(decider, reduce(decider.evolve, events, decider.initial_state(key)))


def published(events: Sequence[Any]) -> list[Any]:
    """The events of the contracts, without those that only evolve the state."""
    return [event for event in events if type(event) in EVENTS]


def of_type(cls: type, events: Sequence[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, cls)]


@dataclass(frozen=True)
class Scenario:
    """`emitted`: (business time, event) of every decision so far."""

    decider: Decider[Any, Any]
    state: Any
    emitted: tuple[tuple[datetime, Any], ...] = ()

    def commands(self, *commands: Any, deadlines: bool = False) -> "Scenario":
        """The aggregate after these commands. `deadlines`: those that fall due before a command fire first."""
        scenario = self
        for command in commands:
            scenario = scenario.until(command.at)._decided(command) if deadlines else scenario._decided(command)
        return scenario.until(max(c.at for c in commands)) if deadlines and commands else scenario

    def until(self, at: datetime) -> "Scenario":
        """The aggregate after every deadline up to this time has fired."""
        scenario = self
        while (due := self.decider.next_deadline(scenario.state)) is not None and due <= at:
            scenario = scenario._decided(DeadlineReached(at=due))
            assert self.decider.next_deadline(scenario.state) != due, "a deadline that has fired must move on"
        return scenario

    def _decided(self, command: Any) -> "Scenario":
        outcome = self.when(command)
        emitted = (*self.emitted, *((command.at, event) for event in outcome.events))
        return Scenario(self.decider, outcome.state, emitted)

    @property
    def events(self) -> list[Any]:
        return [event for _, event in self.emitted]

    @property
    def next_deadline(self) -> datetime | None:
        return self.decider.next_deadline(self.state)

    def when(self, command: Any) -> "Outcome":
        return Outcome(self, self.decider.decide(command, self.state))


@dataclass(frozen=True)
class Outcome:
    scenario: Scenario
    events: Sequence[Any]

    @property
    def published(self) -> list[Any]:
        return published(self.events)

    @property
    def state(self) -> Any:
        """The state after the events, applied one by one."""
        return reduce(self.scenario.decider.evolve, self.events, self.scenario.state)

    @property
    def next_deadline(self) -> datetime | None:
        return self.scenario.decider.next_deadline(self.state)

    def then(self, *expected: Any) -> None:
        assert list(self.events) == list(expected)

    def then_nothing(self) -> None:
        self.then()

    def then_types(self, *expected: type) -> Sequence[Any]:
        assert [type(e) for e in self.events] == list(expected)
        return self.events

    def then_published(self, *expected: type) -> list[Any]:
        """The published events, which are of these types, in this order."""
        assert [type(e) for e in self.published] == list(expected)
        return self.published

    def then_declined(self, code: str) -> None:
        """The command contradicts what is known, with this code; nothing else happens."""
        assert [(type(e), getattr(e, "code", None)) for e in self.events] == [(Declined, code)]
