"""kpi: what it hears, what it keeps, what it answers."""
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from chassis.domain.definitions import Definitions, company_zone
from chassis.service.description import Job, Parts, Service
from chassis.support.settings import settings
from contracts.kpi import TargetSet
from services.kpi.decider import TARGET
from services.kpi.definitions import Catalogue, compile_catalogue
from services.kpi.definitions.schema import check_boards, check_forms
from services.kpi.definitions.targets import TargetSeed, read_targets
from services.kpi.handlers import HANDLERS
from services.kpi.projections import HEARS, projection
from services.kpi.state import target_key

if TYPE_CHECKING:
    from fastapi import APIRouter

    from chassis.service.context import Context


@dataclass(frozen=True, slots=True)
class Extra:
    """What queries need of the definitions. `generation` names the figures: another one is counted anew."""

    catalogue: Catalogue
    seeds: tuple[TargetSeed, ...]
    definitions: Definitions

    @property
    def generation(self) -> str:
        return self.catalogue.generation


def zone_of(definitions: Definitions) -> ZoneInfo:
    """The setting wins over the calendar; without either, UTC."""
    named = settings().timezone
    return ZoneInfo(named) if named else company_zone(definitions)


def build(definitions: Definitions) -> Parts:
    """Raises DefinitionError."""
    catalogue = compile_catalogue(definitions, zone_of(definitions))
    check_forms(definitions)
    check_boards(definitions, set(catalogue.measures))
    return Parts(
        aggregates=(TARGET,), handlers=HANDLERS, projection=projection(catalogue), generation=catalogue.generation,
        extra=Extra(catalogue, read_targets(definitions, catalogue), definitions),
    )


def _api(context: "Context") -> "APIRouter":
    made: APIRouter = import_module("services.kpi.api").router(context)
    return made


async def seed_targets(context: "Context") -> None:
    """Targets of the definitions, where none stands yet."""
    for seed in context.parts.extra.seeds:
        key = target_key(seed.period, seed.measure, seed.scope, seed.currency)
        if await context.read(TARGET.name, key) is None:
            await context.ask(TARGET.name, key, seed.command(context.now()))


SERVICE = Service(
    name="kpi",
    purpose="Turns every stream into measures by day and by any dimension, with comparisons, targets and attainment.",
    build=build,
    says=(TargetSet,),
    hears=HEARS,
    definitions=("measures", "dimensions", "calendar", "targets", "boards", "business_lines", "surveys"),
    api=_api,
    jobs=(Job("seed_targets", 3600.0, seed_targets),),
)
