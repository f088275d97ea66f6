"""The projection in the real projector, on the store in memory: what is written can be read again, and adds up."""
from dataclasses import dataclass
from typing import Any

from chassis.codec import canonical
from chassis.handlers import Meta
from chassis.memory import MemoryStore
from chassis.ports import Record, TopicPartition
from chassis.projector import Cells, Projector
from tests.kpi.counting import Figures, catalogue, meta, on, shipped
from tests.kpi.telling import Story, cancelled, eur, line, placed, refunded

DEALS, ORDERS = TopicPartition("crm.opportunities.v1", 0), TopicPartition("crm.orders.v1", 0)


@dataclass
class Message:
    event: Any
    meta: Meta
    record: Record

    @property
    def digest(self) -> bytes:
        return canonical(self.event)


def messages(place: TopicPartition, told: list[tuple[Any, Meta]]) -> list[Message]:
    return [Message(event, at, Record(*place, offset, offset, None, None)) for offset, (event, at) in enumerate(told)]


async def test_cells_and_facts_of_a_projector_are_those_of_the_rows() -> None:
    figures = Figures(shipped())
    lines = (line("P1", 300, "A"), line("P2", 200, "B"))
    story = Story(figures, amount=eur(500), lines=lines).opened("2026-01-10").entered("2026-01-20", "scoping")
    story.won("2026-02-03").revised("2026-02-10", rep_id="R2")
    orders: list[tuple[Any, Meta]] = [
        (placed("O1", 500, lines=lines), meta(on("2026-01-05"), "o1")),
        (refunded("O1", "F1", 20), meta(on("2026-01-06"), "f1")), (cancelled("O2"), meta(on("2026-01-07"), "c2")),
        (placed("O2", 70), meta(on("2026-01-07"), "o2")),
        (placed("O1", 501), meta(on("2026-01-08"), "other")),
    ]
    store = MemoryStore()
    projector = Projector(shipped(), store, "kpi", catalogue().generation)
    await store.ensure(await projector.collections())
    for place, told in ((DEALS, story.told), (ORDERS, orders)):
        await projector.recover(place)
        half = len(told) // 2
        refused = await projector.run(place, messages(place, told)[:half], 0, half)
        refused += await projector.run(place, messages(place, told)[half:], half, len(told))
        assert [r.code for r in refused] == (["already_known"] if place is ORDERS else [])
    cells = Cells(store, "kpi", catalogue().generation)
    won = await cells.read("opportunities_won", on("2026-02-01").date(), on("2026-03-01").date(), "month")
    assert [(c.n, c.dims["rep"], c.dims["product"]) for c in won if c.n] == [(1, "R2", "*")]
    members = await cells.members("opportunities_won:lines", None, None)
    assert sorted((m.dims["product"], m.member, m.n) for m in members) == [("P1", "D1", 1), ("P2", "D1", 1)]
    amounts = await cells.read("order_amount", None, None)
    assert sum(c.sum for c in amounts) == 480
    page = await cells.facts("deal", {"closed": "2026-02-03"})
    assert [(f.id, f.image["id"]) for f in page.items] == [("D1", "D1")]
    assert any(c.cell.measure == "signed_amount" and c.sum == 300 for c in page.items[0].contributions)
