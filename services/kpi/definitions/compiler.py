"""Compiles one measure: checks its keys against the row types it counts, or the measures it is derived from."""
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from chassis.domain.criteria import ALWAYS, Criterion
from chassis.domain.definitions import FaultReporter
from services.kpi.definitions.measure import LINE, STANDARD, Better, CompiledMeasure, MeasureCounter
from services.kpi.definitions.rows import RowType, RowTypes
from services.kpi.definitions.schema import MeasureYaml

DERIVED = ("ratio", "basis")


def compile_measure(
    report: FaultReporter, yaml: MeasureYaml, declared: Sequence[str], rows: RowTypes,
) -> tuple[CompiledMeasure, list[MeasureCounter]] | None:
    """A measure that counts rows (neither ratio nor basis), and how it counts each of its row types.

    `declared`: the further dimensions of the installation. None, with every fault reported, when it does not compile.
    """
    types = _row_types(report, yaml, rows)
    if not types:
        return None
    own = _dimensions(report, yaml, types, declared)
    _check_rows(report, yaml, types)
    value, member = _field(report, "value", yaml.value, types), _field(report, "member", yaml.member, types)
    _check_required(report, yaml)
    when = _criterion(report, yaml, types)
    if report.faults:
        return None
    money = value == "amount"
    line_dimensions = LINE if yaml.lines else ()
    measure = CompiledMeasure(
        **_common(yaml), dimensions=(*own, *line_dimensions), line_dimensions=line_dimensions,
        by_currency=money or yaml.currency, first=yaml.first, money=money and yaml.kind == "snapshot",
        sources=tuple(t.source for t in types),
    )
    labels = tuple(sorted(own))
    return measure, [MeasureCounter(measure, t.name, when.is_met, value, member, labels) for t in types]


def derive(
    models: Sequence[tuple[FaultReporter, MeasureYaml]], counted: Mapping[str, CompiledMeasure],
    uncompiled: Collection[str] = (),
) -> dict[str, CompiledMeasure]:
    """Ratios of counted measures first, then bases, which may name either; those with faults are left out.

    `uncompiled`: measures that exist but have faults of their own.
    """
    ratios = {m.name: m for report, model in models if model.kind == "ratio"
              if (m := _ratio(report, model, counted, uncompiled)) is not None}
    failed = {*uncompiled, *(r.definition.name for r, model in models if model.kind == "ratio")} - set(ratios)
    return ratios | {m.name: m for report, model in models if model.kind == "basis"
                     if (m := _basis(report, model, {**counted, **ratios}, failed)) is not None}


def _ratio(
    report: FaultReporter, yaml: MeasureYaml, counted: Mapping[str, CompiledMeasure], uncompiled: Collection[str],
) -> CompiledMeasure | None:
    numerator = _names(report, "numerator", yaml.numerator, counted, uncompiled)
    denominator = _names(report, "denominator", yaml.denominator, counted, uncompiled)
    for key, name in (yaml.also or {}).items():
        _is_known(report.at("also", key), name, counted, uncompiled)
    parts = [counted[n] for n in (*numerator, *denominator) if n in counted]
    if len({m.by_currency for m in parts}) > 1:
        report.at("denominator").add(
            "ratio_of_unlike", "numerator and denominator must both be split by currency, or neither")
    if report.faults or len(parts) < len((*numerator, *denominator)):
        return None
    shared = tuple(n for n in parts[0].dimensions if all(n in m.dimensions for m in parts))
    lines = tuple(n for n in parts[0].line_dimensions if n in shared)
    return CompiledMeasure(
        **_common(yaml), dimensions=shared, line_dimensions=lines, by_currency=parts[0].by_currency,
        numerator=numerator, denominator=denominator, also=dict(yaml.also) if yaml.also else None,
        sources=tuple(dict.fromkeys(s for m in parts for s in m.sources)))


def _basis(
    report: FaultReporter, yaml: MeasureYaml, known: Mapping[str, CompiledMeasure], uncompiled: Collection[str],
) -> CompiledMeasure | None:
    if yaml.basis is None:
        report.at("basis").add("key_needed", "a {kind} measure needs `{needed}`", kind=yaml.kind, needed="basis")
        return None
    if not _is_known(report.at("basis"), yaml.basis, known, uncompiled):
        return None
    basis = known.get(yaml.basis)
    return None if basis is None else CompiledMeasure(
        **_common(yaml, better=basis.better), dimensions=basis.dimensions, line_dimensions=basis.line_dimensions,
        by_currency=basis.by_currency, basis=basis.name, sources=basis.sources)


