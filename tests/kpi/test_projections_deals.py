"""Deals: what each event changes in the figures, on which day."""
from datetime import UTC, datetime

import pytest

from contracts.pipeline import OpportunityOpened
from services.kpi.definitions import MANY
from tests.kpi.builders import DealBuilder, eur, line
from tests.kpi.memory_figures import MemoryFigures, meta


@pytest.fixture
def figures() -> MemoryFigures:
    return MemoryFigures()


def test_a_won_deal_is_counted_at_its_opening_and_at_its_closing(figures: MemoryFigures) -> None:
    DealBuilder(figures, amount=eur(500)).opened("2026-01-10").entered("2026-02-01", "scoping").won("2026-03-05")
    assert figures.n("opportunities_opened", on="2026-01-10", rep="R1", pipeline="services") == 1
    assert figures.n("opportunities_won", on="2026-03-05") == 1
    assert figures.n("opportunities_lost") == 0
    assert figures.sum("signed_amount", on="2026-03-05", currency="EUR") == 500
    assert figures.n("signed_deals", on="2026-03-05", currency="EUR") == 1
    assert figures.members("signed_customers", on="2026-03-05") == {"C1"}
    assert figures.values("cycle_days", on="2026-03-05") == figures.values("cycle_days_won") == [54]


def test_a_lost_deal_carries_its_reason_and_is_in_the_cycle_of_all_but_not_of_the_won(figures: MemoryFigures) -> None:
    DealBuilder(figures, amount=eur(500)).opened("2026-01-10").lost("2026-01-12")
    assert figures.n("opportunities_lost", loss_reason="price", on="2026-01-12") == 1
    assert figures.values("cycle_days") == [2]
    assert figures.values("cycle_days_won") == []
    assert figures.sum("signed_amount") == 0
    assert figures.members("signed_customers") == set()


def test_a_reopened_deal_leaves_the_bucket_of_its_closing_and_is_counted_where_it_closes_again(
    figures: MemoryFigures,
) -> None:
    deal = DealBuilder(figures, amount=eur(500)).opened("2026-01-10").won("2026-02-01")
    deal.reopened("2026-02-10", "scoping", won=True, closed="2026-02-01")
    assert figures.n("opportunities_won") == figures.sum("signed_amount") == 0
    assert figures.n("open_pipeline") == 1
    deal.revised("2026-02-11", amount=eur(700)).won("2026-04-01")
    assert figures.n("opportunities_won", on="2026-04-01") == figures.n("opportunities_won") == 1
    assert figures.sum("signed_amount", on="2026-04-01") == 700
    assert figures.values("cycle_days") == [81]
    assert figures.n("opportunities_opened") == 1


def test_a_revision_after_the_win_restates_what_was_signed_in_its_bucket(figures: MemoryFigures) -> None:
    deal = DealBuilder(figures, amount=eur(500)).opened("2026-01-10").won("2026-02-01")
    deal.revised("2026-03-01", amount=eur(450), rep_id="R2")
    assert figures.sum("signed_amount", on="2026-02-01", rep="R2") == figures.sum("signed_amount") == 450


def test_an_opening_has_the_rep_of_its_day_and_the_other_dimensions_of_the_latest_state(figures: MemoryFigures) -> None:
    deal = DealBuilder(figures, product_id="GTXPro").opened("2026-01-10")
    deal.revised("2026-01-20", rep_id="R2", product_id="GTX-Pro", dimensions={"sector": "medical"})
    assert figures.n("opportunities_opened", rep="R1", product="GTX-Pro", sector="medical", tier=None) == 1


def test_a_deal_without_a_day_of_opening_is_not_in_openings_but_in_the_open_pipeline(figures: MemoryFigures) -> None:
    deal = DealBuilder(figures, amount=eur(100)).opened("2026-01-10", undated=True)
    assert figures.n("opportunities_opened") == figures.n("stage_entries") == 0
    assert figures.n("open_pipeline", on="None", stage="enquiry") == 1
    deal.won("2026-03-01")
    assert figures.n("open_pipeline") == 0
    assert figures.n("open_pipeline", on="2026-03-01") == -1
    assert figures.values("cycle_days") == []
    assert figures.n("opportunities_won") == 1


def test_the_open_pipeline_follows_stage_category_and_amount_day_by_day(figures: MemoryFigures) -> None:
    deal = DealBuilder(figures, amount=eur(100)).opened("2026-01-10").entered("2026-01-20", "scoping")
    deal.revised("2026-01-25", amount=eur(300), forecast_category="commit")
    for day, change in (("2026-01-10", 1), ("2026-01-20", -1)):
        assert figures.n("open_pipeline", on=day, stage="enquiry") == change
    assert figures.n("open_pipeline", on="2026-01-20", stage="scoping", forecast_category="pipeline") == 1
    assert figures.sum("open_pipeline_amount", on="2026-01-25", forecast_category="commit") == 300
    assert figures.sum("open_pipeline_amount", forecast_category="pipeline") == 0
    assert figures.sum("open_pipeline_amount", currency="EUR") == 300
    deal.lost("2026-02-01")
    assert figures.n("open_pipeline") == figures.sum("open_pipeline_amount") == 0


