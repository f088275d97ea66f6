"""A blueprint as a state machine of the `transitions` library: for its picture, and to test its table with."""
from typing import Any

from transitions import Machine
from transitions.extensions.diagrams import GraphMachine
from transitions.extensions.diagrams_mermaid import Graph

from services.pipeline.definitions.model import BlueprintDefinition


def state_machine(blueprint: BlueprintDefinition) -> Machine:
    """Shared by all deals: without a model of its own."""
    return Machine(**_options(blueprint))


def mermaid(blueprint: BlueprintDefinition) -> str:
    """Mermaid source (`stateDiagram-v2`) of its stages and transitions."""
    machine = GraphMachine(**_options(blueprint), title=blueprint.ref, graph_engine="mermaid")
    drawn: str = Graph(machine).get_graph().source  # type: ignore[arg-type]  # its annotation says class
    return drawn


def _options(blueprint: BlueprintDefinition) -> dict[str, Any]:
    transitions = [{"trigger": t.name, "source": list(t.from_), "dest": t.to} for t in blueprint.transitions.values()]
    return {"model": None, "initial": blueprint.initial, "states": list(blueprint.stages), "transitions": transitions,
            "auto_transitions": False, "send_event": True}
