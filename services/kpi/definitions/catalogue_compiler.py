"""Compiles and checks all measures together; reports the faults of every file."""
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from chassis.domain.definitions import Definition, Definitions, FaultCollector, FaultReporter
from chassis.domain.definitions.schema import load
from services.kpi.definitions.catalogue import Catalogue
from services.kpi.definitions.compiler import DERIVED, compile_measure, derive
from services.kpi.definitions.measure import CompiledMeasure, MeasureCounter
from services.kpi.definitions.related import read_related
from services.kpi.definitions.rows import RelatedDefinitions, RowTypes
from services.kpi.definitions.schema import MeasureYaml

UNCOUNTED_KEYS = frozenset({"title", "formula", "hidden", "better"})
"""Keys of a measure that do not change what is counted."""


def compile_catalogue(
    definitions: Definitions, zone: ZoneInfo, rows: RowTypes, faults: FaultCollector | None = None,
) -> Catalogue:
    """Raises DefinitionError with the faults of all measures, or leaves them to the collector given.

    With faults the catalogue lacks the measures that did not compile.
    """
    collector = faults or FaultCollector()
    declared = _declared_dimensions(definitions)
    reports = [FaultReporter(d) for d in definitions.current("measures")]
    models = [(report, model) for report in reports if (model := load(report, MeasureYaml)) is not None]
    counted = _share_cells([
        (report.definition, *compiled) for report, model in models
        if model.kind not in DERIVED
        and (compiled := compile_measure(report, model, tuple(declared), rows)) is not None])
    measures = {m.name: m for m, _ in counted}
    derived = [(report, model) for report, model in models if model.kind in DERIVED]
    measures |= derive(derived, measures, _uncompiled(definitions, derived, measures))
    for report in reports:
        collector.faults += report.faults
    if faults is None:
        collector.raise_if_any()
    related = read_related(definitions)
    current = definitions.current("measures")
    return Catalogue(
        {d.name: measures[d.name] for d in current if d.name in measures},
        _by_row(rows, (c for _, cs in counted for c in cs)), zone, declared, related,
        _generation([_oldest_equivalent(d, definitions) for d in current], zone, related, tuple(declared),
                    {m.name: m.stored_as for m, _ in counted}),
    )


def _oldest_equivalent(definition: Definition, definitions: Definitions) -> Definition:
    """The first published version that counts the same, so that a change of texts recounts nothing."""
    same = [
        d for d in definitions.versions("measures")
        if d.name == definition.name and _counted_keys(d) == _counted_keys(definition)]
    return min((definition, *same), key=lambda d: d.version)


def _counted_keys(definition: Definition) -> list[tuple[str, str]]:
    return sorted((k, str(v)) for k, v in definition.body.items() if k not in UNCOUNTED_KEYS and k != "version")


def _uncompiled(
    definitions: Definitions, derived: Sequence[tuple[FaultReporter, MeasureYaml]], measures: Mapping[str, Any],
) -> set[str]:
    """Counted measures that exist, but have faults of their own: naming one is not a further fault."""
    return definitions.names("measures") - {report.definition.name for report, _ in derived} - set(measures)


def _share_cells(
    compiled: Iterable[tuple[Definition, CompiledMeasure, list[MeasureCounter]]],
) -> list[tuple[CompiledMeasure, list[MeasureCounter]]]:
    """Measures that count the same rows in the same way share their cells: only the first of them counts."""
    first: dict[Any, str] = {}
    shared: list[tuple[CompiledMeasure, list[MeasureCounter]]] = []
    for d, measure, counters in compiled:
        counting_key = (
            measure.kind, measure.by_currency, measure.money, measure.line_dimensions, str(d.body.get("when")),
            tuple((c.row, c.value, c.member, c.labels) for c in counters))
        name = first.setdefault(counting_key, measure.name)
        measure = replace(measure, stored_as=name)
        shared.append((measure, [replace(c, measure=measure) for c in counters] if name == measure.name else []))
    return shared


def _declared_dimensions(definitions: Definitions) -> dict[str, Mapping[str, str]]:
    """{name: title}; entries that do not fit the model are left out, and reported where models are checked."""
    definition = definitions.find("dimensions", "dimensions")
    entries = definition.body.get("dimensions") if definition else ()
    valid = [e for e in entries or () if isinstance(e, Mapping) and isinstance(e.get("name"), str)]
    return {e["name"]: e.get("title") or {"en": e["name"]} for e in valid}


def _by_row(rows: RowTypes, counters: Iterable[MeasureCounter]) -> dict[str, tuple[MeasureCounter, ...]]:
    counters_by_row: dict[str, list[MeasureCounter]] = {row: [] for row in rows}
    for counter in counters:
        counters_by_row[counter.row].append(counter)
    return {row: tuple(cs) for row, cs in counters_by_row.items() if cs}


def _generation(
    definitions: Sequence[Definition], zone: ZoneInfo, related: RelatedDefinitions, declared: Sequence[str],
    stored_as: Mapping[str, str],
) -> str:
    """Twelve hex digits: a hash of all that decides where and how a fact is counted, without titles and texts."""
    parts: list[Any] = [zone.key, sorted(declared), sorted((p, sorted(s.items())) for p, s in related.stages.items()),
                        sorted((*k, v) for k, v in related.questions.items())]
    for d in definitions:
        if d.body.get("kind") not in ("ratio", "basis"):
            parts.append(sorted((k, str(v)) for k, v in d.body.items() if k not in UNCOUNTED_KEYS))
    parts += sorted((name, where) for name, where in stored_as.items() if name != where)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]
