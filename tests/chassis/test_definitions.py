"""Definitions: every fault of a file with its line and column, in any language; the one way from YAML to a model."""
import ast
import pickle
import re
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from chassis.domain.definitions import (
    Definition,
    DefinitionError,
    DefinitionFault,
    Definitions,
    FaultReporter,
    compile_versions,
    parse_yaml,
    read_directory,
)
from chassis.domain.definitions.faults import FaultCollector
from chassis.domain.definitions.schema import MESSAGES, BilingualTitle, EnglishTitle, Title, YamlModel, load
from chassis.domain.definitions.yaml_files import MAX_BYTES, MAX_DEPTH, scan_directory
from chassis.http.i18n import CATALOGUE, translate, use_language

ROOT = Path(__file__).parents[2]


def faults_of(text: str | bytes) -> list[tuple[str, int | None, int | None]]:
    """(code, line, column) of every fault of a file."""
    with pytest.raises(DefinitionError) as error:
        parse_yaml(text if isinstance(text, bytes) else text.encode(), "x.yaml")
    return [(f.code, f.line, f.column) for f in error.value.faults]


# --- YAML ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "found"), [
    ("a: 1\nb: 2\na: 3\nb: 4\n", [("duplicate_key", 3, 1), ("duplicate_key", 4, 1)]),
    ("a: &x 1\nb: *x\n", [("anchor_or_tag", 1, 4), ("anchor_or_tag", 2, 4)]),
    ("a: !!str 1\n", [("anchor_or_tag", 1, 4)]),
    ("? [a]\n: 1\nb:\n  <<: {c: 1}\n", [("bad_key", 1, 3), ("bad_key", 4, 3)]),
    ("a: [1\nb: 2\n", [("bad_yaml", 2, 2)]),
    ("a: 1\n---\nb: 2\n", [("several_documents", 2, 1)]),
    (b"a: \xff\n", [("not_utf8", None, None)]),
    ("a: " + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), [("too_deep_file", 1, 3 + MAX_DEPTH)]),
    ("a" * (MAX_BYTES + 1), [("too_large_file", None, None)]),
])
def test_every_fault_of_a_file_has_its_line_and_column(text: str | bytes, found: list[Any]) -> None:
    assert faults_of(text) == found


def test_scalars_are_those_of_yaml_1_2() -> None:
    body, _ = parse_yaml(b"[NO, 12:30, 0x1F, 010, 1_000, ~, null, true, -3, 2.5, 1e3, '1', yes, 2026-01-02, '']", "x")
    assert body == ["NO", "12:30", "0x1F", "010", "1_000", None, None, True, -3, 2.5, 1000.0, "1", "yes", "2026-01-02",
                    ""]


SCALARS = st.one_of(st.integers(-99, 99), st.booleans(), st.none(), st.text("abc äö", min_size=1, max_size=8))
BODIES = st.dictionaries(st.text("abc", min_size=1, max_size=3), st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.text("abc", min_size=1, max_size=3), inner, max_size=3), max_leaves=8), min_size=1, max_size=4)


@given(BODIES, st.booleans())
def test_marks_are_where_the_file_has_the_value(body: dict[str, Any], flow: bool) -> None:
    text = yaml.safe_dump(body, allow_unicode=True, default_flow_style=flow, width=10_000)
    parsed, marks = parse_yaml(text.encode(), "x.yaml")
    assert parsed == body
    lines = text.splitlines()
    for path, mark in marks.keys.items():
        rest = lines[mark.line - 1][mark.column - 1:]
        assert re.match(rf"['\"]?{re.escape(str(path[-1]))}['\"]?:", rest), (path, text)
    for path, mark in marks.values.items():
        value: Any = body
        for step in path:
            value = value[step]
        if mark.text and isinstance(value, str):
            assert lines[mark.line - 1][mark.text - 1:].startswith(value), (path, text)


def test_a_broken_file_does_not_hide_the_others(tmp_path: Path) -> None:
    for name, text in {"a": "x: [1", "b": "name: c\nversion: 0\n", "good": "name: good\n", "d": "- 1\n"}.items():
        (tmp_path / "things").mkdir(exist_ok=True)
        (tmp_path / "things" / f"{name}.yaml").write_text(text)
    faults = FaultCollector()
    found = scan_directory(tmp_path, faults)
    assert [d.name for d in found.current("things")] == ["good"]
    assert found.names("things") == {"a", "b", "d", "good"}
    assert [(Path(f.file).stem, f.code) for f in faults.faults] == [
        ("a", "bad_yaml"), ("b", "name_is_not_the_file"), ("b", "bad_version"), ("d", "not_a_mapping")]
    with pytest.raises(DefinitionError) as error:
        read_directory(tmp_path)
    assert list(error.value.faults) == faults.faults


