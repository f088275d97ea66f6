"""Lists of deals, and the board: columns with counts and sums."""
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from chassis.ports import AnyOf, Condition, Group
from chassis.service.context import Context, Entity, EntityPage
from services.pipeline.definitions import Blueprint

DEALS = AnyOf(("open", "won", "lost"))  # a document that only remembers activities is no deal
SORTS = {"amount": "amount_minor", "updated": "updated", "expected_close_on": "expected_close_on",
         "opened_on": "opened_on", "closed_on": "closed_on", "stage_entered_at": "stage_entered_at"}
SCAN = 500


def conditions(**given: Any) -> dict[str, Condition]:
    """Of the filters, those that were given; always deals only."""
    return {"status": DEALS} | {n: v for n, v in given.items() if v is not None}


async def page_of(
    context: Context, where: Mapping[str, Condition], sort: str | None, after: str | None, limit: int,
) -> EntityPage:
    """`sort`: a name of SORTS, with a hyphen for descending; by id without."""
    name = (sort or "").removeprefix("-")
    return await context.find("opportunity", where, order=SORTS.get(name), descending=(sort or "").startswith("-"),
                              after=after, limit=limit)


async def every(context: Context, where: Mapping[str, Condition]) -> AsyncIterator[Entity]:
    after: str | None = None
    while True:
        found = await context.find("opportunity", where, after=after, limit=SCAN)
        for entity in found.items:
            yield entity
        if found.next is None:
            return
        after = found.next


async def board(context: Context, where: Mapping[str, Condition]) -> list[Group]:
    return await context.count("opportunity", where, by=("pipeline", "stage", "currency"), sums=("amount_minor",))


def columns(blueprints: Iterable[Blueprint], groups: Iterable[Group]) -> list[dict[str, Any]]:
    """Every stage of every blueprint, empty ones too; a stage of an older version stands behind those of today."""
    made = {(b.name, s.name): _column(b, s.name) for b in blueprints for s in b.stages.values()}
    for group in groups:
        place = str(group.by["pipeline"]), str(group.by["stage"])
        column = made.setdefault(place, {"pipeline": place[0], "stage": place[1], "count": 0, "sums": []})
        column["count"] += group.n
        currency = group.by["currency"]
        if currency is not None:
            column["sums"].append({"amount_minor": group.sums["amount_minor"], "currency": currency})
    return list(made.values())


def _column(blueprint: Blueprint, name: str) -> dict[str, Any]:
    stage = blueprint.stages[name]
    return {"pipeline": blueprint.name, "stage": name, "title": stage.title.model_dump(exclude_none=True),
            "type": stage.type, "order": stage.order, "count": 0, "sums": []}
