"""The openings, wins and losses of a real sales team, counted by the projection and, apart from it, from the file."""
import csv
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from contracts.kinds import Money
from contracts.pipeline import Opportunity, OpportunityLost, OpportunityOpened, OpportunityWon, StageEntered
from tests.kpi.memory_figures import MemoryFigures, meta

DATA = Path(__file__).parents[3] / "shared" / "data" / "crm_opportunities"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.exists(), reason=f"the public data is not at {DATA}"),
]


def read(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def noon(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(hour=11, tzinfo=UTC)


def deal(row: dict[str, str], teams: dict[str, dict[str, str]], stage: str) -> Opportunity:
    team = teams[row["sales_agent"]]
    value = row["close_value"]
    return Opportunity(
        pipeline="hardware", business_line="hardware", stage=stage, forecast_category="pipeline", deal_kind="new",
        opened_at=noon(row["engage_date"]) if row["engage_date"] else None, customer_id=row["account"] or None,
        rep_id=row["sales_agent"], region=team["regional_office"], team=team["manager"], product_id=row["product"],
        amount=Money(amount_minor=int(float(value) * 100), currency="USD") if value else None)


def events(row: dict[str, str], teams: dict[str, dict[str, str]]) -> Iterator[tuple[Any, datetime]]:
    """As pipeline publishes a deal that a mapping reported."""
    id, stage = row["opportunity_id"], row["deal_stage"].lower()
    first = "prospecting" if stage == "prospecting" else "engaging"
    opened = deal(row, teams, first)
    begun = opened.opened_at or datetime(2018, 1, 1, tzinfo=UTC)
    yield OpportunityOpened(opportunity_id=id, opportunity=opened), begun
    yield StageEntered(opportunity_id=id, opportunity=opened, from_=None, to=first, transition=None, actor_id=None,
                       from_entered_at=None), begun
    if stage in ("won", "lost"):
        closed, at = deal(row, teams, stage), noon(row["close_date"])
        yield StageEntered(opportunity_id=id, opportunity=closed, from_=first, to=stage, transition=None,
                           actor_id=None, from_entered_at=begun), at
        if stage == "won":
            yield OpportunityWon(opportunity_id=id, opportunity=closed, closed_at=at, stage_before=first), at
        else:
            yield OpportunityLost(opportunity_id=id, opportunity=closed, closed_at=at, stage_before=first,
                                  loss_reason="not_recorded"), at


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    return read("sales_pipeline.csv")


@pytest.fixture(scope="module")
def figures(rows: list[dict[str, str]]) -> MemoryFigures:
    teams = {t["sales_agent"]: t for t in read("sales_teams.csv")}
    made = MemoryFigures()
    for row in rows:
        for sequence, (event, at) in enumerate(events(row, teams), 1):
            made.apply(event, meta(at, f"{row['opportunity_id']}-{sequence}", "pipeline", sequence))
    return made


def test_the_counts_are_those_of_the_file(figures: MemoryFigures) -> None:
    assert figures.n("opportunities_won") == 4238
    assert figures.n("opportunities_lost") == 2473
    assert figures.n("opportunities_opened") == 8300  # 500 were opened on a day nobody knows
    assert figures.n("open_pipeline", stage="engaging") == 1589
    assert figures.n("open_pipeline", stage="prospecting") == 500
    assert figures.n("open_pipeline") == 2089


def test_what_was_signed_is_that_of_the_file_per_product_region_and_month(
    figures: MemoryFigures, rows: list[dict[str, str]],
) -> None:
    regions = {t["sales_agent"]: t["regional_office"] for t in read("sales_teams.csv")}
    expected: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        if row["deal_stage"] == "Won":
            expected[row["product"], regions[row["sales_agent"]], row["close_date"][:7]] += int(
                float(row["close_value"]) * 100)
    found: Counter[tuple[Any, ...]] = Counter()
    for cell, (_, amount) in figures.cells("signed_amount").items():
        labels = dict(cell.dimensions)
        found[labels["product"], labels["region"], str(cell.day)[:7]] += amount
    assert found == expected


def test_cycles_and_customers_are_those_of_the_file(figures: MemoryFigures, rows: list[dict[str, str]]) -> None:
    closed = [r for r in rows if r["deal_stage"] in ("Won", "Lost")]
    days = [(date.fromisoformat(r["close_date"]) - date.fromisoformat(r["engage_date"])).days for r in closed]
    assert median(figures.values("cycle_days")) == median(days)
    customers = {r["account"] for r in closed if r["deal_stage"] == "Won" and r["account"]}
    assert figures.members("signed_customers") == customers
