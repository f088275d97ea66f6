"""Fact modules: a new one is a single module and a YAML file; a wrong declaration fails before the first event."""
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from types import ModuleType
from typing import Any

import pytest

from chassis.domain.definitions import Definition, Definitions
from chassis.domain.projection import Touch
from contracts.crm import MarketSized
from contracts.kinds import Money
from services.kpi.definitions.catalogue_compiler import compile_catalogue
from services.kpi.definitions.rows import FactRow
from services.kpi.projections import RowDeclarationError, check_rows, make_projection, register
from services.kpi.projections.rows import FactImage, cell_labels, fact_row
from services.kpi.service import FACTS, SERVICE
from tests.kpi.memory_figures import BERLIN, MemoryFigures

SIZED = MarketSized(market="nordics", period="2026", amount=Money(amount_minor=500, currency="EUR"))


def sizing(fact: FactImage) -> Iterator[FactRow]:
    yield FactRow(fact.id, date(2026, 1, 1), cell_labels({}, channel="study"),
                  {"market": fact.image["market"], "amount": 500}, "EUR")


def fact_module(make: Callable[[FactImage], Iterator[FactRow]] = sizing, example: Any = SIZED,
                **declared: Any) -> ModuleType:
    """A fact module as a contributor writes it: `handlers`, one declared row function, `example`."""
    module: Any = ModuleType("market_sizes")
    module.handlers = lambda _context: {
        MarketSized: lambda event, _meta: Touch("market_size", event.market, lambda _image: {"market": event.market})}
    declare = fact_row("market_size.sizing", **({"fields": "market amount", "labels": "channel"} | declared))
    module.sizing = declare(make)
    module.example = lambda: [example]
    return module  # type: ignore[no-any-return]


def test_given_a_new_fact_module_and_a_measure_when_its_event_arrives_then_it_is_counted() -> None:
    facts = register([fact_module()])
    words = {"en": "Market", "zh": "市场"}
    body = {"name": "market", "version": 1, "title": words, "formula": words, "unit": "money", "kind": "sum",
            "row": "market_size.sizing", "value": "amount", "dimensions": ["channel"]}
    found = compile_catalogue(
        Definitions([Definition("measures", "market", 1, body, "market.yaml")]), BERLIN, check_rows(facts))
    figures = MemoryFigures(make_projection(found, facts))
    figures.given("2026-01-05", SIZED)
    assert figures.sum("market", on="2026-01-01", channel="study", currency="EUR") == 500


@pytest.mark.parametrize(("declared", "message"), [
    ({"fields": "market amont"}, "declares the field 'amont', which its function does not return; returned are amount"),
    ({"labels": "chanel"}, "declares the label 'chanel'"),
    ({"lines": True}, "declares the label 'category'"),
])
def test_a_declaration_that_differs_from_what_the_function_returns_fails_when_rows_are_checked(
    declared: Mapping[str, Any], message: str,
) -> None:
    with pytest.raises(RowDeclarationError, match=r"market_sizes: row type 'market_size\.sizing'") as refusal:
        check_rows(register([fact_module(**declared)]))
    assert message in str(refusal.value)


def test_an_amount_needs_a_currency_and_an_end_needs_a_lasting_row() -> None:
    def without_currency(fact: FactImage) -> Iterator[FactRow]:
        for row in sizing(fact):
            row.currency = None
            yield row

    def ending(fact: FactImage) -> Iterator[FactRow]:
        for row in sizing(fact):
            row.until = date(2026, 2, 1)
            yield row

    with pytest.raises(RowDeclarationError, match="amount without a currency"):
        check_rows(register([fact_module(without_currency)]))
    with pytest.raises(RowDeclarationError, match="lasting=True"):
        check_rows(register([fact_module(ending)]))
    check_rows(register([fact_module(ending, lasting=True)]))


def test_an_example_must_reach_every_row_type() -> None:
    with pytest.raises(RowDeclarationError, match=r"example\(\) yields no row 'market_size\.sizing'"):
        check_rows(register([fact_module(lambda _fact: iter(()))]))


def test_two_modules_with_the_same_event_or_row_type_are_rejected() -> None:
    with pytest.raises(RowDeclarationError, match="MarketSized is handled by"):
        register([fact_module(), fact_module()])
    other: Any = fact_module()
    other.handlers = lambda _context: {}
    with pytest.raises(RowDeclarationError, match="declared twice"):
        register([fact_module(), other])


def test_the_service_consumes_exactly_the_events_of_its_fact_modules() -> None:
    assert SERVICE.consumes == FACTS.events
    assert check_rows(FACTS) == FACTS.rows
