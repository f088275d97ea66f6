"""Rows become contributions: one function for every kind of measure, none for a single one."""
from collections.abc import Iterable
from datetime import date

from chassis.domain.projection import CellKey, Contribution
from services.kpi.definitions import CURRENCY, MANY
from services.kpi.definitions.measure import Counter
from services.kpi.projections.rows import Row

Labels = tuple[tuple[str, str | None], ...]
Pair = tuple[str | None, str | None]


def count(counters: Iterable[Counter], row: Row, into: list[Contribution]) -> None:
    """Append what one row adds to every measure that counts it."""
    for counter in counters:
        if counter.when(row.fields):
            if counter.measure.kind == "snapshot":
                _lasting(counter, row, into)
            elif row.day is not None:
                _happened(counter, row, row.day, 1, into)


def _lasting(counter: Counter, row: Row, into: list[Contribution]) -> None:
    """Plus on the day of entering (undated: since before everything), minus on the day of leaving."""
    _happened(counter, row, row.day, 1, into)
    if row.until is not None:
        _happened(counter, row, row.until, -1, into)


def _happened(counter: Counter, row: Row, day: date | None, sign: int, into: list[Contribution]) -> None:
    measure = counter.measure
    if measure.kind == "distinct":
        _distinct(counter, row, day, into)
    elif measure.kind == "sum" or measure.money:
        _money(counter, row, day, sign, into)
    elif not measure.line_dimensions:
        into.append(_one(counter, measure.name, row, day, _labels(counter, row, None), sign))
    else:
        pairs = _pairs(row)
        alone = pairs[0] if len(pairs) == 1 else (MANY, MANY)
        into.append(_one(counter, measure.name, row, day, _labels(counter, row, alone), sign))
        if len(pairs) > 1:
            name = f"{measure.name}:lines"
            into += [_one(counter, name, row, day, _labels(counter, row, p), sign, row.id) for p in pairs]


def _one(counter: Counter, name: str, row: Row, day: date | None, labels: Labels, sign: int,
         member: str | None = None) -> Contribution:
    cell = CellKey(name, day, labels)
    kind = counter.measure.kind
    if kind in ("median", "nps"):
        return Contribution(cell, 1, 0, int(row.fields[counter.value or ""]))
    return Contribution(cell, sign, 0, None, member if kind == "count" else None)


def _money(counter: Counter, row: Row, day: date | None, sign: int, into: list[Contribution]) -> None:
    amount = row.fields.get(counter.value or "")
    if amount is None:
        return
    name = counter.measure.name
    if not counter.measure.line_dimensions:
        into.append(Contribution(CellKey(name, day, _labels(counter, row, None)), sign, sign * amount))
        return
    for product, category, part in row.splits:
        into.append(Contribution(CellKey(name, day, _labels(counter, row, (product, category))), sign, sign * part))


def _distinct(counter: Counter, row: Row, day: date | None, into: list[Contribution]) -> None:
    member = str(row.fields[counter.member or ""])
    for pair in _pairs(row) if counter.measure.line_dimensions else [None]:
        into.append(Contribution(CellKey(counter.measure.name, day, _labels(counter, row, pair)), 0, 0, None, member))


def _pairs(row: Row) -> list[Pair]:
    """Products and categories under which the row counts, each once."""
    if len(row.splits) == 1 and row.pairs is None:
        return [row.splits[0][:2]]
    pairs = row.pairs if row.pairs is not None else [s[:2] for s in row.splits]
    return list(dict.fromkeys(pairs)) or [(None, None)]


def _labels(counter: Counter, row: Row, pair: Pair | None) -> Labels:
    """The cell's dimensions, sorted by name. Most measures of a row share them."""
    key = (counter.labels, counter.measure.by_currency, pair)
    known: Labels | None = row.made.get(key)
    if known is None:
        found = row.labels
        made = [(name, found.get(name)) for name in counter.labels]
        if counter.measure.by_currency:
            made.append((CURRENCY, row.currency))
        if pair is not None:
            made += [("category", pair[1]), ("product", pair[0])]
        made.sort()
        known = row.made[key] = tuple(made)
    return known
