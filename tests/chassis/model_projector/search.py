"""Looking through a world: every state within its bounds, or one random way."""
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from tests.chassis.model_projector.world import State, Violation, World


class Explored(NamedTuple):
    states: int
    finals: int
    complete: bool


def explore(world: World, most: int = 30_000) -> Explored:
    """Breadth first; raises Violation with the shortest trace."""
    first = world.init()
    parents: dict[State, tuple[State, str] | None] = {first: None}
    queue, finals = deque([first]), 0
    while queue:
        state = queue.popleft()
        moved = False
        for label, following in world.actions(state):
            moved = True
            if following not in parents:
                parents[following] = (state, label)
                queue.append(following)
        if world.is_final(state):
            finals += 1
            if wrong := world.wrong(state):
                raise Violation(wrong, _trace(parents, state))
        elif not moved:
            raise Violation("work is left and nobody can do it", _trace(parents, state))
        if len(parents) > most:
            return Explored(len(parents), finals, False)
    return Explored(len(parents), finals, True)


def _trace(parents: dict[State, tuple[State, str] | None], state: State) -> list[str]:
    steps: list[str] = []
    while (parent := parents[state]) is not None:
        steps.append(parent[1])
        state = parent[0]
    return steps[::-1]


def walk(world: World, choose: Callable[[int], int], most: int = 250) -> bool:
    """One way through; False when it was cut off before the end."""
    state = world.init()
    trace: list[str] = []
    for _ in range(most):
        if world.is_final(state) and (wrong := world.wrong(state)):
            raise Violation(wrong, trace)
        actions = list(world.actions(state))
        if not actions:
            if not world.is_final(state):
                raise Violation("work is left and nobody can do it", trace)
            return True
        label, state = actions[choose(len(actions))]
        trace.append(label)
    return False
