"""Measures: the shipped ones, their properties, and definitions that do not compile, reported with file and key."""
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chassis.domain.definitions import Definition, DefinitionError, Definitions, company_zone, read_directory
from services.kpi.definitions import Catalogue
from services.kpi.definitions.loading import load_definitions
from services.kpi.projections import check_rows
from services.kpi.service import FACTS
from tests.kpi.memory_figures import ROOT, catalogue
from tests.kpi.memory_figures import compiled as compile_definitions
from tests.support.criteria_truth import TRUTH

BERLIN = ZoneInfo("Europe/Berlin")
WORDS = {"en": "words", "zh": "说明"}
FIRST_RELEASE = [
    "leads_captured", "leads_qualified", "leads_converted", "leads_lost", "opportunities_opened",
    "opportunities_won", "opportunities_lost", "win_rate", "signed_amount", "average_deal", "signed_customers",
    "cycle_days", "cycle_days_won", "open_pipeline", "open_pipeline_amount", "orders", "order_amount", "refunds",
    "payments_received", "revenue", "activities", "follow_ups", "visits", "effective_visits", "stage_entries",
    "stage_visits", "stage_exits", "stage_conversion", "surveys_invited", "surveys_answered", "response_rate", "nps",
]


def measure(name: str = "m", /, **body: Any) -> Definition:
    base = {"name": name, "version": 1, "title": WORDS, "formula": WORDS, "unit": "count", "kind": "count",
            "row": "deal.closing"}
    return Definition("measures", name, 1, base | body, f"{name}.yaml")


def compiled(*definitions: Definition, zone: ZoneInfo = BERLIN) -> Catalogue:
    return compile_definitions(Definitions(definitions), zone)


def test_every_measure_of_the_first_release_is_declared() -> None:
    for name in FIRST_RELEASE:
        found = catalogue().measures[name]
        assert not found.hidden, name
        assert found.title["en"] and found.title["zh"] and found.formula["en"] and found.formula["zh"], name


def test_every_listed_measure_has_the_standard_and_the_declared_dimensions() -> None:
    for found in catalogue().listed():
        assert {"business_line", "region", "team", "rep", "sector", "tier"} <= set(found.dimensions), found.name


def test_counts_and_sums_add_up_over_time() -> None:
    measures = catalogue().measures
    assert {n for n in FIRST_RELEASE if not measures[n].additive_over_time} == {
        "leads_converted", "win_rate", "average_deal", "signed_customers", "cycle_days", "cycle_days_won",
        "open_pipeline", "open_pipeline_amount", "revenue", "stage_conversion", "response_rate", "nps"}
    assert catalogue().basis_of(measures["revenue"]).additive_over_time


def test_a_ratio_has_the_dimensions_that_its_parts_share() -> None:
    rate = catalogue().measures["win_rate"]
    assert rate.numerator == ("opportunities_won",)
    assert rate.denominator == ("opportunities_won", "opportunities_lost")
    assert "product" in rate.dimensions and "loss_reason" not in rate.dimensions
    assert not [c for counters in catalogue().counters.values() for c in counters if c.measure.name == "win_rate"]
    average = catalogue().measures["average_deal"]
    assert average.by_currency


def test_the_order_of_stages_is_read_from_the_blueprints() -> None:
    stages = catalogue().related.stages["hardware"]
    assert stages["prospecting"] < stages["engaging"] < stages["won"]
    assert stages["lost"] < stages["prospecting"]


@pytest.mark.parametrize(("body", "message"), [
    ({"row": "deal.flying"}, "row: row type 'deal.flying' does not exist; use one of"),
    ({"kind": "guess"}, "kind: must be one of count, sum"),
    ({"unit": "litres"}, "unit: must be one of count, money"),
    ({"better": "more"}, "better: must be one of higher, lower, neither"),
    ({"when": "colour == 'red'"}, "colour"),
    ({"when": "status =="}, "when"),
    ({"dimensions": ["stage"]}, "dimensions/0: deal.closing has no dimension 'stage'"),
    ({"dimensions": ["product"]}, "has no dimension 'product'"),
    ({"without": ["weather"]}, "'weather'"),
    ({"kind": "sum"}, "a sum measure needs `value`"),
    ({"kind": "sum", "value": "days"}, "adds up money"),
    ({"kind": "median", "value": "height"}, "no field 'height'"),
    ({"kind": "distinct"}, "needs `member`"),
    ({"kind": "snapshot"}, "must count lasting rows"),
    ({"row": "payment.receipt", "lines": True}, "cannot be split by lines"),
    ({"lines": "yes"}, "true or false"),
    ({"title": "Wins"}, "title: must be a mapping"),
    ({"colour": "red"}, "colour: unknown key; use one of also, basis"),
    ({"kind": "ratio", "numerator": "a", "denominator": "b"}, "numerator: measure 'a' does not exist"),
    ({"kind": "basis", "basis": "gold"}, "basis: measure 'gold' does not exist"),
])
def test_a_measure_that_does_not_compile_is_reported_with_file_and_key(body: dict[str, Any], message: str) -> None:
    with pytest.raises(DefinitionError, match=r"m\.yaml") as refusal:
        compiled(measure(**body))
    assert message in str(refusal.value)


