"""What every query of figures needs: the compiled definitions, the cells, the calendar, today."""
from dataclasses import dataclass
from datetime import date

from chassis.projections import CellReader
from chassis.service.context import ServiceContext
from services.kpi.definitions import Catalogue
from services.kpi.definitions.targets import KpiDefinitions
from services.kpi.queries.figures import FigureReader
from services.kpi.queries.periods import Calendar
from services.kpi.queries.reference_data import read_reference_data
from services.kpi.queries.request_scope import ScopeLabels


@dataclass(frozen=True, slots=True)
class FigureQueries:
    context: ServiceContext
    catalogue: Catalogue
    calendar: Calendar

    @property
    def cells(self) -> CellReader:
        """Of the generation that is live now."""
        return CellReader(self.context.store, self.context.service, self.context.generation)

    def today(self) -> date:
        return self.context.now().astimezone(self.catalogue.zone).date()

    async def reader(self, scope: ScopeLabels | None = None) -> FigureReader:
        """`scope`: that of the request by default; {} for queries that are limited to it otherwise."""
        cells = self.cells
        return FigureReader(self.catalogue, cells, await read_reference_data(cells), scope)


def make_figure_queries(context: ServiceContext) -> FigureQueries:
    compiled: KpiDefinitions = context.components.extra
    calendar = context.definitions.find("calendar", "calendar")
    starts = int((calendar.body.get("fiscal_year_starts") if calendar else None) or 1)
    return FigureQueries(context, compiled.catalogue, Calendar(starts))
