"""Targets: set by people, seeded by definitions, one for each period, measure, scope and currency."""
from datetime import UTC, datetime
from typing import Any

import pytest

from chassis.domain.definitions import Definition, DefinitionError, Definitions
from chassis.domain.testing import given
from contracts.kpi import TargetSet
from services.kpi.commands import SetTarget
from services.kpi.decider import DECIDER, TargetNoted, index
from services.kpi.definitions.targets import read_targets
from services.kpi.service import SERVICE, build
from services.kpi.state import Target, target_key
from tests.kpi.counting import catalogue

AT = datetime(2026, 9, 1, tzinfo=UTC)


def aim(value: str, **more: Any) -> SetTarget:
    about: dict[str, Any] = {"at": AT, "actor": "anna", "period": "2026-Q3", "measure": "signed_amount",
                             "scope": {"region": "West"}, "currency": "EUR"}
    return SetTarget(value=value, **(about | more))


def said(value: str, before: str | None = None) -> TargetSet:
    return TargetSet(measure="signed_amount", period="2026-Q3", scope={"region": "West"}, value=value, currency="EUR",
                     before=before, actor_id="anna")


def test_a_target_is_set_and_replaced_with_what_it_was_before() -> None:
    first = given(DECIDER).when(aim("100"))
    first.then(said("100"), TargetNoted(AT, "anna"))
    given(DECIDER, *first.events).when(aim("120")).then(said("120", "100"), TargetNoted(AT, "anna"))


def test_the_same_target_again_changes_nothing() -> None:
    given(DECIDER, said("100")).when(aim("100")).then_nothing()


def test_a_seed_gives_way_to_a_target_that_stands() -> None:
    given(DECIDER, said("100")).when(aim("500", seed=True)).then_nothing()
    given(DECIDER).when(aim("500", seed=True)).then_types(TargetSet, TargetNoted)


def test_a_target_knows_where_it_is_found() -> None:
    state = given(DECIDER).when(aim("100")).state()
    assert index(state) == {"period": "2026-Q3", "measure": "signed_amount"}
    assert (state.value, state.set_by, state.set_at) == ("100", "anna", AT)
    assert isinstance(state, Target)


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


@pytest.mark.parametrize(("change", "words"), [
    ({"measure": "gold"}, "no measure 'gold'"),
    ({"period": "26"}, "no period"),
    ({"value": "much"}, "no number"),
    ({"scope": {"weather": "fair"}}, "no dimension 'weather'"),
    ({"measure": "signed_amount"}, "needs its `currency`"),
])
def test_a_seed_that_cannot_be_meant_is_refused_with_its_place(change: dict[str, Any], words: str) -> None:
    with pytest.raises(DefinitionError, match=r"plan\.yaml: target 1") as refusal:
        read_targets(seeds({"period": "2026", "measure": "orders", "value": 4} | change), catalogue())
    assert words in str(refusal.value)


def test_the_service_builds_from_nothing_but_files() -> None:
    parts = build(Definitions())
    assert parts.projection is not None and parts.extra.catalogue.measures == {}
    assert "crm.opportunities.v1" in SERVICE.topics
