"""A retailer's orders, counted by the projection and, apart from it, line by line from the file."""
import csv
from collections import Counter, defaultdict
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import pytest

from contracts.crm import OrderPlaced
from contracts.kinds import Line, Money
from tests.kpi.memory_figures import MemoryFigures, meta

FILE = Path(__file__).parents[3] / "shared" / "data" / "superstore" / "superstore_dev_2019_2021.csv"

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not FILE.exists(), reason=f"the public data is not at {FILE}")]


def cents(text: str) -> int:
    return int((Decimal(text) * 100).quantize(Decimal(1), ROUND_HALF_EVEN))


def test_order_amounts_by_region_category_and_month_are_those_of_the_lines() -> None:
    groups: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    expected: Counter[tuple[str | None, str | None, str]] = Counter()
    with FILE.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            groups[row["Customer ID"], row["Order ID"]].append(row)
    figures = MemoryFigures()
    for (customer, order), rows in groups.items():
        lines = [Line(product_id=r["Product ID"], category=r["Category"], quantity=r["Quantity"],
                     amount=Money(amount_minor=cents(r["Sales"]), currency="USD")) for r in rows]
        day = rows[0]["Order Date"]
        for r in rows:
            expected[rows[0]["Region"], r["Category"], day[:7]] += cents(r["Sales"])
        event = OrderPlaced(
            order_id=order, customer_id=customer, region=rows[0]["Region"], lines=tuple(lines),
            amount=Money(amount_minor=sum(one.amount.amount_minor for one in lines), currency="USD"))
        at = datetime.fromisoformat(day).replace(hour=11, tzinfo=UTC)
        assert figures.apply(event, meta(at, f"{customer}-{order}")) is None
    found: Counter[tuple[str | None, str | None, str]] = Counter()
    for cell, (_, amount) in figures.cells("order_amount").items():
        labels = dict(cell.dimensions)
        found[labels["region"], labels["category"], str(cell.day)[:7]] += amount
    assert found == expected
    assert figures.n("orders") == len(groups)
    furniture = {f"{c}|{o}" for (c, o), rows in groups.items() if any(r["Category"] == "Furniture" for r in rows)}
    alone = figures.n("orders", category="Furniture")
    assert alone + len(figures.members("orders:lines", category="Furniture")) == len(furniture)
