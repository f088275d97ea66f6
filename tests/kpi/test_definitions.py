"""The measures: what ships, what they mean, and what is refused with the file's name."""
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chassis.domain.definitions import Definition, DefinitionError, Definitions, read_directory
from services.kpi.definitions import Catalogue, compile_catalogue
from tests.kpi.counting import ROOT, catalogue

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
    return compile_catalogue(Definitions(definitions), zone)


@pytest.mark.parametrize("name", FIRST_RELEASE)
def test_every_measure_of_the_first_release_is_declared(name: str) -> None:
    found = catalogue().measures[name]
    assert not found.hidden
    assert found.title["en"] and found.title["zh"] and found.formula["en"] and found.formula["zh"]


def test_every_measure_knows_the_standard_and_the_declared_dimensions() -> None:
    for found in catalogue().listed():
        assert {"business_line", "region", "team", "rep", "sector", "tier"} <= set(found.dimensions), found.name


def test_what_adds_up_over_time_is_told() -> None:
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
    assert not rate.stored and not rate.zero
    average = catalogue().measures["average_deal"]
    assert average.by_currency


def test_the_order_of_stages_is_read_from_the_blueprints() -> None:
    stages = catalogue().surroundings.stages["hardware"]
    assert stages["prospecting"] < stages["engaging"] < stages["won"]
    assert stages["lost"] < stages["prospecting"]


@pytest.mark.parametrize(("body", "said"), [
    ({"row": "deal.flying"}, "'deal.flying' is unknown"),
    ({"kind": "guess"}, "`kind` is one of"),
    ({"unit": "litres"}, "`unit` is one of"),
    ({"when": "colour == 'red'"}, "colour"),
    ({"when": "status =="}, "when"),
    ({"dimensions": ["stage"]}, "deal.closing has no 'stage'"),
    ({"dimensions": ["product"]}, "has no 'product'"),
    ({"without": ["weather"]}, "'weather'"),
    ({"kind": "sum"}, "a sum needs `value`"),
    ({"kind": "sum", "value": "days"}, "adds up money"),
    ({"kind": "median", "value": "height"}, "no field 'height'"),
    ({"kind": "distinct"}, "needs `member`"),
    ({"kind": "snapshot"}, "rows that last"),
    ({"row": "payment.receipt", "lines": True}, "cannot be split by lines"),
    ({"lines": "yes"}, "true or false"),
    ({"title": "Wins"}, "`en` and `zh`"),
    ({"colour": "red"}, "unknown key 'colour'"),
    ({"kind": "ratio", "numerator": "a", "denominator": "b"}, "no counted measure 'a'"),
    ({"kind": "basis", "basis": "gold"}, "'gold' is none"),
])
def test_what_cannot_be_meant_is_refused_with_the_file(body: dict[str, Any], said: str) -> None:
    with pytest.raises(DefinitionError, match=r"m\.yaml") as refusal:
        compiled(measure(**body))
    assert said in str(refusal.value)


def test_a_ratio_of_money_and_a_plain_count_is_refused() -> None:
    amount = measure("amount", kind="sum", unit="money", value="amount")
    with pytest.raises(DefinitionError, match="both be split by currency"):
        compiled(amount, measure("wins"), measure("average", kind="ratio", numerator="amount", denominator="wins"))


def test_the_generation_changes_with_what_is_counted_and_with_the_zone_but_not_with_words() -> None:
    plain = compiled(measure()).generation
    assert compiled(measure(title={"en": "Another", "zh": "别名"})).generation == plain
    assert compiled(measure(), measure("r", kind="ratio", numerator="m", denominator="m")).generation == plain
    assert compiled(measure(when="status == 'won'")).generation != plain
    assert compiled(measure(), zone=ZoneInfo("Asia/Shanghai")).generation != plain


def test_measures_that_count_the_same_are_counted_once() -> None:
    found = compiled(
        measure("a", when="status == 'won'"), measure("b", when="status == 'won'", title={"en": "B", "zh": "乙"}),
        measure("c", when="status == 'lost'"), measure("d", when="status == 'won'", dimensions=["loss_reason"]),
        measure("e", when="status == 'won'", kind="distinct", member="customer_id"),
        measure("f", when="status == 'won'", kind="distinct", member="customer_id", first=True),
        measure("g", when="status == 'won'", lines=True))
    assert {m.name: m.kept for m in found.measures.values()} == {
        "a": "a", "b": "a", "c": "c", "d": "d", "e": "e", "f": "e", "g": "g"}
    assert [c.measure.name for c in found.counters["deal.closing"]] == ["a", "c", "d", "e", "g"]


def test_definitions_that_others_write_may_be_missing(tmp_path: Path) -> None:
    own = read_directory(ROOT / "definitions").current("measures")
    found = compile_catalogue(Definitions(own), BERLIN)
    assert found.declared == {} and found.surroundings.stages == {}
    assert set(found.measures) == set(catalogue().measures)
