"""Refusals in the language of who asks: every code that any service can answer with has its words in each."""
import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest
from pydantic_core.core_schema import ErrorType

from chassis.http.i18n import CATALOGUE, LANGUAGES, localized, negotiate_language, translate, use_language
from chassis.http.i18n.chinese import STATUS, VALIDATION
from chassis.http.problems import TITLES, ProblemError, error_body
from chassis.messages.codec.errors import FieldError
from services.surveys.decider.fatigue import suppressing_rule

ROOT = Path(__file__).parents[2]
PLACE = {"ProblemError": 1, "CommandRefused": 1, "FieldError": 0, "RejectedMessage": 0, "EnvelopeError": 0,
         "_reason": 0, "_own": 0, "decline": 0, "AnswerFault": 0, "unauthorised": 1, "failed": 1, "__init__": 1}
"""Where in a call the code stands, of everything by which something is refused."""
NOT_TO_CLIENTS = {"", "replay_refused"}


def codes() -> Iterator[tuple[str, str]]:
    """(code, place in the source) of every refusal that names its code."""
    for room in ("chassis", "services"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and (found := _code(node)) is not None:
                    yield found, f"{path.relative_to(ROOT)}:{node.lineno}"


def _code(call: ast.Call) -> str | None:
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    named = next((k.value for k in call.keywords if k.arg == "code"), None) if name == "Reason" else None
    if name in PLACE and len(call.args) > PLACE[name]:
        named = call.args[PLACE[name]]
    found = named.value if isinstance(named, ast.Constant) else None
    return found if isinstance(found, str) and re.fullmatch("[a-z_.]*", found) else None


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "en"])
def test_every_code_has_words_in_every_language(language: str):
    """English stands where the code is said; the other languages in their catalogues."""
    found = [(code, place) for code, place in codes() if code not in NOT_TO_CLIENTS]
    assert len({code for code, _ in found}) > 60, "the codes are found"
    lacking = {code: place for code, place in found if not CATALOGUE[language].get(code)}
    assert not lacking


def test_every_rule_by_which_nobody_is_asked_has_words():
    source = ast.parse(Path(suppressing_rule.__code__.co_filename).read_text("utf-8"))
    [function] = [n for n in source.body if getattr(n, "name", "") == "suppressing_rule"]
    rules = {n.value.value for n in ast.walk(function) if isinstance(n, ast.Return)
             and isinstance(n.value, ast.Constant) and n.value.value}
    assert len(rules) == 4 and rules <= set(CATALOGUE["zh"])


def test_the_forms_that_are_named_are_those_of_pydantic():
    assert set(VALIDATION) <= set(get_args(ErrorType))


def test_every_status_has_a_title_in_every_language():
    assert set(STATUS) == set(TITLES)


def test_a_template_is_a_sentence_and_the_last_one_of_a_code_needs_nothing_that_may_lack():
    optional = {"label", "id", "capability", "permission", "dimension", "dimensions", "name", "transition", "reasons"}
    for code, templates in CATALOGUE["zh"].items():
        assert templates and all(any("\u4e00" <= c <= "\u9fff" for c in t) for t in templates), code
        needs = {name for _, name, _, _ in Formatter().parse(templates[-1]) if name}
        assert not needs & (optional - {"label"}), f"{code} says nothing where {needs} is not told"


@pytest.mark.parametrize(("asked", "language"), [
    (None, "en"), ("", "en"), ("zh", "zh"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("en-GB", "en"), ("de", "en"),
    ("de,zh;q=0.5", "zh"), ("en;q=0.1,zh;q=0.2", "zh"), ("zh;q=0", "en"), ("*", "en"), ("zh;q=x", "en"),
    ("," * 10_000, "en"),
])
def test_the_language_is_the_first_that_is_accepted(asked: str | None, language: str):
    assert negotiate_language(asked) == language


def test_words_of_a_definition_win_over_those_of_the_code():
    own = {"says": {"en": "Name a price.", "zh": "请给出价格。"}, "label": {"en": "Amount", "zh": "金额"}}
    assert translate("field_required", "Name a price.", own) == "Name a price."
    with use_language("zh"):
        assert translate("field_required", "Name a price.", own) == "请给出价格。"
        assert translate("field_required", "Amount is needed.", {"label": own["label"]}) == "请填写“金额”。"
        assert translate("field_required", "Amount is needed.", {"label": {"en": "Amount"}}) == "请填写“Amount”。"
        assert translate("no_such_code", "Something.") == "Something."
        assert localized({"en": "West"}) == "West" and localized(None, "-") == "-" and localized({"zh": "西"}) == "西"


def test_a_problem_speaks_the_language_of_the_request_and_keeps_code_and_values():
    problem = ProblemError(422, "invalid", "No.", [FieldError("field_invalid", "/fields/x", "X is no number.",
                                                    {"label": {"en": "X", "zh": "数"}, "type": "number"})])
    english = problem.body()
    with use_language("zh"):
        chinese = problem.body()
    assert (english["title"], english["errors"][0]["message"]) == ("Invalid content", "X is no number.")
    assert (chinese["title"], chinese["errors"][0]["message"]) == ("内容不符合要求", "“数”必须是数字。")
    for same in ("type", "status", "code"):
        assert english[same] == chinese[same]
    assert english["errors"][0]["params"] == chinese["errors"][0]["params"]


def test_a_fault_of_a_form_that_has_no_words_of_its_own_still_speaks():
    with use_language("zh"):
        fault = error_body(FieldError("is_instance_of", "/x", "Input should be an instance of X"))
        assert fault["message"] == "内容不符合要求的格式。"
