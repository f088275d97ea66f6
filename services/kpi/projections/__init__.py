"""Projection of events into facts, and of facts into contributions to cells.

Each fact module makes images of its events and rows of the images (`registry`); `contributions` turns
rows into contributions by the compiled measures and knows none of them by name.
"""
from services.kpi.projections.projection import make_projection
from services.kpi.projections.registry import FactRegistry, RowDeclarationError, check_rows, register

__all__ = ["FactRegistry", "RowDeclarationError", "check_rows", "make_projection", "register"]
