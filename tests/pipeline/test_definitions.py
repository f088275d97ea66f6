"""Compiler of business lines: blueprints, fields and criteria that are accepted, and faults that are reported."""
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import jsonschema
import pytest
from hypothesis import given as generated
from hypothesis import settings
from hypothesis import strategies as st
from transitions import MachineError

from chassis.domain.definitions import Definition, DefinitionError, Definitions
from services.pipeline.definitions import BlueprintDefinition, FieldDefinition, OptionDefinition, misfit
from services.pipeline.definitions.compiler import compile_book
from services.pipeline.definitions.diagram import mermaid, state_machine
from services.pipeline.definitions.schema import BusinessLineYaml
from tests.pipeline.builders import BOOK, open_deal, opportunity, request, shipped
from tests.support.criteria_truth import TRUTH

BLUEPRINTS = sorted(BOOK.versions.values(), key=lambda b: b.ref)
HARDWARE = shipped().find("business_lines", "hardware")
assert HARDWARE is not None


class Cursor:
    """The model object of the state machine."""

    def __init__(self, state: str) -> None:
        self.state = state


MACHINES: dict[int, Any] = {}


def machine_events(blueprint: BlueprintDefinition) -> Any:
    """Events of the state machine of this blueprint, which is built once."""
    return MACHINES.setdefault(id(blueprint), (blueprint, state_machine(blueprint)))[1].events


def by_machine(blueprint: BlueprintDefinition, stage: str, transition: str) -> str | None:
    cursor, events = Cursor(stage), machine_events(blueprint)
    if transition not in events:
        return None
    try:
        events[transition].trigger(cursor)
    except MachineError:
        return None
    return cursor.state


@pytest.mark.parametrize("blueprint", BLUEPRINTS, ids=lambda b: b.ref)
def test_the_transition_table_equals_the_state_machine(blueprint: BlueprintDefinition) -> None:
    for stage in blueprint.stages:
        for transition in [*blueprint.transitions, "nothing_of_the_kind"]:
            assert blueprint.table.get((stage, transition)) == by_machine(blueprint, stage, transition)


@st.composite
def blueprints(draw: st.DrawFn) -> Definition:
    """A business line with random transitions beside a chain that makes every stage reachable."""
    names = [f"s{n}" for n in range(draw(st.integers(1, 5)))]
    chain: list[dict[str, Any]] = [{"from": [a], "to": b} for a, b in zip(names, [*names[1:], "won"], strict=True)]
    chain += [{"common": True, "to": "lost"}]
    steps = st.tuples(st.sampled_from(names), st.sampled_from([*names, "won", "lost"]))
    pairs = draw(st.lists(steps, max_size=6))
    rows = chain + [{"from": [a], "to": b} for a, b in pairs]
    if draw(st.booleans()):
        rows.append({"from": ["won", "lost"], "to": names[0], "reopen": True})
    stages = [{"name": n, "title": {"en": n}} for n in names]
    closed = [{"name": n, "title": {"en": n}, "type": n} for n in ("won", "lost")]
    transitions = [{"name": f"t{i}", "title": {"en": "T"}, **row} for i, row in enumerate(rows)]
    return Definition("business_lines", "random", 1, {
        "name": "random", "version": 1, "title": {"en": "Random"}, "blueprints": [{
            "name": "random", "title": {"en": "Random"}, "stages": [*stages, *closed], "transitions": transitions,
            "loss_reasons": [{"name": "price", "title": {"en": "Price"}}]}]})


@settings(deadline=None)
@generated(blueprints(), st.lists(st.integers(0, 12), max_size=12))
def test_any_sequence_of_decisions_follows_the_state_machine(definition: Definition, steps: list[int]) -> None:
    book = compile_book(Definitions([definition]))
    blueprint = book.pipelines["random"]
    scenario = opportunity(open_deal("random"), book=book)
    decider, state, stage = scenario.decider, scenario.state, blueprint.initial
    for n in steps:
        command = request(f"t{n}", open_deal().at, fields={"loss_reason": "price"})
        for event in decider.decide(command, state):
            state = decider.evolve(state, event)
        stage = by_machine(blueprint, stage, f"t{n}") or stage
        assert state.deal.stage == stage
        assert state.status == blueprint.stages[stage].type
        assert (state.closed_at is None) == (state.status == "open")


