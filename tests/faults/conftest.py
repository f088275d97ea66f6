"""One report for all faults of a run, written into `docs/reports` when TRIPTYCH_FAULTS_REPORT is set: `make faults`.

`whole`: of this run alone. `part`: beside what earlier parts of the same profile have left.
"""
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from tests.faults.outputs import read_outputs
from tests.faults.profiles import Profile, chosen
from tests.faults.report import Report, Result
from tests.faults.system_under_test import SystemUnderTest
from tests.faults.verifier import differences

REPORT = Report(chosen())
BEGAN = time.monotonic()
BEGUN = pytest.StashKey[int]()  # how many results there were before a test
SETTLED_WITHIN = {"ci": 300.0, "long": 1800.0}
Verified = Callable[[Result, SystemUnderTest], AbstractAsyncContextManager[None]]


@pytest.fixture(scope="session")
def profile() -> Profile:
    return REPORT.profile


@pytest.fixture
def verified() -> Verified:
    """`async with verified(result, stage):` do harm; then the system settles, and is compared with the ledger."""

    @asynccontextmanager
    async def judge(result: Result, stage: SystemUnderTest) -> AsyncIterator[None]:
        began = time.monotonic()
        if result not in REPORT.results:
            REPORT.results.append(result)
        yield
        await stage.settle(within=SETTLED_WITHIN[REPORT.profile.name])
        result.differences = [*result.differences, *await differences(stage)]
        outputs = await read_outputs(stage)
        result.events += len(stage.ledger.said)
        result.outputs += outputs.records
        result.duplicates += outputs.copies
        result.duplicates_by_type = dict(outputs.copies_by_type.most_common())
        result.copies_in, result.hostile = stage.ledger.copies, stage.ledger.hostile
        result.seconds += time.monotonic() - began
        result.settle()
        written()
        assert not result.differences, "\n".join(result.differences)  # late recoveries: in the report's verdict

    return judge


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: "pytest.CallInfo[None]") -> Iterator[None]:
    began = len(REPORT.results) if call.when == "setup" else item.stash[BEGUN]
    item.stash[BEGUN] = began
    outcome = yield
    report = outcome.get_result()
    if Path(item.path).parent != Path(__file__).parent:
        return
    if report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        REPORT.missing[item.name] = reason.removeprefix("Skipped: ")
    elif call.when == "call":
        REPORT.ran.add(item.name)
    if report.failed:
        for result in REPORT.results[began:]:
            result.fail(f"{item.name} failed: {str(report.longreprtext).strip().splitlines()[-1][:300]}")


def pytest_sessionfinish() -> None:
    written()


def written() -> None:
    """After every fault, so that a run that is cut short leaves what it has proven."""
    asked = os.environ.get("TRIPTYCH_FAULTS_REPORT")
    if asked:
        REPORT.seconds = time.monotonic() - BEGAN
        (REPORT.beside(REPORT.before()) if asked == "part" else REPORT).write()


