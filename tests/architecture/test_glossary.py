"""The glossary has a word, in both languages, for everything that the public face names."""
import re
from pathlib import Path

import pytest

from chassis.domain.definitions import read_directory
from chassis.service.discovery import internal_services
from contracts.kinds import BY_NAME
from services.gateway.permissions import ROLES
from tests.support.running_service import DEFINITIONS

PAGE = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text("utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines()
        if line.startswith("| ") and not line.startswith("| term ")]
TERMS = {word.strip() for row in ROWS for word in re.split(r"[,()]", row[0].lower()) if word.strip()}
KINDS = {"business_lines": "business line", "boards": "board", "calendar": "calendar", "dimensions": "dimension",
         "mappings": "mapping", "measures": "measure", "scorecards": "scorecard", "segments": "segmentation",
         "surveys": "survey", "targets": "target"}


def known(word: str) -> bool:
    return any(re.search(rf"\b{re.escape(word)}\b", term) for term in TERMS)


def test_every_term_stands_once_with_a_word_in_chinese_and_a_meaning() -> None:
    assert len(ROWS) > 100 and all(len(row) == 3 and all(row) for row in ROWS)
    first = [row[0].lower() for row in ROWS]
    assert len(first) == len(set(first)), [t for t in first if first.count(t) > 1]
    assert all(re.search(r"[\u4e00-\u9fff]|NPS", row[1] + row[2]) for row in ROWS)


@pytest.mark.parametrize("noun", sorted({name.split(".")[1] for name in BY_NAME}))
def test_what_events_are_about_is_in_the_glossary(noun: str) -> None:
    internal_services()
    assert known(noun), f"docs/glossary.md lacks {noun!r}"


def test_every_kind_of_definition_is_in_the_glossary() -> None:
    for kind in read_directory(DEFINITIONS).kinds():
        assert kind in KINDS, f"say which word stands for {kind}"
        assert known(KINDS[kind]), f"docs/glossary.md lacks {KINDS[kind]!r}"


def test_every_role_is_named() -> None:
    [row] = [row for row in ROWS if row[0] == "role"]
    assert set(re.findall(r"[a-z]+", row[2])) >= set(ROLES)
