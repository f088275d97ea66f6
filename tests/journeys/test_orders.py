"""Real orders, imported: segments as published, amounts as pandas adds the lines up."""
import pytest

from tests.journeys import reference_figures
from tests.journeys.conftest import Imported
from tests.journeys.reference_figures import grouped

pytestmark = [pytest.mark.journey, pytest.mark.slow]

SUPERSTORE = {"from": "2019-01-01", "to": "2022-01-01"}


def test_the_segments_are_those_that_were_published(imported: Imported) -> None:
    answer = imported.system.get("/v1/segments", as_of="2006-12-31")
    found = {s["name"]: s["members"] for s in answer["items"] if s["members"]}
    assert found == reference_figures.PUBLISHED_RFM
    assert answer["customers"] == sum(reference_figures.PUBLISHED_RFM.values())


def test_the_members_of_a_segment_are_as_many_as_it_says(imported: Imported) -> None:
    path = "/v1/segments/champions/members"
    page = imported.system.get(path, as_of="2006-12-31", limit=500)
    assert len(page["items"]) == page["members"] == reference_figures.PUBLISHED_RFM["champions"]


@pytest.mark.parametrize("grain", ["month", "quarter"])
def test_order_amounts_of_the_rfm_file_are_its_sums(imported: Imported, grain: str) -> None:
    expected = grouped(reference_figures.rfm_orders(), "day", grain, None, reference_figures.amount)
    found = imported.system.figures("order_amount", **{"from": "2001-01-01", "to": "2007-01-01"}, grain=grain)
    assert {k: v for k, v in found.items() if v} == expected


@pytest.mark.parametrize("by", [None, "region", "category"])
@pytest.mark.parametrize("grain", ["month", "quarter"])
def test_order_amounts_of_a_retailer_are_the_sums_of_its_lines(
    imported: Imported, grain: str, by: str | None,
) -> None:
    lines = reference_figures.superstore_lines()
    expected = grouped(lines, "day", grain, by, reference_figures.amount)
    found = imported.system.figures("order_amount", **SUPERSTORE, grain=grain, **({"by": by} if by else {}))
    assert {k: v for k, v in found.items() if v} == {k: v for k, v in expected.items() if v}


@pytest.mark.parametrize("by", [None, "region", "category"])
def test_orders_of_a_retailer_count_once_however_many_lines_they_have(imported: Imported, by: str | None) -> None:
    expected = grouped(reference_figures.superstore_lines(), "day", "month", by, reference_figures.orders_in)
    found = imported.system.figures("orders", **SUPERSTORE, grain="month", **({"by": by} if by else {}))
    assert {k: v for k, v in found.items() if v} == expected


def test_region_and_category_divide_together(imported: Imported) -> None:
    lines = reference_figures.superstore_lines()
    lines = lines.assign(both=lines["region"] + "|" + lines["category"])
    expected = grouped(lines, "day", "month", "both", reference_figures.amount)
    found = imported.system.figures("order_amount", **SUPERSTORE, grain="month", by="region,category")
    assert {(p, f"{r}|{c}"): v for (p, r, c), v in found.items() if v} == {k: v for k, v in expected.items() if v}
