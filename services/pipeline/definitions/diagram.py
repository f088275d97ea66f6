"""The picture of a blueprint, drawn by `transitions` from the very machine that the decisions agree with."""
from transitions.extensions.diagrams import GraphMachine
from transitions.extensions.diagrams_mermaid import Graph

from services.pipeline.definitions.model import Blueprint


def mermaid(blueprint: Blueprint) -> str:
    """A Mermaid state diagram."""
    machine = GraphMachine(
        model=None, title=blueprint.ref, initial=blueprint.initial, states=list(blueprint.stages),
        transitions=[{"trigger": t.name, "source": list(t.from_), "dest": t.to}
                     for t in blueprint.transitions.values()],
        auto_transitions=False, send_event=True, graph_engine="mermaid",
    )
    drawn: str = Graph(machine).get_graph().source  # type: ignore[arg-type]  # its annotation says class
    return drawn
