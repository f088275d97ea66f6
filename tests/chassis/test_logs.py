"""Logs of a process go to its standard error, whatever stream that is at the time."""
import io
import sys

import pytest
import structlog

from chassis.runtime.host import configure_logs
from chassis.support.settings import Settings


def test_a_logger_writes_on_after_standard_error_was_replaced_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = io.StringIO(), io.StringIO()
    logger = structlog.get_logger("tests.logs")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", first)
        configure_logs(Settings(), "kpi")
        logger.warning("first_event")
    first_lines = first.getvalue()
    first.close()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", second)
        logger.warning("second_event")
    assert "first_event" in first_lines and "second_event" in second.getvalue()