# --- models ----------------------------------------------------------------------------------------------------------


class PartYaml(YamlModel):
    size: int = Field(ge=1)
    kinds: str | list[str] | None = None


class ThingYaml(YamlModel):
    name: str
    title: EnglishTitle
    parts: list[PartYaml] = Field(default=[])
    by_name: dict[str, PartYaml] = Field(default={})


def definition(text: str) -> Definition:
    body, marks = parse_yaml(text.encode(), "things/x.yaml")
    return Definition("things", "x", 1, body, "things/x.yaml", marks)


def lines_of(text: str) -> list[str]:
    report = FaultReporter(definition(text))
    load(report, ThingYaml)
    return [str(fault) for fault in report.faults]


def test_all_faults_are_found_at_once_and_say_what_is_allowed() -> None:
    assert lines_of("""\
name: 5
title: {zh: 物}
colour: red
parts:
  - {size: 0}
  - size: big
    siez: 3
  - kinds: {a: 1}
by_name:
  left: {size: 1, heigth: 2}
""") == [
        "things/x.yaml:1:7: name: must be a string",
        "things/x.yaml:2:1: title: must have a text in en",
        "things/x.yaml:5:12: parts/0/size: must be at least 1",
        "things/x.yaml:6:11: parts/1/size: must be a whole number",
        "things/x.yaml:7:5: parts/1/siez: unknown key; use one of kinds, size",
        "things/x.yaml:8:5: parts/2/size: is required",
        "things/x.yaml:8:5: parts/2/kinds: must be a string",
        "things/x.yaml:8:5: parts/2/kinds: must be a list",
        "things/x.yaml:10:19: by_name/left/heigth: unknown key; use one of kinds, size",
        "things/x.yaml:3:1: colour: unknown key; use one of by_name, name, parts, title",
    ]


def test_unknown_keys_do_not_hide_what_the_compiler_finds() -> None:
    report = FaultReporter(definition("name: x\ntitle: {en: X}\nparts: [{size: 1}, {size: 2, big: true}]\n"))
    read = load(report, ThingYaml)
    assert read is not None and [part.size for part in read.parts] == [1, 2]
    assert [fault.allowed for fault in report.faults] == [("kinds", "size")]


@pytest.mark.parametrize(("kind", "texts", "valid"), [
    (Title, {}, True), (Title, {"de": "X", "en": None}, True), (Title, {"en": 5}, False), (Title, "X", False),
    (EnglishTitle, {"en": "X", "zh": None}, True), (EnglishTitle, {"zh": "物"}, False),
    (EnglishTitle, {"en": ""}, False), (EnglishTitle, {"en": "X", "de": "X"}, False),
    (EnglishTitle, {"en": "x" * 501}, False),
    (BilingualTitle, {"en": "X", "zh": "物"}, True), (BilingualTitle, {"en": "X"}, False),
])
def test_a_title_has_the_languages_that_its_kind_requires(kind: Any, texts: Any, valid: bool) -> None:
    model = type("OneTitleYaml", (YamlModel,), {"__annotations__": {"title": kind}})
    report = FaultReporter(Definition("things", "x", 1, {"title": texts}))
    read: Any = load(report, model)
    assert (read is not None) is valid is (not report.faults)
    if valid:
        assert read.title == {k: v for k, v in texts.items() if v is not None}, "a null counts as absent"


def test_a_fault_of_a_criterion_points_into_its_text() -> None:
    report = FaultReporter(definition("name: x\nwhen: size > 3 and colour == 'red'\nlong: >\n  size\n  > nope\n"))
    for key in ("when", "long"):
        assert report.at(key).criterion(str(report.definition.body[key]), names={"size"}) is None
    assert [(f.line, f.column, f.code, f.params["position"]) for f in report.faults] == [
        (2, 20, "criterion_unknown_name", 14), (3, 1, "criterion_unknown_name", 8)]
    assert report.faults[0].allowed == ("size",)


def test_a_criterion_that_can_never_be_true_is_a_fault_of_the_version_in_force_only() -> None:
    thing = definition("name: x\nwhen: size + 1\n")
    for current in (True, False):
        report = FaultReporter(thing, current=current)
        assert (report.at("when").criterion("size + 1") is None) is current
        assert [f.code for f in report.faults] == (["criterion_not_boolean"] if current else [])


