"""One report for all faults of a run, written into `docs/reports` when TRIPTYCH_FAULTS_REPORT is set: `make faults`."""
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from tests.faults.outputs import read_outputs
from tests.faults.profiles import Profile, chosen
from tests.faults.report import Report, Result
from tests.faults.stage import Stage
from tests.faults.verifier import differences

REPORT = Report(chosen())
Judged = Callable[[Result, Stage], AbstractAsyncContextManager[None]]


@pytest.fixture(scope="session")
def profile() -> Profile:
    return REPORT.profile


@pytest.fixture
def judged() -> Judged:
    """`async with judged(result, stage):` do harm; then the system settles, and is compared with the ledger."""

    @asynccontextmanager
    async def judge(result: Result, stage: Stage) -> AsyncIterator[None]:
        began = time.monotonic()
        REPORT.results.append(result)
        yield
        await stage.settle(within=300)
        result.differences = await differences(stage)
        outputs = await read_outputs(stage)
        result.events, result.outputs, result.duplicates = len(stage.ledger.said), outputs.records, outputs.copies
        result.duplicates_by_type = dict(outputs.copies_by_type.most_common())
        result.copies_in, result.hostile = stage.ledger.copies, stage.ledger.hostile
        result.seconds = time.monotonic() - began
        result.settle()
        written()
        late = [s for s in result.recoveries if result.bound is not None and s > result.bound]
        assert not result.differences, "\n".join(result.differences)
        assert not late, f"recovered only after {late} s, not within {result.bound} s"

    return judge


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: "pytest.CallInfo[None]") -> Iterator[None]:
    outcome = yield
    report = outcome.get_result()
    if report.skipped and Path(item.path).parent == Path(__file__).parent:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        REPORT.missing[item.name] = reason.removeprefix("Skipped: ")


def pytest_sessionfinish() -> None:
    written()


def written() -> None:
    """After every fault, so that a run that is cut short leaves what it has proven."""
    if os.environ.get("TRIPTYCH_FAULTS_REPORT"):
        REPORT.write()


