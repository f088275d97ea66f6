"""given(events).when(command).then(events): the only test vocabulary of the domain."""
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from chassis.domain.decider import Decider


@dataclass(frozen=True)
class Scenario:
    decider: Decider[Any, Any]
    state: Any

    def when(self, command: Any) -> "Outcome":
        return Outcome(self, self.decider.decide(command, self.state))


@dataclass(frozen=True)
class Outcome:
    scenario: Scenario
    events: Sequence[Any]

    def then(self, *expected: Any) -> None:
        assert list(self.events) == list(expected)

    def then_nothing(self) -> None:
        self.then()

    def then_types(self, *expected: type) -> Sequence[Any]:
        assert [type(e) for e in self.events] == list(expected)
        return self.events

    def state(self) -> Any:
        return reduce(self.scenario.decider.evolve, self.events, self.scenario.state)


def given(decider: Decider[Any, Any], *events: Any, key: str = "key") -> Scenario:
    return Scenario(decider, reduce(decider.evolve, events, decider.initial_state(key)))
