"""Loads all kinds of definitions that kpi reads, and reports the faults of all of them in one run."""
from collections.abc import Callable
from zoneinfo import ZoneInfo

from chassis.domain.definitions import Definitions, FaultCollector
from services.kpi.definitions.catalogue_compiler import compile_catalogue
from services.kpi.definitions.rows import RowTypes
from services.kpi.definitions.schema import check_boards, check_models
from services.kpi.definitions.targets import KpiDefinitions, read_targets


def load_definitions(
    definitions: Definitions, zone_of: Callable[[Definitions], ZoneInfo], rows: RowTypes,
) -> KpiDefinitions:
    """Raises DefinitionError with every fault. `zone_of`: the company's zone, of the settings or the calendar."""
    faults = FaultCollector()
    check_models(definitions, faults)
    zone = faults.attempt(zone_of, definitions) or ZoneInfo("UTC")
    catalogue = compile_catalogue(definitions, zone, rows, faults)
    check_boards(definitions, faults)
    seeds = read_targets(definitions, catalogue, faults)
    faults.raise_if_any()
    return KpiDefinitions(catalogue, seeds)
