"""Whatever is asked of any route by its own description, the system answers with a verdict, never with a fault."""
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from tests.journeys.system import System
from tests.support.effort import examples

pytestmark = [pytest.mark.journey, pytest.mark.slow]

ENDLESS = "/v1/live"
SWEEP = settings(max_examples=examples(6), deadline=None, derandomize=True, database=None,
                 phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
"""A few of every operation in every run: a sweep, not a search."""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("fuzz")) as made:
        yield made


def test_no_request_that_the_description_allows_is_a_fault(system: System) -> None:
    described = schemathesis.openapi.from_url(f"http://{system.http}/openapi.json").exclude(path=ENDLESS)
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) > 60
    faults: dict[str, str] = {}
    seen: Counter[int] = Counter()
    for operation in operations:
        @given(case=operation.as_strategy())
        @SWEEP
        def ask(case: Any) -> None:
            case.headers.pop("Authorization", None)  # made up ones are refused, and too many of them locked out
            case.cookies.clear()
            answer = case.call(timeout=20)
            seen[answer.status_code] += 1
            fault = fault_of(answer.status_code, answer.headers, answer.content)
            if fault:
                faults.setdefault(f"{case.method} {case.path}", f"{case.as_curl_command()}: {fault}")

        ask()
    assert not faults, "\n".join(faults.values())
    assert seen[200] + seen[202] > len(operations) / 4 and not seen[429], f"hardly anything was answered: {seen}"
    system.settle()
    assert system.get("/v1/health")["status"] == "ready"


def fault_of(status: int, headers: Any, content: bytes | None) -> str | None:
    if status >= 500 and status != 501:
        return f"{status}: {(content or b'')[:500]!r}"
    kind = str((headers.get("content-type") or [""])[0])
    if status >= 400 and not kind.startswith(("application/problem+json", "text/html")):
        return f"{status} comes as {kind!r}"
    return None
