"""msgspec and pydantic read one language, and what is written is read back as it was."""
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.messages import codec
from contracts.crm import CustomerRevised, LeadCaptured, LeadRevised, OrderPlaced, OrderRevised
from contracts.kinds import BY_NAME, Contact, Line, Money
from contracts.pipeline import Opportunity, StageEntered
from tests.contracts.strategies import any_event, damaged, events
from tests.support.effort import examples

DEAL = Opportunity(
    pipeline="p", business_line="b", stage="s", opened_at=None, forecast_category="pipeline", deal_kind="new")


@given(any_event)
@settings(max_examples=examples(150), deadline=None)
def test_every_event_is_read_back_as_it_was_written(event: Any) -> None:
    assert codec.decode_data(type(event), codec.encode_data(event)) == event
    assert codec.from_builtins(type(event), codec.to_wire(event)) == event
    assert msgspec.json.decode(codec.encode_data(event)) == codec.to_wire(event)


@given(any_event)
@settings(max_examples=examples(150), deadline=None)
def test_what_is_written_passes_the_door(event: Any) -> None:
    assert codec.validate_rest(type(event), codec.to_wire(event)) == event


@given(damaged())
@settings(max_examples=examples(300), deadline=None)
def test_topics_and_doors_accept_the_same_and_read_the_same(case: tuple[type, Any]) -> None:
    cls, wire = case
    try:
        event = codec.decode_data(cls, msgspec.json.encode(wire))
    except msgspec.ValidationError:
        assert codec.validation_errors(cls, wire) != ()
    else:
        assert codec.validation_errors(cls, wire) == ()
        read = codec.type_adapter(cls).validate_json(msgspec.json.encode(wire), strict=True)
        assert codec.encode_data(event) == codec.encode_data(codec.from_builtins(cls, wire))
        if not hasattr(event, "given"):
            assert read == event


def test_optional_fields_without_a_value_are_left_out_and_required_nulls_kept() -> None:
    event = StageEntered(
        opportunity_id="o", opportunity=DEAL, from_=None, to="s", transition=None, actor_id=None, from_entered_at=None)
    said = codec.to_wire(event)
    assert said == {
        "opportunity_id": "o", "from": None, "to": "s", "transition": None, "actor_id": None, "from_entered_at": None,
        "outside_blueprint": False,
        "opportunity": {"pipeline": "p", "business_line": "b", "stage": "s", "opened_at": None,
                        "forecast_category": "pipeline", "deal_kind": "new", "blueprint": ""},
    }


def test_a_stage_left_is_named_from_on_the_wire() -> None:
    event = StageEntered(
        opportunity_id="o", opportunity=DEAL, from_="a", to="s", transition="t", actor_id=None,
        from_entered_at=datetime(2026, 1, 1, tzinfo=UTC))
    wire = codec.encode_data(event)
    assert b'"from":"a"' in wire and b"from_\"" not in wire
    assert codec.decode_data("crm.stage.entered.v1", wire) == event
    assert codec.validate_rest(StageEntered, codec.to_wire(event)) == event


def test_unknown_fields_are_ignored_on_topics_and_refused_at_doors() -> None:
    assert codec.decode_data(LeadRevised, b'{"lead_id":"l","later":1}').given == ("lead_id",)
    with pytest.raises(codec.InvalidData) as caught:
        codec.validate_rest(LeadRevised, {"lead_id": "l", "later": 1, "contact": {"fax": "1"}})
    assert {(f.code, f.pointer) for f in caught.value.errors} == {
        ("unknown_field", "/later"), ("unknown_field", "/contact/fax")}


def test_every_fault_is_told_with_its_place() -> None:
    with pytest.raises(codec.InvalidData) as caught:
        codec.validate_rest(OrderPlaced, {
            "order_id": "a b", "amount": {"amount_minor": 1.5, "currency": "EUR"},
            "lines": [{"product_id": "p", "amount": {"amount_minor": 1}}],
        })
    assert {(f.code, f.pointer) for f in caught.value.errors} == {
        ("invalid", "/order_id"), ("missing", "/customer_id"), ("invalid", "/amount/amount_minor"),
        ("missing", "/lines/0/amount/currency")}


@pytest.mark.parametrize("body", [None, [], 1, "x"])
def test_a_body_that_is_no_object_is_a_fault(body: Any) -> None:
    with pytest.raises(codec.InvalidData):
        codec.validate_rest(LeadCaptured, body)


