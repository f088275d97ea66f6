"""Survey results: NPS, CSAT and means with their margins of error, by group."""
import csv
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.surveys.api.results import mean, nps, rows, share
from services.surveys.state.feedback import FeedbackState

from .builders import at, surveys

VERBATIM = Path(__file__).parents[3] / "shared" / "data" / "survey_verbatim" / "verbatim.csv"
SURVEY = surveys().find("after_win")


def test_the_nps_of_real_answers_equals_the_published_value() -> None:
    if not VERBATIM.exists():
        pytest.skip("the real survey answers are not at ../shared/data/survey_verbatim")
    with VERBATIM.open(newline="", encoding="utf-8", errors="replace") as file:
        scores = [int(float(row["NPS_SCORE"])) for row in csv.DictReader(file) if row["NPS_SCORE"].strip()]
    result = nps(scores)
    assert len(scores) == 2385 - 32
    assert round(result["nps"], 2) == -24.69
    assert round(result["margin"] / 1.96, 2) == 1.81


@given(st.lists(st.integers(0, 10), min_size=1, max_size=50))
def test_nps_is_the_mean_of_its_values_and_its_margin_comes_from_their_standard_error(scores: list[int]) -> None:
    values = [(s >= 9) - (s <= 6) for s in scores]
    average = sum(values) / len(values)
    variance = sum((v - average) ** 2 for v in values) / len(values)
    result = nps(scores)
    assert math.isclose(result["nps"], 100 * average, abs_tol=1e-5)
    assert math.isclose(result["margin"], 196 * math.sqrt(variance / len(values)), abs_tol=1e-5)
    assert result["promoters"] + result["passives"] + result["detractors"] == len(scores)


def test_without_answers_there_is_a_reason_instead_of_a_figure() -> None:
    for result in (nps([]), share([], 4), mean([])):
        assert result["margin"] is None and result["reason"] == "no_answers"
    assert mean([4]) == {"value": 4.0, "margin": None}


def test_csat_is_the_share_of_the_top_two_and_a_mean() -> None:
    assert share([5, 4, 3, 1], 4)["value"] == 50.0
    assert mean([5, 4, 3, 1]) == {"value": 3.25, "margin": round(1.96 * math.sqrt(2.9166666667 / 4), 6)}


def feedback(n: int, nps: int | None, *, region: str = "West", delivery: str = "") -> FeedbackState:
    from contracts.surveys import SurveyContext

    return FeedbackState(feedback_id=f"f{n}", survey="after_win", context=SurveyContext(region=region), invited_at=at(),
                    answered_at=None if nps is None else at(1), complete=nps is not None, delivery=delivery,  # type: ignore[arg-type]
                    answers={} if nps is None else {"nps": nps, "liked": ("price",)})


def test_results_are_grouped_and_a_missing_label_is_a_separate_row() -> None:
    assert SURVEY is not None
    feedback_states = [feedback(1, 9), feedback(2, 3), feedback(3, None), feedback(4, None, delivery="bounced")]
    [row] = rows(SURVEY, [f for f in feedback_states if f.complete], feedback_states, [])
    assert (row["n"], row["invited"], row["delivered"], row["answered"]) == (2, 4, 3, 2)
    assert row["response_rate"] == 0.666667
    question = row["questions"][0]
    assert (question["id"], question["nps"], question["distribution"]["9"]) == ("nps", 0.0, 1)
    assert {q["id"]: q["distribution"] for q in row["questions"]}["liked"] == {"price": 2, "people": 0}
    other = FeedbackState(feedback_id="x", complete=True, answers={"nps": 9}, answered_at=at())
    by = rows(SURVEY, [feedback(1, 9), other], [], ["region"])
    assert [r["dimensions"] for r in by] == [{"region": None}, {"region": "West"}]
    assert [r["n"] for r in rows(SURVEY, [], [], [])] == [0]


def test_a_small_group_of_employees_is_not_shown() -> None:
    survey = surveys(smallest_group=5).find("after_win")
    assert survey is not None
    [row] = rows(survey, [feedback(n, 0) for n in range(4)], [], [])
    assert row["n"] is None and row["reason"] == "group_too_small" and "questions" not in row
    [row] = rows(survey, [feedback(n, 0) for n in range(5)], [], [])
    assert row["n"] == 5
