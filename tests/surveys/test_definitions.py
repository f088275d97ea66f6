"""Compiler of surveys: an invalid one is refused with its faults, an issue is raised when its criterion is true."""
from pathlib import Path
from typing import Any

import pytest

from chassis.domain.definitions import DefinitionError, read_directory
from services.surveys.definitions.compiler import compile_surveys
from tests.support.criteria_truth import TRUTH

from .builders import surveys

SHIPPED = Path(__file__).parents[2] / "definitions"


def test_the_shipped_surveys_invite_customers_after_a_win_and_employees_manually() -> None:
    found = compile_surveys(read_directory(SHIPPED))
    assert [s.name for s in found.triggered("opportunity_won", "hardware")] == ["after_win"]
    pulse = found.find("employee_pulse")
    assert pulse is not None and (pulse.audience, pulse.smallest_group, pulse.trigger) == ("employee", 5, None)


@pytest.mark.parametrize(("change", "message"), [
    ({"colour": "red"}, "colour"),
    ({"languages": ["en", "de"]}, "must have a text in de"),
    ({"questions": [{"id": "q", "type": "enps", "title": {"en": "?"}}], "issues": []}, "are for employees only"),
    ({"questions": [{"id": "q", "type": "choice", "title": {"en": "?"}}], "issues": []}, "has choices"),
    ({"questions": [{"id": "q", "type": "nps", "title": {"en": "?"}, "scale": {"min": 1, "max": 5}}], "issues": []},
     "fixed"),
    ({"questions": [{"id": "q", "type": "text", "title": {"en": "?"}}] * 2, "issues": []}, "question 'q' occurs twice"),
    ({"issues": [{"name": "bad", "when": "score <= 6", "reason": {"en": "x"}}]}, "0/when: 'score' is not a known"),
    ({"remind_after_days": 30}, "must be less than `expires_after_days`"),
    ({"trigger": {"on": "birthday"}}, "trigger/on"),
])
def test_an_invalid_survey_is_refused_with_its_reason(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        surveys(**change)


@pytest.mark.parametrize(("value", "met"), TRUTH)
def test_an_issue_is_raised_when_its_criterion_is_true(value: Any, met: bool) -> None:
    survey = surveys(issues=[{"name": "again", "when": "again", "reason": {"en": "x"}}]).find("after_win")
    assert survey is not None and survey.issues[0].when.is_met({"again": value}) is met


def test_a_criterion_over_an_answer_that_is_not_boolean_is_refused() -> None:
    with pytest.raises(DefinitionError, match="issues/0/when: 'nps' is never true; compare it, as in nps > 0"):
        surveys(issues=[{"name": "bad", "when": "nps", "reason": {"en": "x"}}])
