"""Search over the states of a world: breadth first, so that the shortest way to a violation is found."""
import time
from collections.abc import Callable
from typing import Any


class Violation(AssertionError):
    """A property is broken; `trace` says how to get there."""

    def __init__(self, what: str, trace: list[str]) -> None:
        super().__init__(what + "\n  " + "\n  ".join(trace))
        self.what, self.trace = what, trace


class _Seen:
    """Every state by number, where it came from first, and all that lead to it."""

    def __init__(self, first: Any) -> None:
        self.states = [first]
        self.numbers = {first: 0}
        self.came: list[tuple[int, str]] = [(-1, "")]
        self.before: list[list[int]] = [[]]
        self.ends: list[int] = []

    def add(self, at: int, label: str, state: Any) -> None:
        number = self.numbers.setdefault(state, len(self.states))
        if number == len(self.states):
            self.states.append(state)
            self.came.append((at, label))
            self.before.append([])
        self.before[number].append(at)

    def trace(self, number: int) -> list[str]:
        made = []
        while number:
            number, label = self.came[number]
            made.append(label)
        return made[::-1]

    def stuck(self) -> int | None:
        """The first state from which no way leads to an end."""
        can = set(self.ends)
        todo = list(can)
        while todo:
            for before in self.before[todo.pop()]:
                if before not in can:
                    can.add(before)
                    todo.append(before)
        return next((n for n in range(len(self.states)) if n not in can), None)


def explore(world: Any, most_states: int = 1_000_000, seconds: float = 240.0) -> tuple[int, bool]:
    """(states, whether these are all). Raises Violation with the shortest trace: of a state that breaks a property, in
    which nothing can happen though work is left, or from which the work can never be finished."""
    seen, at = _Seen(world.init()), 0
    until = time.monotonic() + seconds
    while at < len(seen.states):
        state = seen.states[at]
        wrong = world.invariant(state)
        if wrong:
            raise Violation(wrong, seen.trace(at))
        alive = False
        for label, after in world.actions(state):
            alive = True
            seen.add(at, label, after)
        if world.is_final(state):
            seen.ends.append(at)
            wrong = world.final(state)
            if wrong:
                raise Violation(f"at the end: {wrong}", seen.trace(at))
        elif not alive:
            raise Violation("work is left, and nothing can happen", seen.trace(at))
        at += 1
        if len(seen.states) > most_states or time.monotonic() > until:
            return len(seen.states), False
    stuck = seen.stuck()
    if stuck is not None:
        raise Violation("NEVER DONE: work is left, and no way leads to its end", seen.trace(stuck))
    return len(seen.states), True


def walk(world: Any, choose: Callable[[int], int], steps: int = 400) -> bool:
    """One way through, with the same properties; whether the end was reached."""
    state, trace = world.init(), list[str]()
    for _ in range(steps):
        wrong = world.invariant(state) or (world.final(state) if world.is_final(state) else None)
        if wrong:
            raise Violation(wrong, trace)
        actions = list(world.actions(state))
        if not actions:
            if not world.is_final(state):
                raise Violation("work is left, and nothing can happen", trace)
            return True
        label, state = actions[choose(len(actions))]
        trace.append(label)
    return False
