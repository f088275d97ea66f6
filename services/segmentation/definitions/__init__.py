"""Compiled segmentations (`definitions/segments/*.yaml`); `compiler` makes them of the file, `schema` validates it."""
from services.segmentation.definitions.segmentation import (
    DAY_KEY,
    Cutoffs,
    Segmentation,
    Segmentations,
    SegmentDefinition,
    Values,
    fifths,
)

__all__ = ["DAY_KEY", "Cutoffs", "SegmentDefinition", "Segmentation", "Segmentations", "Values", "fifths"]
