"""Values of a deal's fields: from JSON into the types of the contracts, from there into what criteria are read over."""
from collections.abc import Mapping
from datetime import date
from typing import Any

from chassis.domain.decider import replace
from contracts.kinds import Money
from contracts.pipeline import Opportunity as Deal
from services.pipeline.definitions import STANDARD, Blueprint
from services.pipeline.state import Opportunity

OTHERS = frozenset({"lead_id", "lines", "dimensions"})  # what a deal has besides the standard fields
ABOUT = OTHERS | set(STANDARD)
_WRITTEN_OTHERWISE = frozenset({"amount", "expected_close_on"})  # in JSON than in the contracts

_ATOMS = frozenset({str, int, float, bool, type(None)})


def typed(name: str, value: Any) -> Any:
    """JSON that fits the field (see `misfit`), or the value itself when it is of the contracts' types already."""
    if name == "amount" and isinstance(value, Mapping):
        return Money(amount_minor=value["amount_minor"], currency=value["currency"])
    if name == "expected_close_on" and isinstance(value, str):
        return date.fromisoformat(value)
    return value


def plain(value: Any) -> Any:
    """The same as JSON."""
    if type(value) is Money:
        return {"amount_minor": value.amount_minor, "currency": value.currency}
    return value.isoformat() if isinstance(value, date) else value


def with_values(deal: Deal, blueprint: Blueprint, about: Mapping[str, Any]) -> Deal:
    """The deal with these values; a null puts what must never be empty back to what it is without being said."""
    values = {n: typed(n, v) if n in _WRITTEN_OTHERWISE else v for n, v in about.items() if n in ABOUT}
    if values.get("forecast_category", "") is None:
        values["forecast_category"] = blueprint.stages[deal.stage].forecast_category
    if values.get("deal_kind", "") is None:
        values["deal_kind"] = "new"
    if "dimensions" in values and isinstance(values["dimensions"], Mapping):
        values["dimensions"] = {n: v for n, v in {**(deal.dimensions or {}), **values["dimensions"]}.items() if v}
    return replace(deal, **values) if values else deal


def values_of(state: Opportunity) -> dict[str, Any]:
    """Every field by its name, as JSON; what is empty is left out."""
    deal = state.deal
    found = {} if deal is None else {n: plain(getattr(deal, n)) for n in STANDARD}
    return {n: v for n, v in (found | dict(state.fields)).items() if v is not None}


def facts(deal: Mapping[str, Any]) -> dict[str, Any]:
    """What criteria are read over: the fields by name, and money also as `<name>_minor` and `currency`."""
    made = dict(deal)
    for name, value in deal.items():
        if value.__class__ not in _ATOMS and isinstance(value, Mapping) and "amount_minor" in value:
            made[f"{name}_minor"] = value["amount_minor"]
            made.setdefault("currency", value["currency"])
    return made


def is_empty(value: Any) -> bool:
    return value is None or value == "" or value == [] or value == ()
