"""The simulated company: the same one every time; its history, told to the services, gives what its file says."""
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.conftest import Imported
from tests.journeys.reference_company import Event, figures
from tests.journeys.system import System

pytestmark = [pytest.mark.journey, pytest.mark.slow]

DAYS = 120
UNTIL = datetime(2025, 6, 30, 12, tzinfo=UTC)
COMMAND = ("simulate", "--seed", "5", "--until", UNTIL.isoformat(), "--history-days", str(DAYS), "--speed", "0")
WITHIN = {"from": "2025-01-01", "to": "2025-07-01"}
TOLD = ("activities", "visits", "leads_captured", "leads_lost", "orders", "order_amount", "refunds",
        "payments_received", "nps")
"""Measures that follow from what enterprises say alone."""
QUIET = ("East", date(2025, 4, 17), date(2025, 4, 30))
"""The planted anomaly: a region that goes quiet, whole days only."""


@pytest.fixture(scope="module")
def file(imported: Imported, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(imported.system, tmp_path_factory.mktemp("simulated") / "events.jsonl")


def written(system: System, path: Path) -> Path:
    done = system.run(*COMMAND, "--out", str(path))
    assert done.returncode == 0, done.stdout + done.stderr
    return path


@pytest.fixture(scope="module")
def events(file: Path) -> list[Event]:
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.fixture(scope="module")
def lived(imported: Imported, events: list[Event]) -> Iterator[System]:
    done = imported.system.run(*COMMAND)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(events):,} events" in done.stdout
    imported.system.settle()
    yield imported.system


def test_the_same_seed_and_end_give_the_same_events(imported: Imported, file: Path, tmp_path: Path) -> None:
    assert written(imported.system, tmp_path / "again.jsonl").read_bytes() == file.read_bytes()
    other = tmp_path / "other.jsonl"
    imported.system.run(*COMMAND, "--seed", "6", "--out", str(other))
    assert leads(other) and leads(other).isdisjoint(leads(file))


def leads(file: Path) -> set[str]:
    """What chance alone decides; when a campaign ends, for one, the calendar does."""
    return {line for line in file.read_text().splitlines() if '"crm.lead.' in line}


def test_nothing_that_the_company_says_is_a_dead_letter(lived: System) -> None:
    """What an operator finds there is what went wrong, not how the company lives."""
    letters = lived.get("/v1/dead-letters", event_source="simulation/crm", limit=500)["items"]
    assert [(x["code"], x["event_type"], x["error"]) for x in letters] == []


@pytest.mark.parametrize("measure", TOLD)
def test_a_figure_is_what_the_file_comes_to(lived: System, events: list[Event], measure: str) -> None:
    expected = figures(events)[measure]
    found = lived.figures(measure, **WITHIN, grain="month")
    assert {month: value for (month,), value in found.items() if value} == expected
    assert len(expected) >= 2


def test_invoices_are_those_of_the_file(lived: System, events: list[Event]) -> None:
    expected: Counter[str | None] = Counter()
    for event in events:
        if event["type"] == "crm.invoice.issued.v1":
            expected[event["data"]["region"]] += event["data"]["amount"]["amount_minor"]
    found = lived.figures("invoiced_amount", **WITHIN, by="region")
    assert {region: value for (_, region), value in found.items() if value} == expected


def test_deals_of_a_line_that_asks_for_nothing_are_won_as_the_file_says(lived: System, events: list[Event]) -> None:
    opened, won = dict[str, Event](), dict[str, Event]()
    lost = set[str]()  # a deal that is lost cannot be won, whoever asks for it
    for event in events:
        data: dict[str, Any] = event["data"]
        if event["type"] == "crm.opportunity.opening_requested.v1" and data["business_line"] == "hardware":
            opened[data["opportunity_id"]] = data
        if event["type"] == "crm.opportunity.transition_requested.v1" and data["transition"] == "lose":
            lost.add(data["opportunity_id"])
        if event["type"] == "crm.opportunity.transition_requested.v1" and data["transition"] == "win" and (
                data["opportunity_id"] not in lost):
            won.setdefault(data["opportunity_id"], event)
    signed: Counter[str] = Counter()
    for id in opened.keys() & won.keys():
        signed[won[id]["time"][:7]] += opened[id]["amount"]["amount_minor"]
    where = {**WITHIN, "where": "business_line:hardware", "grain": "month"}
    found = lived.figures("signed_amount", **where)
    assert {month: value for (month,), value in found.items() if value} == signed
    assert sum(lived.figures("opportunities_opened", **where).values()) == len(opened)


def test_what_pipeline_says_is_what_is_counted(lived: System) -> None:
    said: Counter[str] = Counter()
    for record in lived.records("crm.opportunities.v1"):
        headers = dict(record.headers)
        if headers["ce_time"].startswith(b"2025-0"):
            said[headers["ce_type"].decode()] += 1
    assert said["crm.transition.refused.v1"] > 0  # some deals break the blueprint and are sent back
    for measure, type in (("opportunities_won", "crm.opportunity.won.v1"), ("stage_visits", "crm.stage.entered.v1"),
                          ("opportunities_lost", "crm.opportunity.lost.v1")):
        assert sum(lived.figures(measure, **WITHIN).values()) == said[type] > 0


def test_the_history_has_acted_on_nothing(lived: System) -> None:
    for topic in ("crm.surveys.v1", "crm.opportunities.v1"):
        types = {dict(r.headers)["ce_type"].decode() for r in lived.records(topic)
                 if dict(r.headers)["ce_time"].startswith(b"2025-0")}
        assert not types & {"crm.survey.invited.v1", "crm.issue.raised.v1", "crm.sla.breached.v1"}


def test_the_planted_anomaly_is_in_the_figures(lived: System) -> None:
    region, low, high = QUIET
    length = high - low

    def a_day(where: str, low: date) -> float:
        asked = {"from": low.isoformat(), "to": (low + length).isoformat(), "where": f"region:{where}"}
        return sum(lived.figures("leads_captured", **asked).values()) / length.days

    for other in ("North", "South"):
        assert a_day(other, low) > 1
        assert a_day(region, low) < 0.5 * a_day(other, low)
    assert a_day(region, low - length) > 2 * a_day(region, low)
    assert a_day(region, low + length + timedelta(days=1)) > 2 * a_day(region, low)


def test_a_simulated_company_lives_in_a_system_that_is_started_with_it(tmp_path: Path) -> None:
    with System(tmp_path, "--simulate", "--history-days", "30", "--seed", "3") as system:
        system.until(lambda: sum(system.figures("leads_captured", **{"from": "2020-01-01"}).values()) > 50,
                     "its leads are counted")
        assert "simulated company" in system.log.read_text()
        assert system.get("/v1/opportunities")["items"] or system.get("/v1/leads")["items"]
        assert system.stop() == 0
