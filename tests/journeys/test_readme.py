"""The session in the README, run word for word by a shell against a fresh system, and its answers compared."""
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.system import DEADLINE, System

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"```(bash|json)\n(.*?)```", re.DOTALL)

pytestmark = pytest.mark.journey


def steps() -> list[tuple[str, str]]:
    """(commands, what is to be expected after them); commands without an answer have ''."""
    found: list[tuple[str, str]] = []
    for kind, text in BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8")):
        if kind == "bash":
            found.append((text, ""))
        else:
            found[-1] = (found[-1][0], text)
    return found


def pattern(expected: str) -> re.Pattern[str]:
    """Line breaks in the page are for the reader; `…` is anything."""
    text = "".join(line.strip() for line in expected.strip().splitlines())
    return re.compile("".join(".*?" if part == "…" else re.escape(part) for part in re.split("(…)", text)), re.DOTALL)


def said(script: str, door: str) -> str:
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False,
                          env={"TRIPTYCH_HTTP": door, "PATH": "/usr/local/bin:/usr/bin:/bin"})
    return done.stdout


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[System]:
    with System(tmp_path) as system:
        yield system


def test_the_page_shows_a_session_with_answers() -> None:
    assert len([s for s in steps() if s[1]]) >= 10


def test_the_session_of_the_readme_answers_as_the_page_says(fresh: System) -> None:
    helpers, *session = steps()
    for commands, expected in session:
        wanted, end = pattern(expected), time.monotonic() + DEADLINE
        answer = said(helpers[0] + commands, fresh.http)
        while not wanted.match(answer) and time.monotonic() < end:
            time.sleep(0.2)  # a person types slower than events travel; to say it again changes nothing
            answer = said(helpers[0] + commands, fresh.http)
        assert wanted.match(answer), f"\n$ {commands}\nexpected: {expected}\nanswered: {answer}"
