"""Compiles and checks every measure together: an unknown row, field, dimension or measure names file and key."""
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

from chassis.domain.definitions import Definition, DefinitionError, Definitions
from services.kpi.definitions.compiler import compile_measure, derive
from services.kpi.definitions.measure import Counter, Measure
from services.kpi.definitions.related import read_surroundings
from services.kpi.definitions.rows import ROWS, Surroundings


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All measures in force. `generation` changes whenever figures have to be counted anew from the log."""

    measures: Mapping[str, Measure]
    counters: Mapping[str, tuple[Counter, ...]]  # row -> what it feeds
    zone: ZoneInfo
    declared: Mapping[str, Mapping[str, str]]  # further dimensions of the installation -> titles {en, zh}
    surroundings: Surroundings = field(default_factory=Surroundings)
    generation: str = ""

    def listed(self) -> Sequence[Measure]:
        return [m for m in self.measures.values() if not m.hidden]

    def basis_of(self, measure: Measure) -> Measure:
        """The measure that has figures: itself, or the one that a basis names."""
        return self.measures[measure.basis] if measure.basis else measure


def compile_catalogue(definitions: Definitions, zone: ZoneInfo) -> Catalogue:
    """Raises DefinitionError for the first thing that cannot be meant."""
    declared = declared_dimensions(definitions)
    found = definitions.current("measures")
    counted = share([
        (d, *compile_measure(d, tuple(declared))) for d in found if d.body.get("kind") not in ("ratio", "basis")])
    measures = {m.name: m for m, _ in counted}
    measures |= derive([d for d in found if d.name not in measures], measures)
    ordered = {d.name: measures[d.name] for d in found}
    surroundings = read_surroundings(definitions)
    return Catalogue(
        ordered, _by_row(c for _, cs in counted for c in cs), zone, declared, surroundings,
        _generation(found, zone, surroundings, tuple(declared), {m.name: m.kept for m, _ in counted}),
    )


def share(compiled: Iterable[tuple[Definition, Measure, list[Counter]]]) -> list[tuple[Measure, list[Counter]]]:
    """Measures that count the same rows in the same way have their cells in common: only the first of them counts."""
    first: dict[Any, str] = {}
    made: list[tuple[Measure, list[Counter]]] = []
    for d, measure, counters in compiled:
        how = (measure.kind, measure.by_currency, measure.money, measure.line_dimensions, str(d.body.get("when")),
               tuple((c.row, c.value, c.member, c.labels) for c in counters))
        kept = first.setdefault(how, measure.name)
        measure = replace(measure, kept=kept)
        made.append((measure, [replace(c, measure=measure) for c in counters] if kept == measure.name else []))
    return made


def declared_dimensions(definitions: Definitions) -> dict[str, Mapping[str, str]]:
    definition = definitions.one("dimensions", "dimensions")
    if definition is None:
        return {}
    made: dict[str, Mapping[str, str]] = {}
    for entry in definition.body.get("dimensions") or ():
        if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
            raise DefinitionError(f"{definition.path}: each entry of `dimensions` is {{name, title}}")
        made[entry["name"]] = entry.get("title") or {"en": entry["name"]}
    return made


def _by_row(counters: Iterable[Counter]) -> dict[str, tuple[Counter, ...]]:
    made: dict[str, list[Counter]] = {row: [] for row in ROWS}
    for counter in counters:
        made[counter.row].append(counter)
    return {row: tuple(cs) for row, cs in made.items() if cs}


def _generation(
    found: Sequence[Definition], zone: ZoneInfo, around: Surroundings, declared: Sequence[str], kept: Mapping[str, str],
) -> str:
    """Twelve hex digits over whatever decides where and how a fact is counted; titles and words do not."""
    parts: list[Any] = [zone.key, sorted(declared), sorted((p, sorted(s.items())) for p, s in around.stages.items()),
                        sorted((*k, v) for k, v in around.questions.items())]
    for d in found:
        if d.body.get("kind") not in ("ratio", "basis"):
            parts.append(sorted((k, str(v)) for k, v in d.body.items() if k not in ("title", "formula", "hidden")))
    parts += sorted((name, where) for name, where in kept.items() if name != where)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]
