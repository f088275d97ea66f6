"""The operators' guide matches the code: metrics, commands, options, dead letter codes, audit checks."""
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


def test_the_guide_names_exactly_the_exported_metrics() -> None:
    assert set(re.findall(r"`(triptych_[a-z_]+)`", GUIDE)) == metric_names()


def test_the_guide_names_commands() -> None:
    assert len(COMMANDS) > 10


@pytest.mark.parametrize("command_line", COMMANDS)
def test_every_command_of_the_guide_exists_with_its_options(command_line: str) -> None:
    words = [w for w in command_line.split() if re.fullmatch(r"[a-z-]+", w)]
    command = words[:2] if words[0] in ("dead-letters", "groups") else words[:1]
    help_page = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "300", "NO_COLOR": "1", "TERM": "dumb"})
    assert help_page.exit_code == 0, help_page.output
    for option in re.findall(r"--[a-z-]+", command_line):
        assert option in help_page.output


def test_every_code_of_the_guide_exists_in_the_source() -> None:
    table = GUIDE.split("| `code` |")[1].split("\n\n")[0]
    codes = set(re.findall(r"`([a-z_]+)`", table)) - {"replay", "discard", "murmur2_random"}
    files = [file for part in ("chassis", "services") for file in (ROOT / part).rglob("*.py")]
    source = "".join(file.read_text(encoding="utf-8") for file in files)
    assert codes and {c for c in codes if f'"{c}"' not in source} == set()


def test_the_guide_explains_every_check_of_the_audit() -> None:
    table = GUIDE.split("| check |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `([a-z]+)`", table, re.MULTILINE)) == set(CHECKS)


def test_links_within_the_guide_have_a_heading() -> None:
    titles = re.findall(r"^#+ (.+)$", GUIDE, re.MULTILINE)
    headings = {re.sub(r"[^a-z -]", "", title.lower()).replace(" ", "-") for title in titles}
    assert set(re.findall(r"\]\(#([a-z-]+)\)", GUIDE)) <= headings
