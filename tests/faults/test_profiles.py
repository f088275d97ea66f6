"""A run that does less says so."""
from pathlib import Path

import pytest

from tests.faults import report
from tests.faults.profiles import PROFILES, chosen
from tests.faults.report import Report, Result


def test_a_scaled_profile_does_its_share_of_everything_and_its_report_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIPTYCH_FAULTS", "long")
    monkeypatch.setenv("TRIPTYCH_FAULTS_SCALE", "0.1")
    made = chosen()
    assert (made.kills, made.kill_events) == (PROFILES["long"].kills // 10, PROFILES["long"].kill_events // 10)
    assert "scaled to 0.1" in Report(made).markdown()


def test_what_was_skipped_and_what_was_not_exact_stand_in_the_report() -> None:
    wrong = Result("F1", "a fault", differences=["orders: 1 instead of 2"])
    wrong.settle()
    late = Result("F4", "another", recoveries=[1.0, 9.0], bound=5)
    late.settle()
    text = Report(PROFILES["ci"], [wrong, late], {"F5": "not proven here: no Java"}).markdown()
    assert "**NOT EXACT**" in text and "orders: 1 instead of 2" in text
    assert "exact, 1 of 2 recoveries LATE" in text
    assert "## NOT PROVEN HERE" in text and "no Java" in text


def test_a_part_of_a_run_stands_beside_the_parts_before_it_and_replaces_what_it_did_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:
    monkeypatch.setattr(report, "REPORTS", tmp_path)
    ci = PROFILES["ci"]
    Report(ci, [Result("F14", "made anew", seconds=60), Result("F1", "kills", injected=1, seconds=40)],
           {"test_of_kafka": "no Java", "test_of_mongo": "no server"}).write()
    part = Report(ci, [Result("F1", "kills", injected=2, seconds=30)], {}, ran={"test_of_kafka"})
    for _ in range(2):  # as often as it has something new to say
        part.beside(part.before()).write()
    both = part.before()
    assert [(r.fault, r.injected) for r in both.results] == [("F1", 2), ("F14", 0)]
    assert both.missing == {"test_of_mongo": "no server"}
    text = (tmp_path / "faults.md").read_text()
    assert "in 1:30 minutes, in parts" in text
    assert "- **F2 on embedded**: not run" in text and "- **F5 on Kafka**: not run" in text
    assert "F14 on embedded**" not in text
    assert Report(PROFILES["long"]).before().results == []


def test_what_its_test_refuses_is_not_called_exact() -> None:
    result = Result("F2", "a fault")
    result.settle()
    result.fail("a failpoint was not reached")
    text = Report(PROFILES["ci"], [result]).markdown()
    assert "exact, but FAILED" in text and "a failpoint was not reached" in text
