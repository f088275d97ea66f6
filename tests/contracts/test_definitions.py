"""Editor schemas of definitions agree with the code: on shipped definitions and on invalid ones."""
import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.domain.definitions import Definition, DefinitionError, Definitions, read_directory
from chassis.service.discovery import internal_services
from dev.contract_files import PUBLISHED
from dev.contract_files.definitions import MODELS, schema_of
from tests.support.effort import examples
from tests.support.running_service import DEFINITIONS
from tools.csv_import.mapping import compile_mapping

SHIPPED = read_directory(DEFINITIONS)
ALL = [d for kind in SHIPPED.kinds() for d in SHIPPED.current(kind)]
FIRST_LINE = re.compile(r"# yaml-language-server: \$schema=(\S+)")


def name_of(definition: Definition) -> str:
    return f"{definition.kind}/{definition.name}"


def valid(kind: str, body: Any) -> bool:
    validator = jsonschema.Draft202012Validator
    return bool(validator(schema_of(kind), format_checker=validator.FORMAT_CHECKER).is_valid(body))


def accepted(definition: Definition) -> bool:
    """Whether the services accept this definition in place of the shipped one."""
    others = [d for d in ALL if (d.kind, d.name) != (definition.kind, definition.name)]
    try:
        for service in internal_services():
            service.build(Definitions([*others, definition]))
        if definition.kind == "mappings":
            compile_mapping(definition)
    except DefinitionError:
        return False
    return True


def test_every_kind_of_definition_has_a_schema() -> None:
    read = {kind for service in internal_services() for kind in service.definitions}
    assert set(SHIPPED.kinds()) | read <= set(MODELS)


@pytest.mark.parametrize("kind", sorted(MODELS))
def test_each_schema_is_valid(kind: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema_of(kind))


@pytest.mark.parametrize("definition", ALL, ids=name_of)
def test_a_shipped_definition_is_valid_by_the_schema_of_its_first_line(definition: Definition) -> None:
    path = Path(definition.path)
    found = FIRST_LINE.fullmatch(path.read_text("utf-8").splitlines()[0])
    assert found, "the first line must name the schema for editors"
    named = (path.parent / found[1]).resolve()
    assert named == (PUBLISHED / "definitions" / f"{definition.kind}.schema.json").resolve() and named.is_file()
    jsonschema.Draft202012Validator(schema_of(definition.kind)).validate(definition.body)


@pytest.mark.parametrize("definition", ALL, ids=name_of)
def test_a_shipped_definition_has_texts_in_both_languages(definition: Definition) -> None:
    def check(value: Any) -> None:
        if isinstance(value, dict):
            if "en" in value or "zh" in value:
                assert value.get("en") and value.get("zh") and set(value) == {"en", "zh"}, value
            for inner in value.values():
                check(inner)
        elif isinstance(value, list):
            for inner in value:
                check(inner)

    check(definition.body)
    assert {"name", "version", "title"} <= set(definition.body)


Change = Callable[[dict[str, Any]], Any]


def without(key: str) -> Change:
    return lambda body: body.pop(key)


def with_(key: str, value: Any) -> Change:
    return lambda body: body.update({key: value})


def deep(*path: Any, value: Any) -> Change:
    def change(body: Any) -> None:
        for step in path[:-1]:
            body = body[step]
        body[path[-1]] = value

    return change


WRONG: list[tuple[str, str, Change]] = [
    *((kind, name, with_("colour", "red")) for kind, name in sorted({d.kind: d.name for d in ALL}.items())),
    ("boards", "revenue", with_("tiles", [])), ("boards", "revenue", deep("tiles", 0, "colour", value="red")),
    ("boards", "revenue", deep("tiles", 0, "compare", value=["tomorrow"])),
    ("boards", "revenue", deep("tiles", 0, "grain", value="century")),
    ("business_lines", "software", without("blueprints")),
    ("calendar", "calendar", with_("fiscal_year_starts", 13)), ("calendar", "calendar", without("timezone")),
    ("calendar", "calendar", with_("holidays", [{"date": "Christmas", "name": {"en": "a", "zh": "b"}}])),
    ("dimensions", "dimensions", with_("dimensions", [{"title": {"en": "a", "zh": "b"}}])),
    ("dimensions", "dimensions", with_("dimensions", ["sector"])),
    ("mappings", "orders_rfm", without("emit")), ("mappings", "orders_rfm", deep("emit", 0, "tme", value="x")),
    ("measures", "visits", with_("kind", "number")), ("measures", "visits", with_("unit", "metres")),
    ("measures", "visits", with_("row", "activity.eaten")), ("measures", "visits", without("formula")),
    ("scorecards", "software", without("grades")), ("scorecards", "software", with_("qualify_at", "many")),
    ("segments", "rfm", with_("purchases", "visits")), ("segments", "rfm", deep("segments", 0, "r", value=[0, 5])),
    ("surveys", "after_win", with_("audience", "everybody")), ("surveys", "after_win", with_("questions", [])),
    ("targets", "company", with_("targets", [{"measure": "visits", "value": 1}])),
    ("targets", "company", with_("targets", [{"period": "2026", "measure": "visits", "value": 1, "for": "all"}])),
]


@pytest.mark.parametrize(("kind", "name", "change"), WRONG)
def test_what_the_schema_refuses_the_code_refuses_too(kind: str, name: str, change: Change) -> None:
    definition = SHIPPED.find(kind, name)
    assert definition is not None
    body: dict[str, Any] = copy.deepcopy(dict(definition.body))
    change(body)
    assert not valid(kind, body), "the editor does not report it"
    assert not accepted(Definition(kind, name, 1, body, definition.path)), "the code accepts it"


def test_a_board_of_an_unknown_measure_is_refused_at_build() -> None:
    board = SHIPPED.find("boards", "revenue")
    assert board is not None
    body = copy.deepcopy(dict(board.body))
    body["tiles"][1]["measure"] = "happiness"
    assert valid("boards", body), "a schema does not know the measures"
    assert not accepted(Definition("boards", "revenue", 1, body))


scalars = st.one_of(st.none(), st.booleans(), st.integers(-3, 20), st.sampled_from(["", "x", "en", "2026", "EUR"]))
any_value = st.recursive(scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(
    st.sampled_from(["en", "zh", "name", "x"]), inner, max_size=2), max_leaves=4)


@given(st.sampled_from([d for d in ALL if d.kind in ("boards", "calendar", "dimensions", "targets", "segments")]),
       st.data())
@settings(max_examples=examples(60))
def test_the_code_accepts_no_value_that_the_schema_refuses(
    definition: Definition, data: st.DataObject,
) -> None:
    body: dict[str, Any] = copy.deepcopy(dict(definition.body))
    key = data.draw(st.sampled_from(sorted(set(body) - {"name", "version"})))
    body[key] = data.draw(any_value)
    model = MODELS[definition.kind]
    try:
        model.model_validate(body)
    except ValueError:
        return
    assert valid(definition.kind, body), f"{key}: {body[key]!r} is accepted by the code and refused by the schema"
