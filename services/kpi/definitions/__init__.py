"""From the YAML in `definitions/measures` to compiled measures: `compile_catalogue(definitions, zone) -> Catalogue`."""
from services.kpi.definitions.catalogue import Catalogue, compile_catalogue
from services.kpi.definitions.measure import CURRENCY, LINE, MANY, STANDARD, Measure, Source

__all__ = ["CURRENCY", "LINE", "MANY", "STANDARD", "Catalogue", "Measure", "Source", "compile_catalogue"]
