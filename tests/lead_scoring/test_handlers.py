"""Which message concerns which lead."""
from datetime import UTC, datetime
from typing import Any

import pytest

from chassis.domain.handlers import Meta
from contracts.crm import ActivityLogged, ActivityVoided, CampaignResponded, EngagementRecorded
from contracts.kinds import Subject
from services.lead_scoring.handlers import HANDLERS

NOW = datetime(2026, 3, 2, tzinfo=UTC)
META = Meta(id="1", source="/crm", type="t", time=NOW, appended_at=NOW)


def asked(event: Any) -> list[str]:
    return [ask.key for ask in HANDLERS[type(event)](event, META)]


@pytest.mark.parametrize(("subject", "lead_id", "keys"), [
    (Subject(kind="lead", id="l1"), None, ["l1"]),
    (Subject(kind="customer", id="k1"), "l1", ["l1"]),
    (Subject(kind="customer", id="k1"), None, []),
    (Subject(kind="opportunity", id="d1"), "l1", []),
])
def test_an_activity_counts_for_its_lead_unless_it_is_done_for_a_deal(
    subject: Subject, lead_id: str | None, keys: list[str],
) -> None:
    assert asked(ActivityLogged(activity_id="a", kind="call", subject=subject, lead_id=lead_id)) == keys
    assert asked(ActivityVoided(activity_id="a", subject=subject, lead_id=lead_id)) == keys


def test_signals_and_responses_count_only_where_they_name_a_lead() -> None:
    assert asked(EngagementRecorded(engagement_id="e", kind="form", subject=Subject(kind="customer", id="k1"))) == []
    assert asked(EngagementRecorded(engagement_id="e", kind="form", subject=Subject(kind="lead", id="l1"))) == ["l1"]
    assert asked(CampaignResponded(campaign_id="c", response_id="r", response="clicked", customer_id="k1")) == []
    assert asked(CampaignResponded(campaign_id="c", response_id="r", response="clicked", lead_id="l1")) == ["l1"]
