"""Compiles every version of one kind of definition and raises all faults at once."""
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from chassis.domain.definitions.documents import Definitions
from chassis.domain.definitions.faults import FaultCollector, FaultReporter

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CompiledVersions(Generic[T]):
    """`current`: those in force, by name, in the order of their files; `by_ref`: every version by `name@version`."""

    current: Mapping[str, T]
    by_ref: Mapping[str, T]


def compile_versions(
    definitions: Definitions, kind: str, compile: Callable[[FaultReporter], T | None],
    faults: FaultCollector | None = None,
) -> CompiledVersions[T]:
    """Compile each version once. Raises DefinitionError with all faults, or leaves them to the collector given."""
    collector = faults or FaultCollector()
    current: dict[str, T] = {}
    by_ref: dict[str, T] = {}
    for definition in definitions.versions(kind):
        report = FaultReporter(definition, current=definitions.is_current(definition))
        compiled = compile(report)
        collector.faults += report.faults
        if compiled is not None and not report.faults:
            by_ref[definition.ref] = compiled
    for definition in definitions.current(kind):
        if definition.ref in by_ref:
            current[definition.name] = by_ref[definition.ref]
    if faults is None:
        collector.raise_if_any()
    return CompiledVersions(current, by_ref)


