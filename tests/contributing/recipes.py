"""Reads the recipes of CONTRIBUTING.md, and applies their code blocks to a copy of this checkout."""
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.environment import clean_environment

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "CONTRIBUTING.md"
EVENT, MEASURE, FUNCTION, SERVICE = "Add an event", "Add a measure", "Add a criteria function", "Add a service"
COPIED = ("chassis", "contracts", "definitions", "dev", "docs", "services", "tests", "tools")
COPIED_FILES = (".importlinter", "ARCHITECTURE.md", "Makefile", "README.md", "pyproject.toml")
NOT_COPIED = ("static", "pictures", "golden", "faults", "reports")

SECTION = re.compile(r"^### (?P<title>.+?)\n(?P<text>.*?)(?=^###? |\Z)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(
    r"`(?P<path>[\w./-]+)`,\s+(?:(?P<place>new file|at the end)|(?P<side>below|above)\s+`(?P<anchor>[^`]+)`):\n\n"
    r"```\w*\n(?P<text>.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Edit:
    """A code block of the page: a new file, or lines at the end of one, or beside the only line with the anchor."""

    path: str
    place: str  # "new file", "at the end", "below", "above"
    anchor: str
    text: str

    def apply(self, root: Path) -> None:
        file = root / self.path
        if self.place == "new file":
            assert not file.exists(), f"{self.path} exists already"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.text, "utf-8")
            return
        lines = file.read_text("utf-8").splitlines(keepends=True)
        at = len(lines) if self.place == "at the end" else self._anchored(lines) + (self.place == "below")
        file.write_text("".join([*lines[:at], self.text, *lines[at:]]), "utf-8")

    def _anchored(self, lines: list[str]) -> int:
        """The line that is the anchor; else the only one that begins with it."""
        whole = [n for n, line in enumerate(lines) if line.rstrip("\n") == self.anchor]
        found = whole or [n for n, line in enumerate(lines) if line.startswith(self.anchor)]
        assert len(found) == 1, f"{self.path}: {len(found)} lines are {self.anchor!r}; the recipe needs exactly one"
        return found[0]


def sections() -> dict[str, str]:
    """{title of the recipe: its text}."""
    return {m["title"]: m["text"] for m in SECTION.finditer(PAGE.read_text("utf-8"))}


def edits(title: str) -> list[Edit]:
    return [Edit(m["path"], m["place"] or m["side"], m["anchor"] or "", m["text"])
            for m in BLOCK.finditer(sections()[title])]


def blocks_without_a_file(title: str) -> list[str]:
    """Code blocks that are shown as an example and belong to no step."""
    rest = BLOCK.sub("", sections()[title])
    return re.findall(r"```\w*\n(.*?)```", rest, re.DOTALL)


@dataclass(frozen=True)
class Checkout:
    """A copy of this checkout in which a recipe is applied and run."""

    root: Path

    def apply(self, title: str) -> set[str]:
        """Applies the recipe; returns the files that a person writes or changes."""
        for edit in edits(title):
            edit.apply(self.root)
        return {edit.path for edit in edits(title)}

    def publish(self) -> None:
        """What `make publish` runs, in one process. Fails when readers of the published schemas would break."""
        self.run("-c", "import sys; from dev.contract_files.__main__ import main; from tools.cli import app; "
                       "main([]) and sys.exit('contract files'); app(['map'])")

    def test(self, *paths: str) -> None:
        """Runs these tests of the copy, with few examples of each property."""
        self.run("-m", "pytest", "-q", "-m", "not slow", *paths)

    def run(self, *arguments: str) -> str:
        """Runs Python in the copy; AssertionError with its output unless it succeeds."""
        environment = {**clean_environment(), "PYTHONPATH": str(self.root), "COLUMNS": "200",
                       "TRIPTYCH_TEST_EFFORT": "0.05"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # the next process of this copy starts quicker
        done = subprocess.run([sys.executable, *arguments], cwd=self.root, capture_output=True, text=True, check=False,
                              timeout=600, env=environment)
        assert done.returncode == 0, f"{' '.join(arguments)}:\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
        return done.stdout

    def read(self, path: str) -> str:
        return (self.root / path).read_text("utf-8")


def _not_copied(directory: str, names: list[str]) -> set[str]:
    return {name for name in names if name in NOT_COPIED}


def copy_checkout(target: Path) -> Checkout:
    """The sources without what is installed, built or generated for this machine."""
    for name in COPIED:
        shutil.copytree(ROOT / name, target / name, ignore=_not_copied)
    for name in COPIED_FILES:
        shutil.copy2(ROOT / name, target / name)
    shutil.copy2(PAGE, target / PAGE.name)
    return Checkout(target)


def files_below(root: Path) -> Iterator[str]:
    for directory, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name != "__pycache__" and not name.startswith(".")]
        yield from (str((Path(directory) / name).relative_to(root)) for name in names)
