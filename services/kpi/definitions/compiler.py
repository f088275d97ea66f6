"""One measure's YAML, key by key. Errors name the file, the key, and what could have stood there."""
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, get_args

from chassis.domain.definitions import Definition, DefinitionError
from services.kpi.definitions.criteria import always, compile_test
from services.kpi.definitions.measure import LINE, STANDARD, Counter, Kind, Measure, Unit
from services.kpi.definitions.rows import ROWS, RowShape, source_of

KEYS = {
    "name", "version", "title", "formula", "unit", "kind", "row", "rows", "when", "value", "member", "first",
    "dimensions", "without", "lines", "currency", "numerator", "denominator", "also", "basis", "hidden",
}
Derived = ("ratio", "basis")


def fail(d: Definition, message: str) -> NoReturn:
    raise DefinitionError(f"{d.path or d.name}: {message}")


def compile_measure(d: Definition, declared: Sequence[str]) -> tuple[Measure, list[Counter]]:
    """A measure that is counted from rows: everything but ratios and bases."""
    frame = _frame(d)
    rows = _rows(d)
    own = _dimensions(d, rows, declared)
    lines = _flag(d, "lines")
    if lines and not all(ROWS[r].lines for r in rows):
        fail(d, f"`lines`: {', '.join(rows)} cannot be split by lines")
    if frame["kind"] == "snapshot" and not all(ROWS[r].period for r in rows):
        fail(d, f"a snapshot counts rows that last, such as deal.standing, not {', '.join(rows)}")
    value, member = _field(d, "value", rows), _field(d, "member", rows)
    _needs(d, frame["kind"], value, member)
    money = value == "amount"
    measure = Measure(
        **frame, dimensions=(*own, *(LINE if lines else ())), line_dimensions=LINE if lines else (),
        by_currency=money or _flag(d, "currency"), first=_flag(d, "first"),
        money=money and frame["kind"] == "snapshot", sources=tuple(source_of(r) for r in rows),
    )
    text = d.body.get("when")
    known = frozenset.intersection(*(ROWS[r].fields for r in rows))
    test = always if text is None else compile_test(d, str(text), known)
    labels = tuple(sorted(own))
    return measure, [Counter(measure, row, test, value, member, labels) for row in rows]


def derive(found: Sequence[Definition], counted: Mapping[str, Measure]) -> dict[str, Measure]:
    """Ratios of counted measures first, then bases, which may name either."""
    made = {d.name: _ratio(d, counted) for d in found if d.body["kind"] == "ratio"}
    return made | {d.name: _basis(d, {**counted, **made}) for d in found if d.body["kind"] == "basis"}


def _ratio(d: Definition, counted: Mapping[str, Measure]) -> Measure:
    frame = _frame(d)
    above, below = _names(d, "numerator", counted), _names(d, "denominator", counted)
    also = d.body.get("also") or {}
    if not isinstance(also, Mapping) or not all(str(n) in counted for n in also.values()):
        fail(d, "`also` maps names of answered fields to counted measures")
    parts = [counted[n] for n in (*above, *below)]
    if len({m.by_currency for m in parts}) > 1:
        fail(d, "numerator and denominator must both be split by currency, or neither")
    shared = tuple(n for n in parts[0].dimensions if all(n in m.dimensions for m in parts))
    lines = tuple(n for n in parts[0].line_dimensions if n in shared)
    return Measure(**frame, dimensions=shared, line_dimensions=lines, by_currency=parts[0].by_currency,
                   numerator=above, denominator=below, also={str(k): str(v) for k, v in also.items()} or None,
                   sources=tuple(dict.fromkeys(s for m in parts for s in m.sources)))


def _basis(d: Definition, known: Mapping[str, Measure]) -> Measure:
    frame = _frame(d)
    name = d.body.get("basis")
    if name not in known:
        fail(d, f"`basis` names a measure, such as signed_amount; {name!r} is none")
    under = known[str(name)]
    return Measure(**frame, dimensions=under.dimensions, line_dimensions=under.line_dimensions,
                   by_currency=under.by_currency, basis=under.name, sources=under.sources)


def _frame(d: Definition) -> dict[str, Any]:
    """What every measure has."""
    if unknown := set(d.body) - KEYS:
        fail(d, f"unknown key {sorted(unknown)[0]!r}; known are {', '.join(sorted(KEYS))}")
    kind, unit = d.body.get("kind"), d.body.get("unit")
    if kind not in get_args(Kind):
        fail(d, f"`kind` is one of {', '.join(get_args(Kind))}, not {kind!r}")
    if unit not in get_args(Unit):
        fail(d, f"`unit` is one of {', '.join(get_args(Unit))}, not {unit!r}")
    return {"name": d.name, "version": d.version, "title": _words(d, "title"), "formula": _words(d, "formula"),
            "unit": unit, "kind": kind, "hidden": _flag(d, "hidden")}


def _words(d: Definition, key: str) -> Mapping[str, str]:
    words = d.body.get(key)
    if not isinstance(words, Mapping) or not {"en", "zh"} <= set(words):
        fail(d, f"`{key}` has words in `en` and `zh`")
    return {str(k): str(v) for k, v in words.items()}


def _rows(d: Definition) -> tuple[str, ...]:
    named = d.body.get("rows", d.body.get("row"))
    rows = tuple(named) if isinstance(named, list) else (named,)
    for row in rows:
        if row not in ROWS:
            fail(d, f"`row` {row!r} is unknown; known are {', '.join(ROWS)}")
    return rows


def _dimensions(d: Definition, rows: Sequence[str], declared: Sequence[str]) -> tuple[str, ...]:
    """Those of the cells, without line ones. A dimension that one of several rows lacks is null there."""
    struck = set(d.body.get("without") or ())
    if foreign := struck - set(STANDARD) - set(declared):
        fail(d, f"`without` strikes standard or declared dimensions, not {sorted(foreign)[0]!r}")
    extra = tuple(d.body.get("dimensions") or ())
    shapes: list[RowShape] = [ROWS[r] for r in rows]
    for name in extra:
        if name in LINE or not any(name in s.labels for s in shapes):
            may = sorted({n for s in shapes for n in s.labels} - set(LINE))
            fail(d, f"`dimensions`: {', '.join(rows)} has no {name!r}; it has {', '.join(may)}")
    return tuple(n for n in dict.fromkeys((*STANDARD, *extra, *declared)) if n not in struck)


def _field(d: Definition, key: str, rows: Sequence[str]) -> str | None:
    name = d.body.get(key)
    if name is None:
        return None
    for row in rows:
        if name not in ROWS[row].fields:
            fail(d, f"`{key}`: {row} has no field {name!r}; it has {', '.join(sorted(ROWS[row].fields))}")
    return str(name)


def _needs(d: Definition, kind: str, value: str | None, member: str | None) -> None:
    if kind in ("sum", "median", "nps") and value is None:
        fail(d, f"a {kind} needs `value`")
    if kind == "sum" and value != "amount":
        fail(d, "a sum adds up money: `value: amount`")
    if kind == "distinct" and member is None:
        fail(d, "a distinct measure needs `member`")


def _names(d: Definition, key: str, counted: Mapping[str, Measure]) -> tuple[str, ...]:
    named = d.body.get(key)
    names = tuple(named) if isinstance(named, list) else (named,)
    for name in names:
        if name not in counted:
            fail(d, f"`{key}`: there is no counted measure {name!r}")
    return names


def _flag(d: Definition, key: str) -> bool:
    found = d.body.get(key, False)
    if not isinstance(found, bool):
        fail(d, f"`{key}` is true or false")
    return found
