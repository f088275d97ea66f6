"""Computes figures from cells, per bucket and group. Integers until the last division."""
from services.kpi.queries.figures.buckets import BucketGroup, Slice, queryable_dimensions
from services.kpi.queries.figures.reader import FigureReader
from services.kpi.queries.figures.values import Figure, growth

__all__ = ["BucketGroup", "Figure", "FigureReader", "Slice", "growth", "queryable_dimensions"]
