"""Compiler of segmentations: faults, cut-offs, scores and the measured values of customers."""
import csv
from collections import Counter
from datetime import date
from pathlib import Path
from statistics import quantiles
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.domain.definitions import DefinitionError, Definitions, read_directory
from services.segmentation.decider.customers import profile_of
from services.segmentation.definitions import DayKey, Values, fifths
from services.segmentation.definitions.compiler import compile_segmentations
from services.segmentation.queries.customers import matrix
from services.segmentation.queries.process_state import PlacedCustomer
from services.segmentation.service import SERVICE
from tests.support.running_service import DEFINITIONS

from .builders import ANY, ONE, RFM, TITLE, compiled

DATA = Path(__file__).parents[3] / "shared" / "data" / "orders_rfm" / "orders.csv"


def segment(name: str, r: Any = ANY, f: Any = ANY, m: Any = ANY) -> dict[str, Any]:
    return {"name": name, "title": TITLE, "r": r, "f": f, "m": m}


def cutoffs(**change: Any) -> dict[str, Any]:
    return {"cutoffs": {**RFM["cutoffs"], **change}}


@pytest.mark.parametrize(("change", "message"), [
    ({"colour": "red"}, "colour: unknown key; use one of business_line, currency"),
    ({"purchases": "visits"}, "purchases: must be one of orders, wins, orders_else_wins"),
    ({"segments": []}, "segments: must be a list of length 1 or more"),
    ({"segments": [segment("a"), segment("a")]}, "segments/1/name: segment 'a' occurs twice"),
    ({"segments": [segment("a", r=[2, 5])]}, "the score 111 has no segment"),
    ({"segments": [segment("a", f=[0, 5])]}, "segments/0/f/0: must be at least 1"),
    ({"segments": [segment("a", m=[1, 6])]}, "segments/0/m/1: must be at most 5"),
    ({"segments": [segment("a", r=[5, 1]), segment("b")]}, "segments/0/r: 5 to 1 is empty"),
    ({"segments": [segment("Best customers")]}, "segments/0/name"),
    (cutoffs(method="guess"), "cutoffs/method: must be one of quantiles, absolute"),
    (cutoffs(absolute={**RFM["cutoffs"]["absolute"], "frequency": [2, 3, 3, 9]}), "frequency: must be four rising"),
    (cutoffs(absolute={**RFM["cutoffs"]["absolute"], "frequency": [2, 3, 5]}), "cutoffs/absolute/frequency"),
    (cutoffs(monetary_unit_minor=0), "cutoffs/monetary_unit_minor"),
    (cutoffs(smallest_base=-1), "cutoffs/smallest_base"),
    ({"window_days": 0}, "window_days"),
    ({"recompute": {"every_hours": 0}}, "recompute/every_hours"),
])
def test_an_invalid_segmentation_is_refused_with_file_path_and_reason(
    change: dict[str, Any], message: str,
) -> None:
    with pytest.raises(DefinitionError, match=f"^segments/rfm.yaml: .*{message}") as error:
        compiled(**change)
    assert "Value error" not in str(error.value)


def test_without_any_segmentation_the_error_names_what_to_add() -> None:
    with pytest.raises(DefinitionError, match="definitions/segments: needs at least one segmentation; add a file"):
        compile_segmentations(Definitions())


def test_a_calendar_with_an_unknown_time_zone_is_refused_with_its_file() -> None:
    with pytest.raises(DefinitionError, match=r"calendar\.yaml: timezone: 'Mars/Olympus' must be an IANA time zone"):
        compiled(zone="Mars/Olympus")


def test_the_shipped_segmentation_covers_every_score_and_has_titles_in_both_languages() -> None:
    found = SERVICE.build(read_directory(DEFINITIONS)).extra.segmentations.first
    assert found.ref == "rfm@1" and found.segment(5, 5, 5).name == "champions"
    assert all({"en", "zh"} <= set(s.title) for s in found.segments)


# --- cut-offs --------------------------------------------------------------------------------------------------------


def of_recency(*days: int) -> list[Values]:
    return [Values(d, 1, 100, "EUR") for d in days]


def test_quantiles_hold_from_the_smallest_base_on_and_absolute_cut_offs_below_it() -> None:
    small, enough = of_recency(1, 2, 3, 4), of_recency(1, 2, 3, 4, 5)
    assert ONE.first.cutoffs_of(small) == ONE.first.absolute
    assert ONE.first.cutoffs_of(enough)["recency_days"] == (3, 4, 5, 6)  # ⌈1.8⌉, ⌈2.6⌉, ⌈3.4⌉, ⌈4.2⌉, each and one day
    assert ONE.first.cutoffs_of([]) == ONE.first.absolute


