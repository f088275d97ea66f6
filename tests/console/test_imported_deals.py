"""The revenue board of deals that were imported from a real company's CSV files."""
import csv
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.console.conftest import start_session
from tests.journeys.system import DATA, System

pytestmark = [pytest.mark.journey, pytest.mark.slow]
CSV = DATA / "crm_opportunities"


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    if not CSV.is_dir():
        pytest.skip(f"not proven here: the public data does not lie at {CSV}")
    with System(tmp_path_factory.mktemp("opportunities")) as running:
        done = running.import_("crm_opportunities", CSV)
        assert done.returncode == 0, done.stdout + done.stderr
        running.settle()
        yield running


def test_the_revenue_of_imported_deals_matches_their_file(browser: Browser, imported: System) -> None:
    with (CSV / "sales_pipeline.csv").open() as pipeline, (CSV / "sales_teams.csv").open() as teams:
        region = {row["sales_agent"]: row["regional_office"] for row in csv.DictReader(teams)}
        won = [(region[row["sales_agent"]], int(float(row["close_value"]))) for row in csv.DictReader(pipeline)
               if row["deal_stage"] == "Won" and "2017-07-01" <= row["close_date"] <= "2017-09-30"]
    session = start_session(browser.new_context(locale="en-US"), f"http://{imported.http}")
    page = session.go("/results/boards/revenue?period=2017-Q3")
    expect(page.get_by_role("region", name="Revenue", exact=True)).to_contain_text(f"from {len(won):,} records")
    average = sum(value for _, value in won) / len(won)
    expect(page.get_by_role("region", name="Average deal", exact=True)).to_contain_text(f"${average:,.2f}")
    by_region = page.get_by_role("region", name="Revenue by region")
    for name in {name for name, _ in won}:
        row = by_region.get_by_role("row").filter(has_text=name)
        expect(row.first).to_contain_text(f"${sum(value for place, value in won if place == name):,}")
    assert session.external_requests == [] and session.errors == []
