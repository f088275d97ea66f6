"""The same events in other orders, most of them late, with corrections of every kind: the same figures everywhere."""
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.journeys.conftest import Imported
from tests.journeys.reference_company import Event, figures, from_the_end, purchases, shuffled, story
from tests.journeys.system import System

pytestmark = [pytest.mark.journey, pytest.mark.slow]

YEAR = {"from": "2024-01-01", "to": "2025-01-01", "grain": "month"}
ORDERS: dict[str, Callable[[list[tuple[str, Event]]], list[Event]]] = {
    "Ordered": lambda told: [event for _, event in told],
    "Shuffled": lambda told: shuffled(told, 11),
    "Backwards": from_the_end,
}
"""Each order is told of a company of its own, whose name is its region."""
MEASURES = tuple(figures(event for _, event in story("any")))


@pytest.fixture(scope="module")
def told(imported: Imported) -> Iterator[System]:
    """All three, in requests of a few events: what is told early is handled before what is told late."""
    for name, order in ORDERS.items():
        events = order(story(name))
        for at in range(0, len(events), 40):
            imported.system.publish(events[at : at + 40])
    imported.system.settle()
    return imported.system


def test_the_story_has_corrections_of_every_kind() -> None:
    types = {event["type"] for _, event in story("any")}
    assert {f"crm.{name}.v1" for name in (
        "order.revised", "order.cancelled", "order.refunded", "payment.reversed", "activity.voided",
        "opportunity.revision_requested", "lead.converted", "lead.lost")} <= types
    assert all(len(by_month) >= 3 for by_month in figures(event for _, event in story("any")).values())


def test_no_order_makes_a_dead_letter(told: System) -> None:
    letters = told.get("/v1/dead-letters", limit=500)["items"]
    assert [x for x in letters if str(x["event_source"]).startswith("story/")] == []


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("measure", MEASURES)
def test_a_figure_is_what_the_events_come_to_whatever_their_order(told: System, measure: str, name: str) -> None:
    expected = figures(event for _, event in story(name))[measure]
    found = told.figures(measure, **YEAR, where=f"region:{name}")
    assert {month: value for (month,), value in found.items() if value} == expected


@pytest.mark.parametrize("name", ORDERS)
def test_customers_have_bought_what_stands(told: System, name: str) -> None:
    expected = purchases(event for _, event in story(name))
    assert len(expected) == 9
    for customer, (number, minor) in expected.items():
        found = told.get(f"/v1/customers/{customer}")
        assert (found["purchases"], found["spent"]) == (number, [{"amount_minor": minor, "currency": "EUR"}]), customer


@pytest.mark.parametrize("name", [n for n in ORDERS if n != "Ordered"])
@pytest.mark.parametrize("measure", ["leads_qualified", "open_pipeline", "stage_entries", "stage_exits",
                                     "stage_conversion", "win_rate", "effective_visits"])
def test_what_services_conclude_does_not_depend_on_the_order(told: System, measure: str, name: str) -> None:
    def by_month(of: str) -> dict[Any, Any]:
        return {key: value for key, value in told.figures(measure, **YEAR, where=f"region:{of}").items() if value}

    assert by_month(name) == by_month("Ordered")
    assert by_month("Ordered")


@pytest.mark.parametrize("name", [n for n in ORDERS if n != "Ordered"])
def test_leads_have_the_same_score_whatever_the_order(told: System, name: str) -> None:
    def scores(of: str) -> list[tuple[int, str, bool]]:
        found = (told.get(f"/v1/leads/{of}-lead-{n}/score") for n in range(25))
        return [(s["score"], s["grade"], s["qualified"]) for s in found]

    assert scores(name) == scores("Ordered")
