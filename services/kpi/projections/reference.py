"""Reference data that figures are read with: assignments of employees, products, rates, market sizes, merges.

These facts contribute to no measure; queries find them by kind. Their images:

- `employee`: `{"assignments": {day: [stamp, {department, team, region, manager} or {"left": true}]}}`
- `product`: `{"said": [stamp, {name, category, series}]}`
- `rate` (id `base:quote|day`): `{"said": [stamp, {base, quote, rate, valid_on}]}`
- `market` (id `market|period`): `{"said": [stamp, {market, period, amount, units}]}`
- `customer`: `{"said": [stamp, {into}]}`: merged into another one
"""
from collections.abc import Iterator, Mapping
from typing import Any

from chassis.domain.handlers import Meta
from chassis.domain.projection import Image, Touch
from contracts.crm import CustomerMerged, EmployeeAssigned, EmployeeLeft, MarketSized, ProductReleased, RatePublished
from services.kpi.projections.images import money, stamp
from services.kpi.projections.registry import EventHandler
from services.kpi.projections.rows import FactContext


def handlers(context: FactContext) -> Mapping[type, EventHandler]:
    def assigned(event: EmployeeAssigned, meta: Meta) -> Touch:
        values = {"department": event.department, "team": event.team, "region": event.region,
                  "manager": event.manager_id}
        return dated(event, meta, {name: value for name, value in values.items() if value is not None})

    def left(event: EmployeeLeft, meta: Meta) -> Touch:
        return dated(event, meta, {"left": True})

    def dated(event: EmployeeAssigned | EmployeeLeft, meta: Meta, values: dict[str, Any]) -> Touch:
        by = stamp(meta)
        day = (event.effective_on or context.days.day(by[1])).isoformat()

        def fold(image: Image) -> Image:
            known = (image or {}).get("assignments", {})
            if day in known and tuple(known[day][0]) >= tuple(by):
                return image
            return {"assignments": dict(sorted({**known, day: [by, values]}.items()))}

        return Touch("employee", event.employee_id, fold)

    return {
        EmployeeAssigned: assigned, EmployeeLeft: left, ProductReleased: _product, RatePublished: _rate,
        MarketSized: _market, CustomerMerged: _customer}


def _latest(kind: str, id: str, meta: Meta, values: dict[str, Any]) -> Touch:
    by = stamp(meta)

    def fold(image: Image) -> Image:
        return image if image and tuple(image["said"][0]) >= tuple(by) else {"said": [by, values]}

    return Touch(kind, id, fold)


def _product(event: ProductReleased, meta: Meta) -> Touch:
    return _latest("product", event.product_id, meta,
                   {"name": event.name, "category": event.category, "series": event.series})


def _rate(event: RatePublished, meta: Meta) -> Touch:
    day = event.valid_on.isoformat()
    return _latest("rate", f"{event.base}:{event.quote}|{day}", meta,
                   {"base": event.base, "quote": event.quote, "rate": event.rate, "valid_on": day})


def _market(event: MarketSized, meta: Meta) -> Touch:
    return _latest("market", f"{event.market}|{event.period}", meta, {
        "market": event.market, "period": event.period, "amount": money(event.amount), "units": event.units})


def _customer(event: CustomerMerged, meta: Meta) -> Touch:
    return _latest("customer", event.customer_id, meta, {"into": event.into_customer_id})


def example() -> Iterator[Any]:
    yield EmployeeAssigned(employee_id="E1", name="-", team="T1")
    yield EmployeeLeft(employee_id="E1")
