"""Every failpoint that is declared stands somewhere, every one that stands is declared, and off means nothing."""
import ast
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chassis.support import failpoints

ROOT = Path(__file__).parents[2]


def standing() -> list[str]:
    """The names of all `failpoints.reach("...")` of the product."""
    found = []
    for top in ("chassis", "services"):
        for path in (ROOT / top).rglob("*.py"):
            text = path.read_text()
            for node in ast.walk(ast.parse(text)) if "failpoints.reach" in text else ():
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "failpoints.reach":
                    assert isinstance(node.args[0], ast.Constant), f"{path}: a failpoint is named by a literal"
                    found.append(node.args[0].value)
    return found


def test_the_list_of_failpoints_is_what_stands_in_the_code() -> None:
    assert len(set(failpoints.POINTS)) == len(failpoints.POINTS) >= 40
    assert set(standing()) == set(failpoints.POINTS)


def test_every_point_has_one_on_the_other_side_of_the_write() -> None:
    for name in failpoints.POINTS:
        if name.endswith(".before"):
            assert name.removesuffix("before") + "after" in failpoints.POINTS


def test_unarmed_points_let_everything_pass() -> None:
    for name in failpoints.POINTS:
        failpoints.reach(name)


@pytest.mark.parametrize("said", ["runner.save.after", "no.such.point:1", "runner.save.after:0", "runner.save.after:x"])
def test_what_names_no_failpoint_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match=r"failpoint|hit"):
        failpoints.arm(said)


def test_an_armed_point_kills_the_process_at_the_hit_that_was_named() -> None:
    code = ("from chassis.support import failpoints as f\nf.arm('runner.save.after:3')\nfor n in range(5):\n"
            "  f.reach('runner.save.before')\n  print(n, flush=True)\n  f.reach('runner.save.after')\n")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert [line for line in done.stdout.split() if line.isdigit()] == ["0", "1", "2"]