def test_absolute_cut_offs_apply_to_any_base_with_the_method_absolute() -> None:
    first = compiled(**cutoffs(method="absolute")).first
    assert first.cutoffs_of(of_recency(*range(500))) == first.absolute


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=60), st.sampled_from([1, 100]))
def test_thresholds_split_integers_like_type_7_quantiles_plus_one_unit(found: list[int], unit: int) -> None:
    """`statistics.quantiles(method='inclusive')` is type 7; floats are exact enough for these numbers."""
    exact = quantiles(found, n=5, method="inclusive")
    for threshold, quantile in zip(fifths(sorted(found), unit), exact, strict=True):
        for value in found:
            assert (value < threshold) == (value < quantile + unit - 1e-9 * (quantile + 1)) or abs(
                value - quantile - unit) < 1e-6


def test_a_value_below_the_first_threshold_scores_lowest_and_recency_is_reversed() -> None:
    bounds = {"recency_days": (10, 20, 30, 40), "frequency": (2, 3, 4, 5), "monetary_minor": (100, 200, 300, 400)}
    assert ONE.first.scores(Values(9, 1, 99, "EUR"), bounds) == (5, 1, 1)
    assert ONE.first.scores(Values(10, 2, 100, "EUR"), bounds) == (4, 2, 2)
    assert ONE.first.scores(Values(40, 5, 400, "EUR"), bounds) == (1, 5, 5)


@pytest.mark.skipif(not DATA.exists(), reason="not proven here: the published RFM table (the public data is not there)")
def test_the_segments_equal_the_published_table_of_the_rfm_package() -> None:
    days: dict[str, dict[DayKey, tuple[int, int]]] = {}
    with DATA.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            bought = days.setdefault(row["customer_id"], {})
            key = ("order", "", "USD", date.fromisoformat(row["order_date"]))
            n, amount = bought.get(key, (0, 0))
            bought[key] = (n + 1, amount + int(row["revenue"]) * 100)
    rfm = SERVICE.build(read_directory(DEFINITIONS)).extra.segmentations.first
    values = [v for bought in days.values() if (v := rfm.measure(bought, date(2006, 12, 31))) is not None]
    bounds = rfm.cutoffs_of(values)
    counts = Counter(rfm.segment(*rfm.scores(v, bounds)).name for v in values)
    assert counts == {
        "potential_loyalist": 342, "loyal_customers": 170, "lost": 148, "new_customers": 104, "about_to_sleep": 102,
        "cant_lose_them": 47, "champions": 35, "at_risk": 28, "need_attention": 10, "promising": 9}


# --- measuring -------------------------------------------------------------------------------------------------------


def key(kind: str = "order", line: str = "software", currency: str = "EUR", on: str = "2026-03-01") -> DayKey:
    return (kind, line, currency, date.fromisoformat(on))


def test_only_purchases_of_the_line_the_currency_and_the_window_are_measured() -> None:
    bought = {key(): (1, 10), key(line="hardware"): (2, 20), key(currency="USD"): (4, 40),
              key(on="2026-01-01"): (8, 80)}
    today = date(2026, 3, 11)

    def frequency(**change: Any) -> int | None:
        found = compiled(**change).first.measure(bought, today)
        return found.frequency if found else None

    assert frequency() == 15
    assert frequency(business_line="hardware") == 2
    assert frequency(currency="USD") == 4
    assert frequency(window_days=30) == 7
    assert frequency(window_days=10) is None, "the tenth day before is outside the window"
    assert frequency(purchases="wins") is None


def test_purchases_after_the_day_are_not_measured() -> None:
    bought = {key(): (1, 10), key(on="2026-03-05"): (1, 90)}
    then = ONE.first.measure(bought, date(2026, 3, 2))
    assert then == Values(1, 1, 10, "EUR")
    assert ONE.first.measure(bought, date(2026, 2, 1)) is None


def test_the_matrix_has_every_cell_and_counts_every_customer_once() -> None:
    rfm = SERVICE.build(read_directory(DEFINITIONS)).extra.segmentations.first
    values = [Values(d, n, 1_000 * n, "EUR") for d in (1, 50, 100, 200, 400) for n in (1, 2, 4, 6, 10)]
    cells = matrix([PlacedCustomer(str(i), None, "x", profile_of(rfm, v, rfm.absolute)) for i, v in enumerate(values)])
    assert len(cells) == 25 and {(c["r"], c["fm"]) for c in cells} == {(r, fm) for r in range(1, 6)
                                                                     for fm in range(1, 6)}
    assert sum(c["customers"] for c in cells) == len(values)
    assert sum(c["monetary_minor"] for c in cells) == sum(v.monetary_minor for v in values)
