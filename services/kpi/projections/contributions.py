"""Turns rows into contributions to cells: one function for every kind of measure, none for a single measure."""
from collections.abc import Iterable
from datetime import date

from chassis.domain.projection import CellKey, FactContribution
from services.kpi.definitions import CURRENCY, MANY, MeasureCounter
from services.kpi.definitions.rows import FactRow

CellLabels = tuple[tuple[str, str | None], ...]
ProductCategory = tuple[str | None, str | None]


def add_contributions(counters: Iterable[MeasureCounter], row: FactRow, into: list[FactContribution]) -> None:
    """Appends what one row adds to every measure that counts it."""
    for counter in counters:
        if counter.when(row.fields):
            if counter.measure.kind == "snapshot":
                _add_lasting(counter, row, into)
            elif row.day is not None:
                _add_on_day(counter, row, row.day, 1, into)


def _add_lasting(counter: MeasureCounter, row: FactRow, into: list[FactContribution]) -> None:
    """Plus on the first day (undated: before all days), minus on the day of the end."""
    _add_on_day(counter, row, row.day, 1, into)
    if row.until is not None:
        _add_on_day(counter, row, row.until, -1, into)


def _add_on_day(
    counter: MeasureCounter, row: FactRow, day: date | None, sign: int, into: list[FactContribution],
) -> None:
    measure = counter.measure
    if measure.kind == "distinct":
        _add_member(counter, row, day, into)
    elif measure.kind == "sum" or measure.money:
        _add_money(counter, row, day, sign, into)
    elif not measure.line_dimensions:
        into.append(_contribution(counter, measure.name, row, day, _labels(counter, row, None), sign))
    else:
        pairs = _pairs(row)
        alone = pairs[0] if len(pairs) == 1 else (MANY, MANY)
        into.append(_contribution(counter, measure.name, row, day, _labels(counter, row, alone), sign))
        if len(pairs) > 1:
            name = f"{measure.name}:lines"
            into += [_contribution(counter, name, row, day, _labels(counter, row, p), sign, row.id) for p in pairs]


def _contribution(counter: MeasureCounter, name: str, row: FactRow, day: date | None, labels: CellLabels, sign: int,
         member: str | None = None) -> FactContribution:
    cell = CellKey(name, day, labels)
    kind = counter.measure.kind
    if kind in ("median", "nps"):
        return FactContribution(cell, 1, 0, int(row.fields[counter.value or ""]))
    return FactContribution(cell, sign, 0, None, member if kind == "count" else None)


def _add_money(
    counter: MeasureCounter, row: FactRow, day: date | None, sign: int, into: list[FactContribution],
) -> None:
    amount = row.fields.get(counter.value or "")
    if amount is None:
        return
    name = counter.measure.name
    if not counter.measure.line_dimensions:
        into.append(FactContribution(CellKey(name, day, _labels(counter, row, None)), sign, sign * amount))
        return
    for product, category, part in row.splits:
        into.append(FactContribution(CellKey(name, day, _labels(counter, row, (product, category))), sign, sign * part))


def _add_member(counter: MeasureCounter, row: FactRow, day: date | None, into: list[FactContribution]) -> None:
    member = str(row.fields[counter.member or ""])
    for pair in _pairs(row) if counter.measure.line_dimensions else [None]:
        cell = CellKey(counter.measure.name, day, _labels(counter, row, pair))
        into.append(FactContribution(cell, 0, 0, None, member))


def _pairs(row: FactRow) -> list[ProductCategory]:
    """Products and categories under which the row counts, each once."""
    if len(row.splits) == 1 and row.pairs is None:
        return [row.splits[0][:2]]
    pairs = row.pairs if row.pairs is not None else [s[:2] for s in row.splits]
    return list(dict.fromkeys(pairs)) or [(None, None)]


def _labels(counter: MeasureCounter, row: FactRow, pair: ProductCategory | None) -> CellLabels:
    """The cell's dimensions, sorted by name. Most measures of a row share them."""
    key = (counter.labels, counter.measure.by_currency, pair)
    cached: CellLabels | None = row.labels_cache.get(key)
    if cached is None:
        row_labels = row.labels
        labels = [(name, row_labels.get(name)) for name in counter.labels]
        if counter.measure.by_currency:
            labels.append((CURRENCY, row.currency))
        if pair is not None:
            labels += [("category", pair[1]), ("product", pair[0])]
        labels.sort()
        cached = row.labels_cache[key] = tuple(labels)
    return cached
