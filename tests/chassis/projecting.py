"""A small projection for the projector's tests, and messages made without a codec."""
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from chassis.domain.handlers import Meta
from chassis.domain.projection import CellKey, FactContribution, Projection, Rejected, Touch
from chassis.ports import Record, Store, TopicPartition
from chassis.projections import Projector

PLACE = TopicPartition("deals", 3)
START = 1_700_000_000_000


@dataclass(frozen=True)
class Moved:
    """The deal stands there from now on: on a day, in a region, with an amount; region None: it counts no more."""

    deal: str
    day: date | None = date(2026, 3, 1)
    region: str | None = "West"
    amount: int = 100
    customer: str | None = None
    also: str | None = None  # another deal that moves with it
    trouble: str = ""


@dataclass(frozen=True)
class Clicked:
    page: str


@dataclass(frozen=True)
class Unheard:
    pass


@dataclass(frozen=True)
class Letter:
    """A message as the codec would make it."""

    event: Any
    meta: Meta
    digest: str
    record: Record | None


def letter(
    offset: int, id: str, event: Any, place: TopicPartition = PLACE, source: str = "/crm", at: int = 0,
) -> Letter:
    when = datetime(2026, 3, 1, tzinfo=UTC)
    record = Record(place.topic, place.partition, offset, at or START + offset, b"", b"")
    return Letter(event, Meta(id, source, "t", when, when), repr(event), record)


def letters(*events: tuple[str, Any], first: int = 0, place: TopicPartition = PLACE) -> list[Letter]:
    return [letter(first + i, id, event, place) for i, (id, event) in enumerate(events)]


def touch(event: Any, _meta: Meta) -> Iterable[Touch]:
    if isinstance(event, Moved):
        if event.trouble == "touch":
            raise KeyError("touch")
        yield Touch("deal", event.deal, lambda image: _moved(event, image))
        if event.also:
            yield Touch("deal", event.also, lambda image: _moved(event, image))


def _moved(event: Moved, image: Any) -> Any:
    if event.trouble == "fold":
        raise ValueError("fold")
    if event.trouble == "forbidden":
        return Rejected("forbidden", "not so")
    day = event.day.isoformat() if event.day else None
    moves = (image or {"moves": 0})["moves"] + 1
    extra = 2**70 if event.trouble == "image" else event.trouble
    return {"day": day, "region": event.region, "amount": event.amount, "customer": event.customer, "moves": moves,
            "trouble": extra}


def contributions(_kind: str, image: Any) -> Iterable[FactContribution]:
    if image["trouble"] == "count":
        raise ZeroDivisionError("count")
    if image["region"] is None:
        return
    day = date.fromisoformat(image["day"]) if image["day"] else None
    dims = (("currency", "EUR"), ("region", image["region"]))
    yield FactContribution(CellKey("amount", day, dims), 1, image["amount"])
    yield FactContribution(CellKey("cycle", day, ()), 1, image["amount"] % 7, value=image["amount"] % 7)
    if image["customer"]:
        yield FactContribution(CellKey("customers", day, (("region", None),)), member=image["customer"])


def signals(event: Any, _meta: Meta) -> Iterable[FactContribution]:
    if isinstance(event, Clicked):
        yield FactContribution(CellKey("clicks", date(2026, 3, 5), (("page", event.page),)), 1)


def index(_kind: str, image: Any) -> dict[str, Any]:
    if image["trouble"] == "field":
        return {"unknown": 1}
    if image["trouble"] == "index":
        return {"region": 1}
    return {"region": image["region"], "amount": image["amount"]}


PROJECTION = Projection(
    "figures", (Moved, Clicked), touch, contributions, signals, {"region": str, "amount": int}, (("region", "amount"),),
    index)


async def projector(store: Store, **more: Any) -> Projector:
    made = Projector(PROJECTION, store, "kpi", **more)
    await store.ensure(await made.required_collections())
    return made


async def feed(made: Projector, messages: Sequence[Letter], place: TopicPartition = PLACE) -> list[tuple[int, str]]:
    """Recover if need be and run all in one batch; the refusals as (offset, code)."""
    refused = await made.run(place, messages, messages[0].record.offset, messages[-1].record.offset + 1)  # type: ignore[union-attr]
    return [(r.message.record.offset, r.code) for r in refused]  # type: ignore[union-attr]
