"""What the YAML of business lines means: layouts, stages and blueprints, compiled once per version."""
from chassis.domain.criteria import Expression as Criterion
from services.pipeline.definitions.compiler import compile_book, compile_line
from services.pipeline.definitions.fields import LOSS_REASON, STANDARD, misfit
from services.pipeline.definitions.model import Blueprint, Book, Line, Requirement, Stage, Transition, holds
from services.pipeline.definitions.schema import BusinessLineForm

__all__ = [
    "LOSS_REASON", "STANDARD", "Blueprint", "Book", "BusinessLineForm", "Criterion", "Line", "Requirement", "Stage",
    "Transition", "compile_book", "compile_line", "holds", "misfit",
]
