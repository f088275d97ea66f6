"""Stage reports: the shipped data set, and reports in any order."""
import csv
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as generated
from hypothesis import settings
from hypothesis import strategies as st

from chassis.domain.testing import published
from contracts.kinds import Money
from contracts.pipeline import OpportunityLost, OpportunityWon
from services.pipeline.commands import OpenOpportunity, ReportStage, ReviseOpportunity
from tests.pipeline.builders import day, open_deal, opportunity, report

DATA = Path(__file__).parents[3] / "shared" / "data" / "crm_opportunities" / "sales_pipeline.csv"


def noon(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(hour=12, tzinfo=UTC)


def commands_of(row: dict[str, str]) -> list[Any]:
    stage = row["deal_stage"].lower()
    opened_at = noon(row["engage_date"] or "2017-12-31")
    start = "engaging" if row["engage_date"] else "prospecting"
    commands: list[Any] = [OpenOpportunity(at=opened_at, live=False, business_line="hardware", stage=start,
                                       undated=not row["engage_date"])]
    if stage in ("won", "lost"):
        amount = Money(amount_minor=int(row["close_value"]) * 100, currency="USD")
        commands.append(ReportStage(at=noon(row["close_date"]), live=False, stage=stage, about={"amount": amount}))
    return commands


@pytest.mark.slow
@pytest.mark.skipif(not DATA.exists(), reason="the shared data set crm_opportunities is not on this machine")
def test_the_sample_opportunities_end_in_the_known_stages_and_amount() -> None:
    stages: Counter[str] = Counter()
    amount = 0
    rows = list(csv.DictReader(DATA.read_text().splitlines()))
    for row in rows:
        scenario = opportunity(*commands_of(row))
        state, events = scenario.state, scenario.events
        stages[state.deal.stage] += 1
        closings = [e for e in events if isinstance(e, OpportunityWon | OpportunityLost)]
        amount += sum(e.opportunity.amount.amount_minor for e in closings if isinstance(e, OpportunityWon))
        assert len(closings) == (row["deal_stage"] in ("Won", "Lost"))
        assert (state.deal.opened_at is None) == (row["engage_date"] == "")
        assert scenario.next_deadline is None
    assert stages == {"won": 4238, "lost": 2473, "engaging": 1589, "prospecting": 500}
    assert amount == 100 * sum(int(r["close_value"]) for r in rows if r["deal_stage"] == "Won")


COMMANDS = [
    open_deal("hardware"),
    report("engaging", day(1), about={"region": "West"}),
    ReviseOpportunity(at=day(2), about={"amount": Money(amount_minor=100, currency="EUR"), "team": "blue"}),
    report("won", day(3), about={"amount": Money(amount_minor=300, currency="EUR")}),
]


@settings(deadline=None)
@generated(st.permutations(COMMANDS[1:]))
def test_commands_in_any_order_lead_to_the_same_deal(reordered: list[Any]) -> None:
    """Fields are ordered by business time, stages by the time they were entered; the opening comes first."""
    expected = opportunity(*COMMANDS).state
    scenario = opportunity(COMMANDS[0], *reordered)
    state, events = scenario.state, scenario.events
    assert (state.deal, state.status, state.closed_at, state.changed_at) == (
        expected.deal, expected.status, expected.closed_at, expected.changed_at)
    assert [v.stage for v in state.visits] == [v.stage for v in expected.visits]
    assert len([e for e in published(events) if isinstance(e, OpportunityWon)]) == 1


STAGES = st.sampled_from(["prospecting", "engaging", "won", "lost"])


@settings(deadline=None)
@generated(st.lists(st.tuples(STAGES, st.integers(0, 30)), max_size=12))
def test_any_sequence_of_reports_leaves_a_consistent_deal(reports: list[tuple[str, int]]) -> None:
    scenario = opportunity(open_deal("hardware"), *(report(s, day(n)) for s, n in reports))
    state, events = scenario.state, scenario.events
    times = [v.at for v in state.visits]
    assert times == sorted(times)
    assert all(a.stage != b.stage for a, b in zip(state.visits, state.visits[1:], strict=False))
    assert state.visits[-1].stage == state.deal.stage
    closed = state.deal.stage in ("won", "lost")
    assert (state.status == state.deal.stage) is closed and (state.closed_at is not None) is closed
    last = [e for e in published(events) if hasattr(e, "opportunity")][-1]
    assert last.opportunity == state.deal
