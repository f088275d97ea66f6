"""Compiled measures (`definitions/measures/*.yaml`); `catalogue_compiler` makes them, `schema` validates the files."""
from services.kpi.definitions.catalogue import Catalogue
from services.kpi.definitions.measure import CURRENCY, LINE, MANY, STANDARD, CompiledMeasure, MeasureCounter

__all__ = ["CURRENCY", "LINE", "MANY", "STANDARD", "Catalogue", "CompiledMeasure", "MeasureCounter"]
