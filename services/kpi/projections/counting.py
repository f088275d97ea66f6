"""Rows become contributions: one function for every kind of measure, none for a single one."""
from collections.abc import Iterable, Iterator
from datetime import date

from chassis.projection import CellKey, Contribution
from services.kpi.definitions import CURRENCY, MANY
from services.kpi.definitions.measure import Counter
from services.kpi.projections.rows import Row

Labels = tuple[tuple[str, str | None], ...]
Pair = tuple[str | None, str | None]


def counted(counters: Iterable[Counter], row: Row) -> Iterator[Contribution]:
    """What one row adds to every measure that counts it."""
    for counter in counters:
        if counter.when(row.fields):
            if counter.measure.kind == "snapshot":
                yield from _lasting(counter, row)
            elif row.day is not None:
                yield from _happened(counter, row, row.day, 1)


def _lasting(counter: Counter, row: Row) -> Iterator[Contribution]:
    """Plus on the day of entering (undated: since before everything), minus on the day of leaving."""
    yield from _happened(counter, row, row.day, 1)
    if row.until is not None:
        yield from _happened(counter, row, row.until, -1)


def _happened(counter: Counter, row: Row, day: date | None, sign: int) -> Iterator[Contribution]:
    measure = counter.measure
    base = _labels(counter, row)
    if measure.kind == "distinct":
        yield from _distinct(counter, row, day, base)
    elif measure.kind == "sum" or measure.money:
        yield from _money(counter, row, day, base, sign)
    elif not measure.line_dimensions:
        yield _one(counter, measure.name, row, day, base, sign)
    else:
        pairs = _pairs(row)
        alone = pairs[0] if len(pairs) == 1 else (MANY, MANY)
        yield _one(counter, measure.name, row, day, _with(base, alone), sign)
        if len(pairs) > 1:
            for pair in pairs:
                yield _one(counter, f"{measure.name}:lines", row, day, _with(base, pair), sign, row.id)


def _one(counter: Counter, name: str, row: Row, day: date | None, labels: Labels, sign: int,
         member: str | None = None) -> Contribution:
    cell = CellKey(name, day, labels)
    kind = counter.measure.kind
    if kind in ("median", "nps"):
        return Contribution(cell, 1, 0, int(row.fields[counter.value or ""]))
    return Contribution(cell, sign, 0, None, member if kind == "count" else None)


def _money(counter: Counter, row: Row, day: date | None, base: Labels, sign: int) -> Iterator[Contribution]:
    amount = row.fields.get(counter.value or "")
    if amount is None:
        return
    if not counter.measure.line_dimensions:
        yield Contribution(CellKey(counter.measure.name, day, base), sign, sign * amount)
        return
    for product, category, part in row.splits:
        yield Contribution(CellKey(counter.measure.name, day, _with(base, (product, category))), sign, sign * part)


def _distinct(counter: Counter, row: Row, day: date | None, base: Labels) -> Iterator[Contribution]:
    member = str(row.fields[counter.member or ""])
    for labels in [_with(base, p) for p in _pairs(row)] if counter.measure.line_dimensions else [base]:
        yield Contribution(CellKey(counter.measure.name, day, labels), 0, 0, None, member)


def _pairs(row: Row) -> list[Pair]:
    if row.pairs is not None:
        return list(dict.fromkeys(row.pairs)) or [(None, None)]
    return list(dict.fromkeys((p, c) for p, c, _ in row.splits)) or [(None, None)]


def _labels(counter: Counter, row: Row) -> Labels:
    found = row.labels
    made = [(name, found.get(name)) for name in counter.labels]
    if counter.measure.by_currency:
        made.append((CURRENCY, row.currency))
        made.sort()
    return tuple(made)


def _with(base: Labels, pair: Pair) -> Labels:
    return tuple(sorted((*base, ("category", pair[1]), ("product", pair[0]))))
