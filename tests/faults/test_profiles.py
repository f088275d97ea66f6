"""A run that does less says so."""
import pytest

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