@pytest.mark.parametrize("bad", ["a\n", "a\x00", "a b", "ä", "", "x" * 129, "a/b"])
def test_an_id_holds_nothing_but_its_letters(bad: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        codec.decode_data("crm.lead.erased.v1", msgspec.json.encode({"lead_id": bad}))
    assert codec.validation_errors(BY_NAME["crm.lead.erased.v1"].cls, {"lead_id": bad}) != ()


def test_a_patch_knows_what_was_sent_and_nulls_stay() -> None:
    event = codec.decode_data(LeadRevised, b'{"source":null,"lead_id":"l","region":"N","given":["team"]}')
    assert set(event.given) == {"source", "lead_id", "region"}
    assert codec.to_wire(event) == {"region": "N", "lead_id": "l", "source": None}


def test_given_is_never_on_the_wire_nor_in_a_schema() -> None:
    event = LeadRevised(lead_id="l", source="web", given=("source",))
    assert codec.to_wire(event) == {"lead_id": "l", "source": "web"}
    assert "given" not in codec.json_schema(LeadRevised)["properties"]
    with pytest.raises(codec.InvalidData):
        codec.validate_rest(LeadRevised, {"lead_id": "l", "given": ["source"]})


def test_null_removes_within_an_object_of_a_patch() -> None:
    event = codec.decode_data(LeadRevised, b'{"lead_id":"l","contact":{"email":null,"name":"N"}}')
    assert "contact.email" in event.given
    assert codec.to_wire(event) == {"lead_id": "l", "contact": {"email": None, "name": "N"}}
    old = LeadCaptured(lead_id="l", business_line="b", contact=Contact(email="e", phone="p"))
    assert codec.merge(old, event).contact == Contact(phone="p", name="N")
    assert codec.merge({"contact": {"email": "e", "phone": "p"}}, event)["contact"] == {"phone": "p", "name": "N"}


def test_merging_replaces_lists_merges_mappings_and_removes_nulls() -> None:
    line = Line(product_id="p", amount=Money(amount_minor=5, currency="EUR"))
    old = OrderPlaced(
        order_id="o", customer_id="c", amount=Money(amount_minor=10, currency="EUR"), lines=(line, line),
        dimensions={"tier": "gold", "sector": "x"}, opportunity_id="d")
    patch = OrderRevised(
        order_id="o", customer_id="c", amount=Money(amount_minor=5, currency="EUR"), lines=(line,),
        dimensions={"tier": "silver"}, given=("amount", "lines", "dimensions", "opportunity_id"))
    merged = codec.merge(old, patch)
    assert merged == OrderPlaced(
        order_id="o", customer_id="c", amount=Money(amount_minor=5, currency="EUR"), lines=(line,),
        dimensions={"tier": "silver", "sector": "x"})


def test_merging_sees_only_what_was_given() -> None:
    patch = CustomerRevised(customer_id="c", name="New", attributes={"a": 1}, given=("name",))
    assert codec.merge({"customer_id": "c", "name": "Old", "attributes": {"b": 2}}, patch) == {
        "customer_id": "c", "name": "New", "attributes": {"b": 2}}


# The examples of RFC 7396, appendix A.
RFC = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}), ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}), ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}), ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}), ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}), (["a", "b"], ["c", "d"], ["c", "d"]), ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None), ({"a": "foo"}, "bar", "bar"), ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}), ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("target", "patch", "result"), RFC)
def test_merging_json_is_the_standard_s_merging(target: Any, patch: Any, result: Any) -> None:
    assert codec.merge_json(target, patch) == result


PATCHES = [kind.cls for kind in BY_NAME.values() if kind.patch]


@given(st.sampled_from(PATCHES).flatmap(lambda cls: st.tuples(events(cls), events(cls))))
@settings(max_examples=examples(100), deadline=None)
def test_merging_a_mapping_is_merging_the_wire_forms(pair: tuple[Any, Any]) -> None:
    before, patch = codec.to_wire(pair[0]), pair[1]
    assert codec.merge(before, patch) == codec.merge_json(before, codec.to_wire(patch))


@given(st.sampled_from(PATCHES).flatmap(lambda cls: st.tuples(events(cls), events(cls))))
@settings(max_examples=examples(100), deadline=None)
def test_merging_twice_is_merging_once(pair: tuple[Any, Any]) -> None:
    once = codec.merge(codec.to_wire(pair[0]), pair[1])
    assert codec.merge(once, pair[1]) == once
