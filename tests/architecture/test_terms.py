"""Chinese texts use the glossary's one word for each term: API messages, titles in definitions, and documents."""
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from chassis.domain.definitions import Definition, read_directory
from chassis.http.i18n import CATALOGUE

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("services/*/README.md")])
DEFINITION_FILES = sorted(ROOT.glob("definitions/**/*.yaml"))
SHIPPED = read_directory(ROOT / "definitions")
DEFINITIONS = [d for kind in SHIPPED.kinds() for d in SHIPPED.current(kind)]

SYNONYMS: Mapping[str, str] = {
    "度量": "指标", "销售流程": "销售管道", "销售渠道": "销售管道", "客户分群": "客群", "细分群体": "客群",
    "仪表盘": "看板", "仪表板": "看板", "违约": "超时", "失单": "输单", "丢单": "输单", "潜客": "线索",
    "失败消息": "死信", "业务员": "销售代表", "销售员": "销售代表", "调查问卷": "问卷", "流程图": "流程蓝图",
    "状态流转": "流转", "转移": "流转", "机会点": "商机",
}
"""Word that must not be used -> the glossary's word."""

CHECKED_IN_TITLES = (
    "lead", "customer", "opportunity", "deal", "business line", "pipeline", "stage", "transition", "funnel", "breach",
    "measure", "target", "segment", "survey", "activity", "visit", "region", "team", "rep", "scorecard", "campaign",
    "qualified lead", "win rate", "average deal", "sales cycle", "signed amount", "order amount", "invoiced amount",
    "payment received", "collection rate", "response rate", "NPS", "CSAT", "CES",
)
"""Terms with one meaning in everyday English; `order`, `lost` or `issue` also occur in other senses."""
OTHER_SENSE = {
    ("Stage visits", "visit"): "visits of a deal to a stage, not of a rep",
    ("NPS by business line", "NPS"): "the abbreviation is common in Chinese",
}


def glossary() -> dict[str, tuple[str, ...]]:
    """English term -> its Chinese words."""
    found: dict[str, tuple[str, ...]] = {}
    for line in (ROOT / "docs" / "glossary.md").read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) == 3 and cells[0] != "term":
            chinese = tuple(word for word in re.split("[、,]", cells[1]) if word)
            for term in re.split(r",\s*", re.sub(r"\(.*?\)", "", cells[0])):
                if term.strip():
                    found[term.strip().lower()] = chinese
    return found


TERMS = glossary()


def titles(value: Any, path: str = "") -> Iterator[tuple[str, str, str]]:
    """(path, English, Chinese) of every `{en, zh}` pair of a definition."""
    if isinstance(value, dict):
        if isinstance(value.get("en"), str) and isinstance(value.get("zh"), str):
            yield path, value["en"], value["zh"]
        for key, inner in value.items():
            yield from titles(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from titles(inner, f"{path}/{n}")


def terms_in(english: str) -> Iterator[str]:
    """Checked terms in a text, the longest first and without those inside a longer one."""
    rest = english.lower()
    for term in sorted(CHECKED_IN_TITLES, key=len, reverse=True):
        plural = rf"{re.escape(term[:-1])}ies" if term.endswith("y") else rf"{re.escape(term)}s"
        pattern = rf"\b({re.escape(term)}|{plural})\b".lower()
        if re.search(pattern, rest):
            rest = re.sub(pattern, " ", rest)
            yield term


def test_chinese_messages_of_the_api_use_no_synonym_of_a_glossary_word() -> None:
    faults = [
        f"{code}: {template!r} has {synonym}, use {word}"
        for code, templates in CATALOGUE["zh"].items() for template in templates
        for synonym, word in SYNONYMS.items() if synonym in template]
    assert not faults, "\n".join(faults)


def test_documents_and_definitions_use_no_synonym_of_a_glossary_word() -> None:
    faults = [
        f"{path.relative_to(ROOT)}: {synonym}, use {word}"
        for path in (*DOCUMENTS, *DEFINITION_FILES) for synonym, word in SYNONYMS.items()
        if synonym in path.read_text("utf-8")]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda d: f"{d.kind}/{d.name}")
def test_titles_translate_a_term_by_the_glossary(definition: Definition) -> None:
    faults = [
        f"{where}: {english!r} / {chinese!r}: {term} is {' or '.join(TERMS[term.lower()])}"
        for where, english, chinese in titles(definition.body)
        for term in terms_in(english)
        if not any(word in chinese for word in TERMS[term.lower()]) and (english, term) not in OTHER_SENSE]
    assert not faults, "\n".join(faults)
