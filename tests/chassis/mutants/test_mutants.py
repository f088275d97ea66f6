"""Every fence is needed: taken out of the real code one by one, each is found out, and by the property it is there for.

The table of them all is `docs/reports/mutants.md`; `python -m tests.chassis.mutants.report` writes it.
"""
import inspect
import re
from typing import Any

import pytest

from tests.chassis.mutants.checks import CHECKS
from tests.chassis.mutants.mutant import Mutant
from tests.chassis.mutants.patching import cut
from tests.chassis.mutants.report import ALL, FILE, table

NAMED = frozenset((  # by the design of protocol A, B3 and the deadlines
    "no version fence", "commit before publish", "clear before publish", "blind clear", "publishing only own outputs",
    "no de-dup", "ring too small", "w:1 rollback", "no re-apply", "no unique key",
    "reading before the last record is applied", "image set without fence", "delta added without fence",
    "timers without sweeper", "timers without CAS",
))
USED = sorted({mutant.check for mutant in ALL})


async def run(check: Any, *given: Any) -> None:
    answer = check(*given)
    if inspect.isawaitable(answer):
        await answer


def test_every_mutant_of_the_design_is_here_under_its_name() -> None:
    names = [mutant.name for mutant in ALL]
    assert len(names) == len(set(names))
    assert set(names) >= NAMED


@pytest.mark.slow
@pytest.mark.parametrize("check", USED)
async def test_the_code_as_it_is_passes(check: str) -> None:
    await run(CHECKS[check])


@pytest.mark.slow
@pytest.mark.parametrize("mutant", ALL, ids=lambda mutant: mutant.name)
async def test_the_code_without_one_fence_is_found_out(mutant: Mutant) -> None:
    said = await found(mutant)
    assert said is not None, f"{mutant.name} survives {mutant.check}"
    assert re.search(mutant.caught, said), f"{mutant.name} is found out for another reason: {said}"


async def found(mutant: Mutant) -> str | None:
    """What finds the mutant out; None: nothing does. A mutant that is no program any more is none: it raises."""
    check = mutant.broken or CHECKS[mutant.check]
    with cut(mutant.cuts):
        try:
            await run(check, *([mutant.make] if mutant.make else []))
        except (AssertionError, TimeoutError, pytest.fail.Exception) as error:
            return f"{type(error).__name__}: {error}"
    return None


def test_the_table_of_mutants_is_the_one_that_is_tested() -> None:
    assert FILE.read_text() == table(), "python -m tests.chassis.mutants.report writes it anew"
