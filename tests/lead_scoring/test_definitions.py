"""Compiler of scorecards: an invalid one is refused with its faults, a criterion counts when it is true."""
from pathlib import Path
from typing import Any

import pytest

from chassis.domain.definitions import Definition, DefinitionError, Definitions, read_directory
from services.lead_scoring.definitions.compiler import compile_scorecards
from tests.support.criteria_truth import TRUTH

from .builders import CARD, TITLE, cards

SHIPPED = Path(__file__).parents[2] / "definitions"


def test_every_business_line_has_a_shipped_scorecard() -> None:
    found = compile_scorecards(read_directory(SHIPPED))
    for line in ("software", "services", "hardware"):
        card = found.for_line(line)
        assert card is not None and card.ref == f"{line}@1"


@pytest.mark.parametrize(("change", "message"), [
    ({"colour": "red"}, "colour"),
    ({"fit": [{"rule": "a", "title": TITLE, "when": "attributes.", "points": 1}]}, "fit/0/when: 'attributes.' must be"),
    ({"fit": [{"rule": "a", "title": TITLE, "when": "employees > 3", "points": 1}]}, "employees"),
    ({"fit": [{"rule": "demo", "title": TITLE, "when": "source == 'x'", "points": 1}]}, "rule 'demo' occurs twice"),
    ({"grades": [{"grade": "A", "from": 10}]}, "the last one without"),
    ({"grades": [{"grade": "A", "from": 10}, {"grade": "B", "from": 20}, {"grade": "C"}]}, "best to worst"),
    ({"limits": {"groups": {"unlisted": 3}}}, "unlisted"),
    ({"disqualify_below": 99}, "must be at most `qualify_at`"),
    ({"engagement": [{"rule": "w", "title": TITLE, "on": "engagement", "points": 1, "repeatable": True}]}, "max_times"),
    ({"qualify_at": "50"}, "qualify_at"),
])
def test_an_invalid_scorecard_is_refused_with_its_reason(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        cards(**{"limits": {}, **change})


def test_two_scorecards_for_one_line_are_refused() -> None:
    definitions = Definitions([Definition("scorecards", name, 1, {**CARD, "name": name, "business_line": "software"})
                         for name in ("a", "b")])
    with pytest.raises(DefinitionError, match="software"):
        compile_scorecards(definitions)


@pytest.mark.parametrize(("value", "met"), TRUTH)
def test_a_rule_counts_when_its_criterion_is_true(value: Any, met: bool) -> None:
    rule = {"rule": "r", "title": TITLE, "when": "attributes.x", "points": 1}
    signal = {"rule": "s", "title": TITLE, "on": "activity", "when": "properties.x", "points": 1}
    card = cards(fit=[rule], engagement=[signal], limits={}).for_line("software")
    assert card is not None and card.fit[0].when.is_met({"attributes": {"x": value}}) is met
    assert card.matching("activity", "call", {"properties": {"x": value}}) == (("s",) if met else ())
