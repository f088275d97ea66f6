"""What the guide for operators names exists: metrics, commands, options, codes of dead letters, checks of the audit."""
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from chassis.runtime.audit import CHECKS
from chassis.support.metrics import Metrics
from tools.cli import app

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "guide" / "delivery.md").read_text(encoding="utf-8")
COMMANDS = sorted({
    line.removeprefix("triptych ") for block in re.findall(r"```\n(.*?)```", GUIDE, re.DOTALL)
    for line in block.splitlines() if line.startswith("triptych ")}
    | set(re.findall(r"`triptych ([^`]+)`", GUIDE)))


def metric_names() -> set[str]:
    families = list(text_string_to_metric_families(Metrics("kpi", "1").text().decode()))
    return {f"{f.name}_total" if f.type == "counter" else f.name for f in families}


def test_every_metric_that_the_guide_names_is_measured_and_every_measured_one_is_named() -> None:
    assert set(re.findall(r"`(triptych_[a-z_]+)`", GUIDE)) == metric_names()


def test_the_guide_names_commands() -> None:
    assert len(COMMANDS) > 10


@pytest.mark.parametrize("said", COMMANDS)
def test_every_command_is_there_with_the_options_that_are_shown(said: str) -> None:
    words = [w for w in said.split() if re.fullmatch(r"[a-z-]+", w)]
    command = words[:2] if words[0] in ("dead-letters", "groups") else words[:1]
    shown = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "300", "NO_COLOR": "1", "TERM": "dumb"})
    assert shown.exit_code == 0, shown.output
    for option in re.findall(r"--[a-z-]+", said):
        assert option in shown.output


def test_every_code_that_the_guide_explains_is_given_somewhere() -> None:
    table = GUIDE.split("| `code` |")[1].split("\n\n")[0]
    codes = set(re.findall(r"`([a-z_]+)`", table)) - {"replay", "discard", "murmur2_random"}
    files = [file for part in ("chassis", "services") for file in (ROOT / part).rglob("*.py")]
    source = "".join(file.read_text(encoding="utf-8") for file in files)
    assert codes and {c for c in codes if f'"{c}"' not in source} == set()


def test_every_check_of_the_audit_is_explained() -> None:
    table = GUIDE.split("| check |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `([a-z]+)`", table, re.MULTILINE)) == set(CHECKS)


def test_links_within_the_guide_lead_somewhere() -> None:
    titles = re.findall(r"^#+ (.+)$", GUIDE, re.MULTILINE)
    headings = {re.sub(r"[^a-z -]", "", title.lower()).replace(" ", "-") for title in titles}
    assert set(re.findall(r"\]\(#([a-z-]+)\)", GUIDE)) <= headings