def test_a_deal_opened_and_closed_on_one_day_was_not_open_at_any_days_end(figures: MemoryFigures) -> None:
    DealBuilder(figures, amount=eur(100)).opened("2026-01-10").won("2026-01-10")
    assert figures.cells("open_pipeline") == {}
    assert figures.values("cycle_days") == [0]


def test_lines_split_the_amount_and_count_the_deal_under_each_of_its_products(figures: MemoryFigures) -> None:
    lines = (line("P1", 300, "A"), line("P2", 200, "A"))
    DealBuilder(figures, amount=eur(500), lines=lines).opened("2026-01-10").won("2026-02-01")
    assert figures.sum("signed_amount", product="P1", category="A") == 300
    assert figures.sum("signed_amount", product="P2") == 200
    assert figures.n("opportunities_won") == figures.n("opportunities_won", product=MANY) == 1
    assert figures.members("opportunities_won:lines", product="P1") == {"D1"}
    assert figures.members("opportunities_won:lines", category="A") == {"D1"}
    assert figures.members("signed_customers", product="P2") == {"C1"}


def test_a_deal_with_a_product_and_no_lines_counts_under_that_product(figures: MemoryFigures) -> None:
    DealBuilder(figures, amount=eur(500), product_id="P7").opened("2026-01-10").won("2026-02-01")
    assert figures.n("opportunities_won", product="P7", category=None) == 1
    assert figures.sum("signed_amount", product="P7") == 500
    assert figures.cells("opportunities_won:lines") == {}


def test_stages_are_counted_at_first_entries_at_all_entries_and_at_exits(figures: MemoryFigures) -> None:
    deal = DealBuilder(figures).opened("2026-01-01").entered("2026-01-05", "scoping")
    deal.entered("2026-01-08", "enquiry").entered("2026-01-09", "scoping")
    assert figures.n("stage_entries", stage="scoping", on="2026-01-05") == 1
    assert figures.n("stage_entries", stage="scoping") == 1
    assert figures.n("stage_visits", stage="scoping") == 2
    assert figures.n("stage_exits", stage="enquiry", to="scoping") == 2
    assert figures.n("stage_exits", stage="scoping", to="enquiry", on="2026-01-08") == 1


def test_a_stage_converts_when_a_higher_one_is_entered_later_or_the_deal_is_won(figures: MemoryFigures) -> None:
    deal = DealBuilder(figures).opened("2026-01-01").entered("2026-01-05", "scoping")
    assert figures.n("stage_advances", stage="enquiry", on="2026-01-01") == 1
    assert figures.n("stage_advances", stage="scoping") == 0
    assert figures.n("stage_unfinished", stage="scoping") == 1
    deal.lost("2026-01-06")
    assert figures.n("stage_advances", stage="scoping") == figures.n("stage_unfinished", stage="scoping") == 0
    assert figures.n("stage_advances", stage="enquiry") == 1


def test_a_stage_that_is_reported_late_counts_at_its_business_time(figures: MemoryFigures) -> None:
    deal = DealBuilder(figures).opened("2026-01-01").entered("2026-02-01", "offered")
    deal.fields["stage"] = "enquiry"
    deal.entered("2026-01-15", "scoping")
    deal.fields["stage"] = "offered"
    deal.revised("2026-02-02", amount=eur(1))
    assert figures.n("stage_exits", stage="enquiry", to="scoping", on="2026-01-15") == 1
    assert figures.n("stage_exits", stage="scoping", to="offered", on="2026-02-01") == 1
    assert figures.n("stage_exits", to="offered", stage="enquiry") == 0
    assert figures.n("open_pipeline", stage="offered") == figures.n("open_pipeline") == 1
    assert figures.n("stage_advances", stage="scoping") == 1


def test_days_are_those_of_the_companys_zone(figures: MemoryFigures) -> None:
    midnight = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)  # half past midnight of 1 April in Berlin
    deal = DealBuilder(figures, opened_at=midnight)
    figures.apply(OpportunityOpened(opportunity_id="D9", opportunity=deal.now), meta(midnight, "x", "pipeline", 1))
    assert figures.n("opportunities_opened", on="2026-04-01") == 1


def test_a_lead_whose_deal_was_opened_is_a_member_of_the_converted(figures: MemoryFigures) -> None:
    DealBuilder(figures, lead_id="L1").opened("2026-01-10")
    DealBuilder(figures, id="D2").opened("2026-01-10")
    assert figures.members("leads_converted", on="2026-01-10") == {"L1"}