def _common(yaml: MeasureYaml, better: Better | None = None) -> dict[str, Any]:
    """The fields that every kind of measure has. `better`: the default of that key; otherwise fewer days are better
    (a median of days is a response or cycle time), more of everything else."""
    return {
        "name": yaml.name, "version": yaml.version, "title": yaml.title, "formula": yaml.formula, "unit": yaml.unit,
        "kind": yaml.kind, "hidden": yaml.hidden,
        "better": yaml.better or better or ("lower" if yaml.unit == "days" else "higher")}


# --- checks of single keys -------------------------------------------------------------------------------------------


def _row_types(report: FaultReporter, yaml: MeasureYaml, rows: RowTypes) -> list[RowType]:
    """Those that the measure counts; none, and a fault, when one of them does not exist."""
    named = [(("rows", i), name) for i, name in enumerate(yaml.rows)] if yaml.rows is not None else [
        (("row",), yaml.row)]
    unknown = [(path, name) for path, name in named if name not in rows]
    for path, name in unknown:
        report.at(*path).add(
            "unknown_row", "row type {value!r} does not exist; use one of {allowed}", value=name, allowed=list(rows))
    return [] if unknown else [rows[str(name)] for _, name in named]


def _check_rows(report: FaultReporter, yaml: MeasureYaml, types: Sequence[RowType]) -> None:
    names = [t.name for t in types]
    if yaml.lines and not all(t.lines for t in types):
        report.at("lines").add("rows_without_lines", "{rows} cannot be split by lines", rows=names)
    if yaml.kind == "snapshot" and not all(t.lasting for t in types):
        report.at("rows" if yaml.rows else "row").add(
            "rows_not_lasting", "a snapshot must count lasting rows, such as deal.standing, not {rows}", rows=names)


def _dimensions(
    report: FaultReporter, yaml: MeasureYaml, types: Sequence[RowType], declared: Sequence[str],
) -> tuple[str, ...]:
    """Those of the cells, without line ones. A dimension that one of several row types lacks is null there."""
    removable = (*STANDARD, *declared)
    for i, name in enumerate(yaml.without or ()):
        if name not in removable:
            report.at("without", i).add(
                "bad_without", "must be a standard or a declared dimension, not {value!r}; use one of {allowed}",
                value=name, allowed=list(removable))
    allowed = sorted({n for t in types for n in t.labels} - set(LINE))
    for i, name in enumerate(yaml.dimensions or ()):
        if name not in allowed:
            report.at("dimensions", i).add(
                "unknown_dimension", "{rows} has no dimension {value!r}; use one of {allowed}",
                rows=[t.name for t in types], value=name, allowed=allowed)
    extra = yaml.dimensions or ()
    return tuple(n for n in dict.fromkeys((*STANDARD, *extra, *declared)) if n not in (yaml.without or ()))


def _field(report: FaultReporter, key: str, name: str | None, types: Sequence[RowType]) -> str | None:
    for t in types:
        if name is not None and name not in t.fields:
            report.at(key).add("unknown_row_field", "{row} has no field {value!r}; use one of {allowed}", row=t.name,
                               value=name, allowed=sorted(t.fields))
    return name


def _check_required(report: FaultReporter, yaml: MeasureYaml) -> None:
    needed = "value" if yaml.kind in ("sum", "median", "nps") else "member" if yaml.kind == "distinct" else None
    if needed is not None and getattr(yaml, needed) is None:
        report.at("kind").add("key_needed", "a {kind} measure needs `{needed}`", kind=yaml.kind, needed=needed)
    elif yaml.kind == "sum" and yaml.value != "amount":
        report.at("value").add("sum_of_money", "a sum adds up money; write `value: amount`")


def _criterion(report: FaultReporter, yaml: MeasureYaml, types: Sequence[RowType]) -> Criterion:
    if yaml.when is None:
        return ALWAYS
    known = frozenset.intersection(*(t.fields for t in types))
    return report.at("when").criterion(yaml.when, names=known) or ALWAYS


def _names(
    report: FaultReporter, key: str, value: str | tuple[str, ...] | None, counted: Mapping[str, CompiledMeasure],
    uncompiled: Collection[str],
) -> tuple[str, ...]:
    if value is None:
        report.at("kind").add("key_needed", "a {kind} measure needs `{needed}`", kind="ratio", needed=key)
        return ()
    if isinstance(value, str):
        _is_known(report.at(key), value, counted, uncompiled)
        return (value,)
    for i, name in enumerate(value):
        _is_known(report.at(key, i), name, counted, uncompiled)
    return value


def _is_known(
    report: FaultReporter, name: str, measures: Mapping[str, CompiledMeasure], uncompiled: Collection[str],
) -> bool:
    if name in measures or name in uncompiled:
        return True
    report.add("unknown_measure", "measure {value!r} does not exist; use one of {allowed}", value=name,
               allowed=sorted({*measures, *uncompiled}))
    return False
