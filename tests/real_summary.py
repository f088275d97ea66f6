"""What this machine could not prove is said at the end, loudly: a skipped test must not look like a passed one."""
from collections import Counter

import pytest

MARK = "not proven here:"


def _reason(report: object) -> str:
    told = getattr(report, "longrepr", None)
    return str(told[2]) if isinstance(told, tuple) else str(told)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", []))
    unproven = {reason.partition(MARK)[2].strip(): n for reason, n in reasons.items() if MARK in reason}
    if unproven:
        terminalreporter.write_sep("=", "NOT PROVEN HERE", red=True, bold=True)
        for reason, n in unproven.items():
            terminalreporter.write_line(f"{n} test{'s' if n > 1 else ''}: {reason}", red=True)
