"""What measures lean on in other kinds of definitions: the order of stages, the questions of surveys. All may lack."""
from collections.abc import Iterable, Mapping
from typing import Any

from chassis.domain.definitions import Definitions
from services.kpi.definitions.rows import Surroundings


def read_surroundings(definitions: Definitions) -> Surroundings:
    return Surroundings(_stages(definitions), _questions(definitions))


def _stages(definitions: Definitions) -> dict[str, dict[str, int]]:
    """Declared order of the stages by pipeline, which is the name of a blueprint. A lost stage is higher than none."""
    made: dict[str, dict[str, int]] = {}
    for line in definitions.current("business_lines"):
        for blueprint in _entries(line.body.get("blueprints")):
            made[str(blueprint.get("name", line.name))] = _orders(blueprint.get("stages"))
    return made


def _orders(stages: Any) -> dict[str, int]:
    made: dict[str, int] = {}
    for place, stage in enumerate(_entries(stages)):
        name, order = stage.get("name"), stage.get("order", place)
        if isinstance(name, str) and isinstance(order, int):
            made[name] = -1 if stage.get("type") == "lost" else order
    return made


def _questions(definitions: Definitions) -> dict[tuple[str, str], str]:
    made: dict[tuple[str, str], str] = {}
    for definition in definitions.current("surveys"):
        for question in _entries(definition.body.get("questions")):
            name, kind = question.get("id", question.get("name")), question.get("type", question.get("kind"))
            if isinstance(name, str) and isinstance(kind, str):
                made[definition.name, name] = kind
    return made


def _entries(found: Any) -> Iterable[Mapping[str, Any]]:
    if isinstance(found, Mapping):
        return [{"name": name, **(body if isinstance(body, Mapping) else {})} for name, body in found.items()]
    return [e for e in found or () if isinstance(e, Mapping)]