def test_every_version_is_compiled_once_and_all_faults_are_raised_together() -> None:
    old, new, other = (Definition("things", name, version, {"n": name, "v": version}) for name, version in (
        ("x", 1), ("x", 2), ("y", 1)))
    found = compile_versions(Definitions([new, other], [old]), "things", lambda report: report.definition.ref)
    assert (dict(found.current), set(found.by_ref)) == ({"x": "x@2", "y": "y@1"}, {"x@1", "x@2", "y@1"})

    def fail(report: FaultReporter) -> None:
        report.add("broken", "is broken")

    with pytest.raises(DefinitionError) as error:
        compile_versions(Definitions([new, other], [old]), "things", fail)
    assert str(error.value).splitlines() == [f"things/{ref}: is broken" for ref in ("x@1", "x@2", "y@1")]


def test_an_error_crosses_processes_with_its_faults() -> None:
    error = DefinitionError([DefinitionFault("code", "is wrong", "x.yaml", ("a", 1), 2, 3, {"value": "v"})])
    again = pickle.loads(pickle.dumps(error))
    assert again.faults == error.faults and str(again) == "x.yaml:2:3: a/1: is wrong"


# --- messages --------------------------------------------------------------------------------------------------------


SOURCES = [*ROOT.glob("chassis/domain/**/*.py"), *ROOT.glob("services/*/definitions/**/*.py"),
           *ROOT.glob("services/kpi/api/boards.py"), *ROOT.glob("services/*/*_schema.py"),
           ROOT / "tools" / "csv_import" / "mapping.py"]
CODE_AT = {"add": 0, "InvalidValue": 0, "CriterionError": 0, "DefinitionFault": 0, "_error": 1, "_fault": 1, "fault": 1,
           "unique": 1}
"""Where in a call the code of a fault is."""


def reported_codes() -> dict[str, tuple[str, str | None]]:
    """{code of a fault: (file and line where it is reported, English template if it is written there)}."""
    found: dict[str, tuple[str, str | None]] = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
            if isinstance(node, ast.Call) and name in CODE_AT and len(node.args) > CODE_AT[name] + 1:
                code, template = node.args[CODE_AT[name]:CODE_AT[name] + 2]
                if isinstance(code, ast.Constant) and re.fullmatch("[a-z][a-z0-9_]+", str(code.value)):
                    text = str(template.value) if isinstance(template, ast.Constant) else None
                    found[str(code.value)] = f"{path.relative_to(ROOT)}:{node.lineno}", text
    return found


def test_every_fault_has_a_message_in_chinese() -> None:
    found = {code: place for code, (place, _) in reported_codes().items()} | dict.fromkeys(MESSAGES, "MESSAGES")
    assert len(found) > 80, "the codes are found"
    known = {code.removeprefix("definition.") for code in CATALOGUE["zh"]}
    assert not {code: place for code, place in found.items() if code not in known}


def test_no_message_is_left_over() -> None:
    known = {*reported_codes(), *MESSAGES, "check_passed", "check_failed"}
    assert not [code for code in CATALOGUE["zh"] if code.startswith("definition.")
                and code.removeprefix("definition.") not in known]


def test_a_message_is_translated_with_the_values_of_the_fault() -> None:
    report = FaultReporter(definition("name: x\n"))
    report.at("name").add("unknown_stage", "{value!r} is not a stage of this blueprint; use one of {allowed}",
                          value="x", allowed=["a", "b"])
    [fault] = report.faults
    assert str(fault) == "things/x.yaml:1:7: name: 'x' is not a stage of this blueprint; use one of a, b"
    with use_language("zh"):
        message = translate(f"definition.{fault.code}", fault.message, fault.params, otherwise=fault.code)
    assert fault.render(message) == "things/x.yaml:1:7: name: 此流程蓝图没有阶段“x”，可用的有：a、b。"


def test_a_chinese_message_uses_the_values_of_the_english_one() -> None:
    templates = {code: text for code, (_, text) in reported_codes().items() if text and "{" in text} | dict(MESSAGES)
    assert len(templates) > 40
    for code, template in templates.items():
        for chinese in CATALOGUE["zh"].get(f"definition.{code}", ()):
            assert _fields(chinese) <= _fields(template) | {"position"}, code


def _fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}
