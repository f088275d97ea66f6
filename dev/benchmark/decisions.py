"""Decisions: the table that a blueprint is compiled to, beside the same blueprint as a `transitions` machine."""
import logging
import time
from collections.abc import Callable
from pathlib import Path

from transitions import MachineError

from chassis.domain.definitions import read_directory
from dev.benchmark.workloads import require_equal
from services.pipeline.definitions.compiler import compile_book
from services.pipeline.definitions.diagram import state_machine
from services.pipeline.definitions.model import BlueprintDefinition

TIMES = 5


class Cursor:
    """Temporary model on which a shared machine performs one transition."""

    def __init__(self, state: str) -> None:
        self.state = state


def by_table(blueprint: BlueprintDefinition) -> Callable[[str, str], str | None]:
    table = blueprint.table
    return lambda stage, transition: table.get((stage, transition))


def by_machine(blueprint: BlueprintDefinition) -> Callable[[str, str], str | None]:
    """All deals share one machine."""
    events = state_machine(blueprint).events

    def decide(stage: str, transition: str) -> str | None:
        cursor = Cursor(stage)
        try:
            events[transition].trigger(cursor)
        except MachineError:
            return None
        return cursor.state

    return decide


def speeds(definitions: Path, rounds: int = 300) -> tuple[float, float]:
    """Decisions a second of the table and of the machine, over every stage and transition that are shipped."""
    logging.getLogger("transitions").setLevel(logging.WARNING)
    book = compile_book(read_directory(definitions))
    blueprints = list(book.pipelines.values())
    for blueprint in blueprints:
        table, machine = by_table(blueprint), by_machine(blueprint)
        for stage in blueprint.stages:
            for transition in blueprint.transitions:
                require_equal(f"{stage}, {transition}", table(stage, transition), machine(stage, transition))
    legal = [(b, list(b.table)) for b in blueprints]
    return _best(by_table, legal, rounds * 10), _best(by_machine, legal, rounds)


def _best(
    how: Callable[[BlueprintDefinition], Callable[[str, str], str | None]],
    legal: list[tuple[BlueprintDefinition, list[tuple[str, str]]]], rounds: int,
) -> float:
    made = [(how(blueprint), steps) for blueprint, steps in legal]
    n = sum(len(steps) for _, steps in legal) * rounds
    times = []
    for _ in range(TIMES):
        began = time.perf_counter()
        for _ in range(rounds):
            for decide, steps in made:
                for stage, transition in steps:
                    decide(stage, transition)
        times.append(time.perf_counter() - began)
    return n / sorted(times)[TIMES // 2]
