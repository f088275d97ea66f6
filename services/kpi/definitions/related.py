"""Reads the order of stages and the questions of surveys from other kinds of definitions; any may be missing."""
from collections.abc import Iterable, Mapping
from typing import Any

from chassis.domain.definitions import Definitions
from services.kpi.definitions.rows import RelatedDefinitions


def read_related(definitions: Definitions) -> RelatedDefinitions:
    return RelatedDefinitions(_stages(definitions), _questions(definitions))


def _stages(definitions: Definitions) -> dict[str, dict[str, int]]:
    """{pipeline: {stage: declared order}}; a pipeline has the name of its blueprint, a lost stage the order -1."""
    orders: dict[str, dict[str, int]] = {}
    for line in definitions.current("business_lines"):
        for blueprint in _entries(line.body.get("blueprints")):
            orders[str(blueprint.get("name", line.name))] = _orders(blueprint.get("stages"))
    return orders


def _orders(stages: Any) -> dict[str, int]:
    orders: dict[str, int] = {}
    for position, stage in enumerate(_entries(stages)):
        name, order = stage.get("name"), stage.get("order", position)
        if isinstance(name, str) and isinstance(order, int):
            orders[name] = -1 if stage.get("type") == "lost" else order
    return orders


def _questions(definitions: Definitions) -> dict[tuple[str, str], str]:
    """{(survey, question): kind}."""
    kinds: dict[tuple[str, str], str] = {}
    for definition in definitions.current("surveys"):
        for question in _entries(definition.body.get("questions")):
            name, kind = question.get("id", question.get("name")), question.get("type", question.get("kind"))
            if isinstance(name, str) and isinstance(kind, str):
                kinds[definition.name, name] = kind
    return kinds


def _entries(value: Any) -> Iterable[Mapping[str, Any]]:
    """Of a list of mappings, or of a mapping by name."""
    if isinstance(value, Mapping):
        return [{"name": name, **(body if isinstance(body, Mapping) else {})} for name, body in value.items()]
    return [e for e in value or () if isinstance(e, Mapping)]
