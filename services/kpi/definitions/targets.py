"""Targets that an installation starts with: `definitions/targets/<name>.yaml`. What is set later wins."""
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.domain.definitions import Definition, DefinitionError, Definitions
from services.kpi.commands import SetTarget
from services.kpi.definitions.catalogue import Catalogue

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


def read_targets(definitions: Definitions, catalogue: Catalogue) -> tuple[TargetSeed, ...]:
    """Raises DefinitionError naming the file and the entry."""
    made: list[TargetSeed] = []
    for d in definitions.current("targets"):
        for place, entry in enumerate(d.body.get("targets") or (), 1):
            where = f"{d.path or d.name}: target {place}"
            if not isinstance(entry, Mapping):
                raise DefinitionError(f"{where}: is a mapping of period, measure, scope, value")
            made.append(_seed(d, where, entry, catalogue))
    return tuple(made)


def _seed(d: Definition, where: str, entry: Mapping[str, Any], catalogue: Catalogue) -> TargetSeed:
    measure = catalogue.measures.get(str(entry.get("measure")))
    if measure is None:
        raise DefinitionError(f"{where}: there is no measure {entry.get('measure')!r}")
    period, value = str(entry.get("period")), str(entry.get("value"))
    if not PERIOD.fullmatch(period):
        raise DefinitionError(f"{where}: {period!r} is no period such as 2026, 2026-Q3, 2026-09 or FY2026")
    if not VALUE.fullmatch(value):
        raise DefinitionError(f"{where}: {value!r} is no number")
    scope = {str(k): str(v) for k, v in (entry.get("scope") or {}).items()}
    if unknown := set(scope) - set(measure.dimensions):
        raise DefinitionError(f"{where}: {measure.name} has no dimension {sorted(unknown)[0]!r}")
    currency = entry.get("currency")
    if measure.by_currency and not (isinstance(currency, str) and re.fullmatch("[A-Z]{3}", currency)):
        raise DefinitionError(f"{where}: a target of {measure.name} needs its `currency`")
    return TargetSeed(period, measure.name, value, scope, currency, f"{d.ref}#{place_of(where)}")


def place_of(where: str) -> str:
    return where.rsplit(" ", 1)[-1]
