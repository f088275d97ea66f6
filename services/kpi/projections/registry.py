"""Registry of fact modules: which events they handle and which rows they declare, checked against what they return.

A fact module is a module of this package with

- `handlers(context) -> {event class: handler}`: which fact an event changes, and how,
- row types: functions under `@fact_row(...)` or `@row(...)`; a module of reference data has none,
- `example() -> events`: in the order in which they happen; while they are applied one by one, each row type of the
  module must yield a row. The check compares these rows with their declarations.
"""
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

from chassis.domain.handlers import Meta
from chassis.domain.projection import Image, Rejected, Touch
from services.kpi.definitions.rows import FactRow, RelatedDefinitions, RowType, RowTypes
from services.kpi.projections.rows import FactContext, LocalDays

EventHandler = Callable[[Any, Meta], Touch]
EXAMPLE_START = datetime(2026, 1, 5, 12, tzinfo=UTC)


class RowDeclarationError(TypeError):
    """A row function does not return what is declared; the message names the module, the row type and the field."""


@dataclass(frozen=True, slots=True)
class FactRegistry:
    """All fact modules of the service. `events`: every event class that changes a fact."""

    modules: tuple[ModuleType, ...]
    events: tuple[type, ...]
    rows: RowTypes

    def handlers(self, context: FactContext) -> dict[type, EventHandler]:
        return {cls: handler for module in self.modules for cls, handler in module.handlers(context).items()}


def register(modules: Iterable[ModuleType]) -> FactRegistry:
    """Of any modules, those that have `handlers`. Raises RowDeclarationError."""
    fact_modules = tuple(module for module in modules if hasattr(module, "handlers"))
    context = FactContext(LocalDays(ZoneInfo("UTC")), RelatedDefinitions())
    events: dict[type, str] = {}
    rows: dict[str, RowType] = {}
    for module in fact_modules:
        for cls in module.handlers(context):
            if cls in events:
                raise RowDeclarationError(f"{module.__name__}: {cls.__name__} is handled by {events[cls]} already")
            events[cls] = module.__name__
        for declared in _declared(module):
            if declared.name in rows:
                raise RowDeclarationError(f"{module.__name__}: row type {declared.name!r} is declared twice")
            rows[declared.name] = declared
    return FactRegistry(fact_modules, tuple(events), rows)


def check_rows(registry: FactRegistry) -> RowTypes:
    """The declared row types, each compared with the rows that the example of its module yields.

    Raises RowDeclarationError for a declared field or label that a row lacks, for a row type that the example does not
    reach, for an amount without a currency, and for lines or an end that the declaration does not announce.
    """
    context = FactContext(LocalDays(ZoneInfo("UTC")), RelatedDefinitions())
    for module in registry.modules:
        declared = list(_declared(module))
        missing = {row_type.name for row_type in declared}
        for kind, id, image in _example_images(module, context):
            for row_type in declared:
                if row_type.source.fact == kind:
                    rows = list(row_type.make(row_type.read(id, image, context)))
                    for row in rows:
                        _check(module, row_type, row)
                    missing -= {row_type.name} if rows else set()
        if missing:
            raise RowDeclarationError(f"{module.__name__}: example() yields no row {sorted(missing)[0]!r}")
    return registry.rows


def _declared(module: ModuleType) -> Iterator[RowType]:
    return (value for value in vars(module).values() if isinstance(value, RowType))


def _example_images(module: ModuleType, context: FactContext) -> Iterator[tuple[str, str, Image]]:
    """Kind, id and image of the fact that each example event has changed."""
    handlers: Mapping[type, EventHandler] = module.handlers(context)
    images: dict[tuple[str, str], Image] = {}
    for n, event in enumerate(module.example(), 1):
        at = EXAMPLE_START + timedelta(days=n)
        touch = handlers[type(event)](event, Meta(f"example-{n}", "example", "", at, at, sequence=n))
        image = touch.fold(images.get((touch.kind, touch.id)))
        if isinstance(image, Rejected):
            raise RowDeclarationError(f"{module.__name__}: example() event {n} is rejected: {image.message}")
        images[touch.kind, touch.id] = image
        yield touch.kind, touch.id, image


def _check(module: ModuleType, row_type: RowType, row: FactRow) -> None:
    where = f"{module.__name__}: row type {row_type.name!r}"
    given = set(row.labels) | ({"product", "category"} if row.splits else set())
    for what, declared, returned in (("field", row_type.fields, set(row.fields)), ("label", row_type.labels, given)):
        if lacking := sorted(declared - returned):
            raise RowDeclarationError(
                f"{where} declares the {what} {lacking[0]!r}, which its function does not return; "
                f"returned are {', '.join(sorted(returned))}")
    if "amount" in row_type.fields and row.currency is None:
        raise RowDeclarationError(f"{where} has an amount without a currency in example()")
    if row.until is not None and not row_type.lasting:
        raise RowDeclarationError(f"{where} has an end; declare it with lasting=True")
