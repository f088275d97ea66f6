"""kpi: the facts and measures of all streams, the targets set for them, and who may read and set what."""
import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from chassis.domain.definitions import Definitions, company_zone
from chassis.service.access_rules import allow, grant
from chassis.service.description import Job, Service, ServiceComponents
from chassis.support.settings import settings
from contracts.kpi import TargetSet
from services.kpi import projections
from services.kpi.decider import TARGET
from services.kpi.definitions.loading import load_definitions
from services.kpi.definitions.targets import KpiDefinitions
from services.kpi.state import target_key

if TYPE_CHECKING:
    from fastapi import APIRouter

    from chassis.service.context import ServiceContext


FACTS = projections.register(
    import_module(f"{projections.__name__}.{found.name}") for found in pkgutil.iter_modules(projections.__path__))
"""The fact modules below `services/kpi/projections`."""


def zone_of(definitions: Definitions) -> ZoneInfo:
    """The company's zone: the setting, else that of the calendar, else UTC. Raises DefinitionError."""
    named = settings().timezone
    return ZoneInfo(named) if named else company_zone(definitions)


def build(definitions: Definitions) -> ServiceComponents:
    """Raises DefinitionError; RowDeclarationError when a fact module does not return what it declares."""
    compiled = load_definitions(definitions, zone_of, projections.check_rows(FACTS))
    return ServiceComponents(
        aggregates=(TARGET,), projection=projections.make_projection(compiled.catalogue, FACTS),
        generation=compiled.catalogue.generation, extra=compiled,
    )


def _api(context: "ServiceContext") -> "APIRouter":
    router: APIRouter = import_module("services.kpi.api").router(context)
    return router


async def seed_targets(context: "ServiceContext") -> None:
    """Sets the targets of the definitions where none is set."""
    compiled: KpiDefinitions = context.components.extra
    for seed in compiled.seeds:
        key = target_key(seed.period, seed.measure, seed.scope, seed.currency)
        if await context.get(TARGET.name, key) is None:
            await context.execute(TARGET.name, key, seed.command(context.now()))


SERVICE = Service(
    name="kpi",
    title={"en": "Measures and targets", "zh": "指标与目标"},
    port_offset=4,
    purpose="Turns every stream into measures by day and by any dimension, with comparisons, targets and attainment.",
    build=build,
    publishes=(TargetSet,),
    consumes=FACTS.events,
    definitions=("measures", "dimensions", "calendar", "targets", "boards", "business_lines", "surveys"),
    api=_api,
    jobs=(Job("seed_targets", 3600.0, seed_targets),),
    permissions=(
        grant("activities:read", "Activities", "rep manager director marketer"),
        grant("figures:read", "Measures, boards, funnels, forecasts, targets, anomalies",
              "rep manager director marketer analyst"),
        grant("targets:write", "Set targets", "director"),
    ),
    routes=(
        allow("GET", "/v1/activities", "activities:read"),
        allow("GET", "/v1/kpis{*}", "figures:read"),
        allow("POST", "/v1/kpis/query", "figures:read", audited=False),
        allow("GET", "/v1/boards{*}", "figures:read"),
        allow("GET", "/v1/targets/{}", "figures:read"),
        allow("GET", "/v1/targets/{}/attainment", "figures:read"),
        allow("PUT", "/v1/targets/{}", "targets:write"),
        allow("POST", "/v1/targets/solve", "figures:read", audited=False),
    ),
)
