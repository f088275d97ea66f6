"""Compiled business lines (`definitions/business_lines/*.yaml`); `compiler` makes them, `schema` validates the file.

Nothing here imports pydantic: `compiler` and `schema` do, and only composition and tools import those.
"""
from services.pipeline.definitions.fields import LOSS_REASON, STANDARD, FieldDefinition, OptionDefinition, misfit
from services.pipeline.definitions.model import (
    BlueprintDefinition,
    Book,
    BusinessLineDefinition,
    RequirementDefinition,
    StageDefinition,
    TransitionDefinition,
)

__all__ = [
    "LOSS_REASON",
    "STANDARD",
    "BlueprintDefinition",
    "Book",
    "BusinessLineDefinition",
    "FieldDefinition",
    "OptionDefinition",
    "RequirementDefinition",
    "StageDefinition",
    "TransitionDefinition",
    "misfit",
]
