"""Targets: set by users, seeded by definitions, one for each period, measure, scope and currency."""
from datetime import UTC, datetime
from typing import Any

import pytest

from chassis.domain.definitions import Definition, DefinitionError, Definitions
from chassis.domain.testing import given
from contracts.kpi import TargetSet
from services.kpi.commands import SetTarget
from services.kpi.decider import DECIDER, index
from services.kpi.definitions.targets import read_targets
from services.kpi.service import SERVICE, build
from services.kpi.state import TargetSetBy, TargetState, target_key
from tests.kpi.memory_figures import catalogue

AT = datetime(2026, 9, 1, tzinfo=UTC)


def set_target(value: str, **more: Any) -> SetTarget:
    about: dict[str, Any] = {"at": AT, "actor": "anna", "period": "2026-Q3", "measure": "signed_amount",
                             "scope": {"region": "West"}, "currency": "EUR"}
    return SetTarget(value=value, **(about | more))


def target_set(value: str, before: str | None = None) -> TargetSet:
    return TargetSet(measure="signed_amount", period="2026-Q3", scope={"region": "West"}, value=value, currency="EUR",
                     before=before, actor_id="anna")


def test_given_a_target_when_another_value_is_set_then_the_event_has_the_value_before() -> None:
    first = given(DECIDER).when(set_target("100"))
    first.then(target_set("100"), TargetSetBy(AT, "anna"))
    given(DECIDER, *first.events).when(set_target("120")).then(target_set("120", "100"), TargetSetBy(AT, "anna"))


def test_given_a_target_when_the_same_value_is_set_then_nothing_happens() -> None:
    given(DECIDER, target_set("100")).when(set_target("100")).then_nothing()


def test_given_a_target_when_a_seed_arrives_then_nothing_happens() -> None:
    given(DECIDER, target_set("100")).when(set_target("500", seed=True)).then_nothing()
    given(DECIDER).when(set_target("500", seed=True)).then_types(TargetSet, TargetSetBy)


def test_a_target_is_indexed_by_period_and_measure() -> None:
    state = given(DECIDER).when(set_target("100")).state
    assert index(state) == {"period": "2026-Q3", "measure": "signed_amount"}
    assert (state.value, state.set_by, state.set_at) == ("100", "anna", AT)
    assert isinstance(state, TargetState)


def test_the_key_does_not_depend_on_the_order_of_the_scope() -> None:
    assert target_key("2026", "m", {"a": "1", "b": "2"}) == target_key("2026", "m", {"b": "2", "a": "1"})
    assert target_key("2026", "m", {"a": "1"}) != target_key("2026", "m", {"a": "2"})
    assert target_key("2026", "m", {}, "EUR") != target_key("2026", "m", {}, "USD")
    assert target_key("2026", "m", {}).startswith("2026|m|")


def seeds(*targets: Any) -> Definitions:
    return Definitions([Definition("targets", "plan", 2, {"targets": list(targets)}, "plan.yaml")])


def test_definitions_seed_targets() -> None:
    found = read_targets(seeds({"period": "2026", "measure": "opportunities_won", "value": 400}), catalogue())
    assert [(s.period, s.measure, s.value, s.scope, s.ref) for s in found] == [
        ("2026", "opportunities_won", "400", {}, "plan@2#1")]


@pytest.mark.parametrize(("change", "message"), [
    ({"measure": "gold"}, "measure 'gold' does not exist"),
    ({"period": "26"}, "must be a period such as"),
    ({"value": "much"}, "must be a number"),
    ({"scope": {"weather": "fair"}}, "no dimension 'weather'"),
    ({"measure": "signed_amount"}, "needs its `currency`"),
])
def test_a_seed_that_does_not_compile_is_reported_with_its_number(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DefinitionError, match=r"plan\.yaml: targets/0") as refusal:
        read_targets(seeds({"period": "2026", "measure": "orders", "value": 4} | change), catalogue())
    assert message in str(refusal.value)


def test_the_service_builds_without_definitions() -> None:
    parts = build(Definitions())
    assert parts.projection is not None and parts.extra.catalogue.measures == {}
    assert "crm.opportunities.v1" in SERVICE.topics