def test_at_least_three_lines_are_shipped() -> None:
    assert {"hardware", "services", "software"} <= set(BOOK.lines)


def test_open_deals_keep_the_version_they_were_opened_under() -> None:
    assert HARDWARE is not None
    newer = Definition("business_lines", "hardware", 2, {**HARDWARE.body, "version": 2})
    book = compile_book(Definitions([newer], [HARDWARE]))
    assert book.pipelines["hardware"].version == 2
    assert book.of("hardware@1").version == 1
    assert opportunity(open_deal("hardware"), book=book).state.deal.blueprint == "hardware@2"


def test_every_blueprint_has_a_diagram() -> None:
    for blueprint in BLUEPRINTS:
        diagram = mermaid(blueprint)
        assert blueprint.ref in diagram
        assert all(f"{t.from_[0]} --> {t.to}" in diagram for t in blueprint.transitions.values())


def stages_of(body: Any) -> Any:
    return body["blueprints"][0]["stages"]


def transitions_of(body: Any) -> Any:
    return body["blueprints"][0]["transitions"]


WRONG: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a transition to an undefined stage": (
        lambda b: transitions_of(b)[0].update(to="paid"), "transitions/0/to: 'paid' is not a stage"),
    "a transition without a starting stage": (
        lambda b: transitions_of(b)[0].update({"from": []}), "transitions/0: must start"),
    "an unreachable stage": (
        lambda b: stages_of(b).insert(1, {"name": "attic", "title": {"en": "Attic"}}), "leads to 'attic'"),
    "a duplicate stage": (
        lambda b: stages_of(b)[1].update(name="prospecting"), "stages/1/name: 'prospecting' occurs twice"),
    "a duplicate transition": (
        lambda b: transitions_of(b)[1].update(name="engage"), "transitions/1/name: 'engage' occurs twice"),
    "no stage of type lost": (lambda b: stages_of(b)[3].update(type="open"), "stage of each type; missing: lost"),
    "won before open": (lambda b: stages_of(b)[0].update(order=9), "won must come after every open stage"),
    "an undeclared field": (
        lambda b: transitions_of(b)[0].update(requires=[{"field": "colour"}]),
        "transitions/0/requires/0/field: 'colour'"),
    "a criterion with a syntax error": (
        lambda b: transitions_of(b)[0].update(criteria="amount >"), "transitions/0/criteria"),
    "a criterion over an undefined field": (
        lambda b: transitions_of(b)[0].update(criteria="colour == 1"), "'colour' is not a known"),
    "a reopening without `reopen`": (lambda b: transitions_of(b)[3].pop("reopen"), "transitions/3: `reopen: true`"),
    "an unknown action": (
        lambda b: transitions_of(b)[0].update(actions=[{"kind": "dance"}]), "transitions/0/actions/0/kind"),
    "an unknown key": (lambda b: b.update(colour="red"), "colour"),
    "an invalid duration": (lambda b: stages_of(b)[0].update(sla=[{"after": "soon"}]), "'soon' must be a duration"),
    "a field with the name of a standard field": (
        lambda b: b["layout"]["fields"][0].update(name="amount"), "fields/0/name: 'amount' is a standard field"),
    "a choice without options": (
        lambda b: b["layout"]["fields"][0].update(type="choice"), "layout/fields/0: `options`"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_an_invalid_business_line_is_refused_with_path_line_and_column(wrong: str) -> None:
    assert HARDWARE is not None
    change, message = WRONG[wrong]
    body = deepcopy(dict(HARDWARE.body))
    change(body)
    with pytest.raises(DefinitionError) as error:
        compile_book(Definitions([Definition("business_lines", "hardware", 1, body, HARDWARE.path, HARDWARE.marks)]))
    assert "hardware.yaml:" in str(error.value) and message in str(error.value)
    assert all(fault.line and fault.column for fault in error.value.faults)


def test_two_lines_cannot_share_a_pipeline() -> None:
    assert HARDWARE is not None
    copy = Definition("business_lines", "copy", 1, {**HARDWARE.body, "name": "copy"})
    with pytest.raises(DefinitionError, match="pipeline 'hardware' belongs to business line"):
        compile_book(Definitions([HARDWARE, copy]))


def test_the_editor_schema_accepts_the_shipped_business_lines() -> None:
    schema = BusinessLineYaml.model_json_schema(by_alias=True)
    for definition in shipped().current("business_lines"):
        jsonschema.validate(definition.body, schema)


@pytest.mark.parametrize(("kind", "good", "bad"), [
    ("text", ["", "x"], [1, "x" * 2_001]), ("number", [1, 2.5], ["1", True, float("nan"), 10**30]),
    ("integer", [0, -3], [1.5, True, 2**63]), ("boolean", [True], [1, "true"]),
    ("date", ["2026-09-14"], ["14.9.2026", 5]),
    ("money", [{"amount_minor": 1, "currency": "EUR"}],
     [{"amount_minor": 1.5, "currency": "EUR"}, 12, {"amount_minor": 1}]),
    ("choice", ["red"], ["blue", ["red"]]), ("choices", [["red"], []], ["red", ["red", "blue"]]),
])
def test_values_are_validated_by_the_type_of_their_field(kind: Any, good: list[Any], bad: list[Any]) -> None:
    options = (OptionDefinition("red", {"en": "Red"}),) if kind.startswith("choice") else ()
    field = FieldDefinition("value", kind, {"en": "Value"}, options=options)
    assert [misfit(field, value) for value in [*good, None]] == [None] * (len(good) + 1)
    assert all(misfit(field, value) for value in bad)


@pytest.mark.parametrize(("value", "met"), TRUTH)
def test_a_blueprint_matches_a_deal_when_its_criterion_is_true(value: Any, met: bool) -> None:
    assert HARDWARE is not None
    body = deepcopy(dict(HARDWARE.body))
    body["layout"]["fields"] += [{"name": "approved", "type": "boolean", "label": {"en": "Approved"}},
                                 {"name": "wish", "type": "text", "label": {"en": "Wish"}}]
    body["blueprints"][0]["when"] = "coalesce(approved, wish)"
    transitions_of(body)[0]["criteria"] = "coalesce(approved, wish)"
    line = compile_book(Definitions([Definition("business_lines", "hardware", 1, body)])).lines["hardware"]
    criteria = next(iter(line.blueprints[0].transitions.values())).criteria
    assert (line.blueprint_for({"wish": value}) is not None) is met
    assert criteria is not None and criteria.is_met({"wish": value}) is met


def test_the_faults_of_all_lines_are_reported_together() -> None:
    bodies = []
    for name in ("hardware", "services"):
        found = shipped().find("business_lines", name)
        assert found is not None
        body = deepcopy(dict(found.body))
        transitions_of(body)[0].update(to="paid", criteria="amount")
        body["colour"] = "red"
        bodies.append(Definition("business_lines", name, 1, body, found.path, found.marks))
    with pytest.raises(DefinitionError) as error:
        compile_book(Definitions(bodies))
    for name in ("hardware", "services"):
        codes = {f.code for f in error.value.faults if f.file.endswith(f"{name}.yaml")}
        assert codes == {"unknown_key", "unknown_stage", "criterion_not_boolean"}


def test_a_published_version_is_not_refused_by_later_checks() -> None:
    assert HARDWARE is not None
    body = deepcopy(dict(HARDWARE.body))
    transitions_of(body)[0]["criteria"] = "amount"
    old = Definition("business_lines", "hardware", 1, body)
    current = Definition("business_lines", "hardware", 2, {**HARDWARE.body, "version": 2})
    criteria = next(iter(compile_book(Definitions([current], [old])).of("hardware@1").transitions.values())).criteria
    assert criteria is not None and not criteria.is_met({"amount": {"amount_minor": 1, "currency": "EUR"}})
    with pytest.raises(DefinitionError, match="is never true"):
        compile_book(Definitions([old]))
