"""Run in a copy with the criteria function recipe: definitions may use the function, and its use is checked."""
from pathlib import Path

import pytest

from chassis.domain.criteria import CriterionError, compile_criterion
from contracts.crm import LeadCaptured
from services.lead_scoring.service import SERVICE
from tests.support.running_service import running_service


def test_the_function_may_be_a_whole_condition_and_is_null_safe() -> None:
    criterion = compile_criterion("is_weekend(visited_on)", boolean_names=())
    assert criterion.can_be_met, "its result is declared as bool"
    days = ("2026-02-28", "2026-03-01", "2026-03-02", "soon", None)
    assert [day for day in days if criterion.is_met({"visited_on": day})] == ["2026-02-28", "2026-03-01"]


def test_wrong_arguments_and_names_are_refused_when_a_definition_is_compiled() -> None:
    with pytest.raises(CriterionError, match="is_weekend: too many positional arguments"):
        compile_criterion("is_weekend(visited_on, 1)")
    with pytest.raises(CriterionError, match=r"'weekend' is not a known function; use one of .*is_weekend"):
        compile_criterion("weekend(visited_on)")


async def test_a_scorecard_gives_points_by_the_function(tmp_path: Path) -> None:
    """The scorecard of the copy has the rule that the page shows."""
    scores: dict[str, int] = {}
    async with running_service(SERVICE, "memory", tmp_path) as service:
        for lead, day in (("sunday", "2026-03-01"), ("monday", "2026-03-02")):
            await service.publish(LeadCaptured(
                lead_id=lead, business_line="hardware", attributes={"visited_on": day}), lead)
            scores[lead] = (await service.client.get(f"/v1/leads/{lead}/score")).json()["score"]
    assert scores["sunday"] == scores["monday"] + 5
