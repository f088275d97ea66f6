"""The rows that a request may see, as dimensions of measures."""
from collections.abc import Mapping
from datetime import date

from chassis.http.access import current_access
from services.kpi.queries.reference_data import Labels, ReferenceData

ScopeLabels = Mapping[str, frozenset[str]]
"""{dimension: labels that the request may see}; empty: everything."""
DIMENSION = {"rep_id": "rep", "team": "team", "region": "region", "business_line": "business_line"}


def scope_labels() -> ScopeLabels:
    found = current_access()
    if found is None or found.scope.all:
        return {}
    if found.scope.is_empty:
        return {"rep": frozenset()}
    return {DIMENSION[label]: frozenset(values) for label, values in found.scope.required_labels().items()}


def scope_covers(labels: Labels, reference: ReferenceData, day: date) -> bool:
    """Whether everything with these labels lies within the scope of the request."""
    found = current_access()
    if found is None:
        return True
    known = {label: reference.label(dimension, labels, day) for label, dimension in DIMENSION.items()}
    return found.scope.covers(known)


def units_of_scope(reference: ReferenceData, day: date) -> list[tuple[str, str]]:
    """(dimension, label) of the teams and regions whose reps are exactly those of the request's scope."""
    found = current_access()
    if found is None or found.scope.all or not found.scope.reps or found.scope.business_lines:
        return []
    units = [*(("team", t) for t in found.scope.whole_teams), *(("region", r) for r in found.scope.whole_regions)]
    reps = {unit: {id for id in reference.assignments if reference.label(unit[0], {"rep": id}, day) == unit[1]}
            for unit in units}
    return [unit for unit in units if reps[unit] == set(found.scope.reps)]
