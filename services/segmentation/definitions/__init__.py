"""Compiled segmentations (`definitions/segments/*.yaml`); `schema` validates a file, `compiler` compiles it."""
from services.segmentation.definitions.segmentation import (
    Cutoffs,
    DayKey,
    Segmentation,
    Segmentations,
    SegmentDefinition,
    Values,
    fifths,
)

__all__ = ["Cutoffs", "DayKey", "SegmentDefinition", "Segmentation", "Segmentations", "Values", "fifths"]
