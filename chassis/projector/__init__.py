"""Folds events into facts and figures, exactly, whatever fails on the way."""
from chassis.projector.cells import Cell, Cells, FactPage, KeptFact, Member
from chassis.projector.engine import Projector
from chassis.projector.folding import Heard, Refused
from chassis.projector.upkeep import Mismatch

__all__ = ["Cell", "Cells", "FactPage", "Heard", "KeptFact", "Member", "Mismatch", "Projector", "Refused"]
