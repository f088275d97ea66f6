"""Projections: events folded into facts and figures exactly once, whatever fails meanwhile."""
from chassis.projections.batch import DecodedMessage, ProjectionFailure
from chassis.projections.cell_audit import AuditResult, Mismatch
from chassis.projections.cells import Cell, CellReader, FactPage, Membership, StoredFact
from chassis.projections.projector import Projector

__all__ = (
    "AuditResult",
    "Cell",
    "CellReader",
    "DecodedMessage",
    "FactPage",
    "Membership",
    "Mismatch",
    "ProjectionFailure",
    "Projector",
    "StoredFact",
)
