"""Folds events into facts and figures, exactly, whatever fails on the way."""
from chassis.projections.batch import Heard, Refused
from chassis.projections.cell_audit import Audited, Mismatch
from chassis.projections.cells import Cell, Cells, FactPage, KeptFact, Member
from chassis.projections.projector import Projector

__all__ = ["Audited", "Cell", "Cells", "FactPage", "Heard", "KeptFact", "Member", "Mismatch", "Projector", "Refused"]
