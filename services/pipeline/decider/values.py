"""Values of a deal's fields: JSON to the types of the contracts and back, and the names that criteria read."""
from collections.abc import Mapping
from datetime import date
from typing import Any

from chassis.domain.decider import replace
from contracts.kinds import Money
from contracts.pipeline import Opportunity as Deal
from services.pipeline.definitions.fields import STANDARD
from services.pipeline.definitions.model import BlueprintDefinition
from services.pipeline.state.model import OpportunityState

DEAL_FIELDS = frozenset({"lead_id", "lines", "dimensions"}) | set(STANDARD)
_TYPED = frozenset({"amount", "expected_close_on"})  # JSON and contract type differ
_ATOMS = frozenset({str, int, float, bool, type(None)})


def typed(name: str, value: Any) -> Any:
    """The contract's value of a JSON value that fits the field (see `misfit`); other values are returned unchanged."""
    if name == "amount" and isinstance(value, Mapping):
        return Money(amount_minor=value["amount_minor"], currency=value["currency"])
    if name == "expected_close_on" and isinstance(value, str):
        return date.fromisoformat(value)
    return value


def plain(value: Any) -> Any:
    """The JSON value of a contract's value."""
    if type(value) is Money:
        return {"amount_minor": value.amount_minor, "currency": value.currency}
    return value.isoformat() if isinstance(value, date) else value


def with_values(deal: Deal, blueprint: BlueprintDefinition, about: Mapping[str, Any]) -> Deal:
    """The deal with these values; null resets a field that must not be empty to its default."""
    values = {n: typed(n, v) if n in _TYPED else v for n, v in about.items() if n in DEAL_FIELDS}
    if values.get("forecast_category", "") is None:
        values["forecast_category"] = blueprint.stages[deal.stage].forecast_category
    if values.get("deal_kind", "") is None:
        values["deal_kind"] = "new"
    if "dimensions" in values and isinstance(values["dimensions"], Mapping):
        values["dimensions"] = {n: v for n, v in {**(deal.dimensions or {}), **values["dimensions"]}.items() if v}
    return replace(deal, **values) if values else deal


def values_of(state: OpportunityState) -> dict[str, Any]:
    """Every field that is not empty, by name, as JSON."""
    deal = state.deal
    found = {} if deal is None else {n: plain(getattr(deal, n)) for n in STANDARD}
    return {n: v for n, v in (found | dict(state.fields)).items() if v is not None}


def facts(deal: Mapping[str, Any]) -> dict[str, Any]:
    """The names that criteria read: every field, and money also as `<name>_minor` and `currency`."""
    made = dict(deal)
    for name, value in deal.items():
        if value.__class__ not in _ATOMS and isinstance(value, Mapping) and "amount_minor" in value:
            made[f"{name}_minor"] = value["amount_minor"]
            made.setdefault("currency", value["currency"])
    return made


def is_empty(value: Any) -> bool:
    return value is None or value == "" or value == [] or value == ()
