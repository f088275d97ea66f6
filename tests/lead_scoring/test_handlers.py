"""Handlers of lead scoring: the lead of each message."""
from datetime import UTC, datetime
from typing import Any

import pytest

from chassis.domain.handlers import Meta
from contracts.crm import ActivityLogged, ActivityVoided, CampaignResponded, EngagementRecorded
from contracts.kinds import Subject
from services.lead_scoring.handlers import HANDLERS

NOW = datetime(2026, 3, 2, tzinfo=UTC)
META = Meta(id="1", source="/crm", type="t", time=NOW, appended_at=NOW)


def keys_of(event: Any) -> list[str]:
    return [command_for.key for command_for in HANDLERS[type(event)](event, META)]


@pytest.mark.parametrize(("subject", "lead_id", "keys"), [
    (Subject(kind="lead", id="l1"), None, ["l1"]),
    (Subject(kind="customer", id="k1"), "l1", ["l1"]),
    (Subject(kind="customer", id="k1"), None, []),
    (Subject(kind="opportunity", id="d1"), "l1", []),
])
def test_an_activity_counts_for_its_lead_unless_its_subject_is_a_deal(
    subject: Subject, lead_id: str | None, keys: list[str],
) -> None:
    assert keys_of(ActivityLogged(activity_id="a", kind="call", subject=subject, lead_id=lead_id)) == keys
    assert keys_of(ActivityVoided(activity_id="a", subject=subject, lead_id=lead_id)) == keys


def test_engagements_and_responses_count_only_with_a_lead_id() -> None:
    assert keys_of(EngagementRecorded(engagement_id="e", kind="form", subject=Subject(kind="customer", id="k1"))) == []
    assert keys_of(EngagementRecorded(engagement_id="e", kind="form", subject=Subject(kind="lead", id="l1"))) == ["l1"]
    assert keys_of(CampaignResponded(campaign_id="c", response_id="r", response="clicked", customer_id="k1")) == []
    assert keys_of(CampaignResponded(campaign_id="c", response_id="r", response="clicked", lead_id="l1")) == ["l1"]