def test_a_ratio_of_money_and_a_plain_count_is_refused() -> None:
    amount = measure("amount", kind="sum", unit="money", value="amount")
    with pytest.raises(DefinitionError, match="both be split by currency"):
        compiled(amount, measure("wins"), measure("average", kind="ratio", numerator="amount", denominator="wins"))


def test_the_generation_changes_with_counting_and_zone_but_not_with_words() -> None:
    plain = compiled(measure()).generation
    assert compiled(measure(title={"en": "Another", "zh": "别名"}, better="lower")).generation == plain
    assert compiled(measure(), measure("r", kind="ratio", numerator="m", denominator="m")).generation == plain
    assert compiled(measure(when="status == 'won'")).generation != plain
    assert compiled(measure(), zone=ZoneInfo("Asia/Shanghai")).generation != plain


def test_a_version_with_other_words_keeps_the_generation_of_the_version_that_was_published() -> None:
    published = measure()
    renamed = second_version(better="lower")
    recounted = second_version(when="status == 'won'")
    generation = compiled(published).generation
    assert compile_definitions(Definitions([renamed], [published]), BERLIN).generation == generation
    assert compile_definitions(Definitions([recounted], [published]), BERLIN).generation != generation


def second_version(**body: Any) -> Definition:
    found = measure(**body, version=2)
    return Definition("measures", found.name, 2, found.body, found.path)


def test_measures_that_count_the_same_are_counted_once() -> None:
    found = compiled(
        measure("a", when="status == 'won'"), measure("b", when="status == 'won'", title={"en": "B", "zh": "乙"}),
        measure("c", when="status == 'lost'"), measure("d", when="status == 'won'", dimensions=["loss_reason"]),
        measure("e", when="status == 'won'", kind="distinct", member="customer_id"),
        measure("f", when="status == 'won'", kind="distinct", member="customer_id", first=True),
        measure("g", when="status == 'won'", lines=True))
    assert {m.name: m.stored_as for m in found.measures.values()} == {
        "a": "a", "b": "a", "c": "c", "d": "d", "e": "e", "f": "e", "g": "g"}
    assert [c.measure.name for c in found.counters["deal.closing"]] == ["a", "c", "d", "e", "g"]


def test_measures_compile_without_the_definitions_of_other_services() -> None:
    own = read_directory(ROOT / "definitions").current("measures")
    found = compile_definitions(Definitions(own))
    assert found.declared == {} and found.related.stages == {}
    assert set(found.measures) == set(catalogue().measures)


def test_shipped_measures_say_which_direction_is_better() -> None:
    measures = catalogue().measures
    assert {n for n, m in measures.items() if m.better == "lower"} == {
        "cycle_days", "cycle_days_won", "opportunities_lost", "leads_lost", "refunds"}
    assert {n for n, m in measures.items() if m.better == "neither"} == {
        "surveys_invited", "open_pipeline", "stage_exits"}


def test_without_the_key_more_is_better_except_for_days_and_a_basis_takes_it_from_its_measure() -> None:
    found = compiled(
        measure("wins"), measure("cycle", kind="median", unit="days", value="days"),
        measure("duration", kind="basis", unit="days", basis="cycle"),
        measure("losses", better="lower"), measure("damage", kind="basis", basis="losses")).measures
    assert {n: m.better for n, m in found.items()} == {
        "wins": "higher", "cycle": "lower", "duration": "lower", "losses": "lower", "damage": "lower"}


@pytest.mark.parametrize(("held", "met"), TRUTH)
def test_a_row_is_counted_when_the_criterion_is_true(held: Any, met: bool) -> None:
    [counter] = compiled(measure(row="deal.stage_entry", when="first")).counters["deal.stage_entry"]
    assert counter.when({"first": held}) is met


def test_the_faults_of_all_kinds_are_found_in_one_run() -> None:
    definitions = Definitions([
        measure("a", when="colour == 1", value="height", dimensions=["stage"]), measure("b", unit="litres"),
        measure("c", kind="ratio", numerator="a", denominator="nothing"),
        Definition("boards", "x", 1, {"name": "x", "title": WORDS, "tiles": [{"measure": "a"}, {"measure": "gold"}]}),
        Definition("targets", "x", 1, {"name": "x", "title": WORDS, "targets": [
            {"period": "26", "measure": "a", "value": 1}, {"period": "2026", "measure": "gold", "value": 1}]}),
        Definition("calendar", "calendar", 1, {"name": "calendar", "title": WORDS, "timezone": "Mars/Olympus"}),
    ])
    with pytest.raises(DefinitionError) as error:
        load_definitions(definitions, company_zone, check_rows(FACTS))
    assert sorted(("/".join(map(str, f.path)), f.code) for f in error.value.faults) == [
        ("denominator", "unknown_measure"), ("dimensions/0", "unknown_dimension"),
        ("targets/0/period", "bad_target_period"), ("targets/1/measure", "unknown_measure"),
        ("tiles/1/measure", "unknown_measure"), ("timezone", "bad_timezone"), ("unit", "literal_error"),
        ("value", "unknown_row_field"), ("when", "criterion_unknown_name"),
    ], "what names a measure with faults of its own is not a further fault"
