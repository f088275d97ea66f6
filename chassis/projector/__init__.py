"""Folds events into facts and figures, exactly, whatever fails on the way."""
from chassis.projector.auditing import Audited, Mismatch
from chassis.projector.cells import Cell, Cells, FactPage, KeptFact, Member
from chassis.projector.engine import Projector
from chassis.projector.folding import Heard, Refused

__all__ = ["Audited", "Cell", "Cells", "FactPage", "Heard", "KeptFact", "Member", "Mismatch", "Projector", "Refused"]
