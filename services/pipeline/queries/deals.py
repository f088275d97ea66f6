"""Queries over deals: pages, all of a filter, and the board's columns with counts and sums."""
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from chassis.ports import AnyOf, Condition, Group
from chassis.service.context import Entity, EntityPage, ServiceContext
from services.pipeline.definitions.model import BlueprintDefinition

DEALS = AnyOf(("open", "won", "lost"))  # an opportunity that is not opened yet has no status
SORTS = {"amount": "amount_minor", "updated": "updated", "expected_close_on": "expected_close_on",
         "opened_on": "opened_on", "closed_on": "closed_on", "stage_entered_at": "stage_entered_at"}
SCAN = 500


def conditions(**filters: Any) -> dict[str, Condition]:
    """The filters that are not None; always deals only."""
    return {"status": DEALS} | {n: v for n, v in filters.items() if v is not None}


async def find_deals(
    context: ServiceContext, where: Mapping[str, Condition], sort: str | None, after: str | None, limit: int,
) -> EntityPage:
    """`sort`: a name of SORTS, prefixed with a hyphen for descending; None: by id."""
    name = (sort or "").removeprefix("-")
    return await context.find("opportunity", where, order=SORTS.get(name), descending=(sort or "").startswith("-"),
                              after=after, limit=limit)


async def all_deals(context: ServiceContext, where: Mapping[str, Condition]) -> AsyncIterator[Entity]:
    after: str | None = None
    while True:
        found = await context.find("opportunity", where, after=after, limit=SCAN)
        for entity in found.items:
            yield entity
        if found.next is None:
            return
        after = found.next


async def count_by_stage(context: ServiceContext, where: Mapping[str, Condition]) -> list[Group]:
    return await context.count("opportunity", where, by=("pipeline", "stage", "currency"), sums=("amount_minor",))


def board_columns(blueprints: Iterable[BlueprintDefinition], groups: Iterable[Group]) -> list[dict[str, Any]]:
    """Every stage of every blueprint, also empty ones; stages of older blueprint versions come last."""
    columns = {(b.name, s.name): _column(b, s.name) for b in blueprints for s in b.stages.values()}
    for group in groups:
        key = str(group.by["pipeline"]), str(group.by["stage"])
        column = columns.setdefault(key, {"pipeline": key[0], "stage": key[1], "count": 0, "sums": []})
        column["count"] += group.n
        currency = group.by["currency"]
        if currency is not None:
            column["sums"].append({"amount_minor": group.sums["amount_minor"], "currency": currency})
    return list(columns.values())


def _column(blueprint: BlueprintDefinition, name: str) -> dict[str, Any]:
    stage = blueprint.stages[name]
    return {"pipeline": blueprint.name, "stage": name, "title": stage.title,
            "type": stage.type, "order": stage.order, "count": 0, "sums": []}
