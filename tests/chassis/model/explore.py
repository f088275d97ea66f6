"""Search over the states of a world: breadth first, so that the shortest way to a violation is found."""
import time
from collections import deque
from collections.abc import Callable
from typing import Any


class Violation(Exception):
    """A property is broken; `trace` says how to get there."""

    def __init__(self, what: str, trace: list[str]) -> None:
        super().__init__(what + "\n  " + "\n  ".join(trace))
        self.what, self.trace = what, trace


def explore(world: Any, most_states: int = 1_000_000, seconds: float = 240.0) -> tuple[int, bool]:
    """(states, whether these are all). Raises Violation with the shortest trace."""
    start = world.init()
    came: dict[Any, tuple[Any, str]] = {start: (None, "")}
    queue = deque([start])
    until = time.monotonic() + seconds
    while queue:
        state = queue.popleft()
        alive = False
        wrong = world.invariant(state)
        if wrong:
            raise Violation(wrong, _trace(came, state))
        for label, after in world.actions(state):
            alive = True
            if after not in came:
                came[after] = (state, label)
                queue.append(after)
        if world.is_final(state):
            wrong = world.final(state)
            if wrong:
                raise Violation(f"at the end: {wrong}", _trace(came, state))
        elif not alive:
            raise Violation("work is left, and nothing can happen", _trace(came, state))
        if len(came) > most_states or time.monotonic() > until:
            return len(came), False
    return len(came), True


def _trace(came: dict[Any, tuple[Any, str]], state: Any) -> list[str]:
    made = []
    while came[state][0] is not None:
        state, label = came[state]
        made.append(label)
    return made[::-1]


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
