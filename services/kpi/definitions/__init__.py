"""Compiled measures (`definitions/measures/*.yaml`); `schema` validates a file, `catalogue_compiler` compiles all."""
from services.kpi.definitions.catalogue import Catalogue
from services.kpi.definitions.measure import CURRENCY, LINE, MANY, STANDARD, CompiledMeasure, MeasureCounter

__all__ = ["CURRENCY", "LINE", "MANY", "STANDARD", "Catalogue", "CompiledMeasure", "MeasureCounter"]
