"""Initial targets of an installation: `definitions/targets/<name>.yaml`. Targets set later win."""
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from chassis.domain.definitions import Definitions, FaultCollector, FaultReporter
from chassis.domain.definitions.schema import load
from services.kpi.commands import SetTarget
from services.kpi.definitions.catalogue import Catalogue
from services.kpi.definitions.schema import TargetYaml

PERIOD = re.compile(r"(FY)?\d{4}(-Q[1-4]|-(0[1-9]|1[0-2])|-P(0[1-9]|1[0-2])|-W(0[1-9]|[1-4]\d|5[0-3]))?"
                    r"|\d{4}-\d{2}-\d{2}")
VALUE = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,12})?")


@dataclass(frozen=True, slots=True)
class TargetSeed:
    """`value`: decimal text in the measure's unit; minor units for money."""

    period: str
    measure: str
    value: str
    scope: Mapping[str, str]
    currency: str | None
    ref: str

    def command(self, at: datetime) -> SetTarget:
        return SetTarget(at=at, actor="definitions", ref=self.ref, period=self.period, measure=self.measure,
                         value=self.value, scope=self.scope, currency=self.currency, seed=True)


@dataclass(frozen=True, slots=True)
class KpiDefinitions:
    """All that the service has compiled of its definitions."""

    catalogue: Catalogue
    seeds: tuple[TargetSeed, ...]


def read_targets(
    definitions: Definitions, catalogue: Catalogue, faults: FaultCollector | None = None,
) -> tuple[TargetSeed, ...]:
    """Raises DefinitionError with every fault, or leaves them to the collector given."""
    collector = faults or FaultCollector()
    seeds: list[TargetSeed] = []
    for definition in definitions.current("targets"):
        entries = definition.body.get("targets")
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            report = FaultReporter(definition, path=("targets", index))
            yaml = load(report, TargetYaml)
            if yaml is None:
                collector.faults += report.faults
                continue
            seed = _seed(report, yaml, str(entry["period"]), str(entry["value"]), catalogue)
            if seed is None and yaml.measure not in definitions.names("measures"):
                report.at("measure").add(
                    "unknown_measure", "measure {value!r} does not exist; use one of {allowed}", value=yaml.measure,
                    allowed=sorted(catalogue.measures))
            if seed is not None and not report.faults:
                seeds.append(seed)
            collector.faults += report.faults
    if faults is None:
        collector.raise_if_any()
    return tuple(seeds)


def _seed(
    report: FaultReporter, yaml: TargetYaml, period: str, value: str, catalogue: Catalogue,
) -> TargetSeed | None:
    """None when the measure is not in the catalogue."""
    if not PERIOD.fullmatch(period):
        report.at("period").add("bad_target_period", "must be a period such as 2026, 2026-Q3, 2026-09 or FY2026, not "
                                "{value!r}", value=period)
    if not VALUE.fullmatch(value):
        report.at("value").add("bad_target_value", "must be a number, not {value!r}", value=value)
    measure = catalogue.measures.get(yaml.measure)
    if measure is None:
        return None
    for name in yaml.scope:
        if name not in measure.dimensions:
            report.at("scope", name).add(
                "unknown_scope_dimension", "{measure} has no dimension {value!r}; use one of {allowed}", key=True,
                measure=measure.name, value=name, allowed=list(measure.dimensions))
    if measure.by_currency and yaml.currency is None:
        report.add("target_currency", "a target of {measure} needs its `currency`", measure=measure.name)
    ref = f"{report.definition.ref}#{int(report.path[-1]) + 1}"
    return TargetSeed(period, measure.name, value, yaml.scope, yaml.currency, ref)
