"""The rows that a request may see, as dimensions of measures."""
from collections.abc import Mapping
from datetime import date

from chassis.http.access import current_access
from services.kpi.queries.reference_data import Labels, ReferenceData

ScopeLabels = Mapping[str, frozenset[str]]
"""{dimension: labels that the request may see}; empty: everything."""
DIMENSION = {"rep_id": "rep", "team": "team", "region": "region", "business_line": "business_line"}


def scope_labels() -> ScopeLabels:
    access = current_access()
    if access is None or access.scope.all:
        return {}
    if access.scope.is_empty:
        return {"rep": frozenset()}
    return {DIMENSION[label]: frozenset(values) for label, values in access.scope.required_labels().items()}


def scope_covers(labels: Labels, reference: ReferenceData, day: date) -> bool:
    """Whether everything with these labels lies within the scope of the request."""
    access = current_access()
    if access is None:
        return True
    known = {label: reference.label(dimension, labels, day) for label, dimension in DIMENSION.items()}
    return access.scope.covers(known)


def units_of_scope(reference: ReferenceData, day: date) -> list[tuple[str, str]]:
    """(dimension, label) of the teams and regions whose reps are exactly those of the request's scope."""
    access = current_access()
    if access is None or access.scope.all or not access.scope.reps or access.scope.business_lines:
        return []
    units = [*(("team", t) for t in access.scope.whole_teams), *(("region", r) for r in access.scope.whole_regions)]
    reps = {unit: {id for id in reference.assignments if reference.label(unit[0], {"rep": id}, day) == unit[1]}
            for unit in units}
    return [unit for unit in units if reps[unit] == set(access.scope.reps)]
