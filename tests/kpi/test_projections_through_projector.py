"""The projection in the real projector, on the store in memory: what is written can be read again, and adds up."""
from dataclasses import dataclass
from datetime import date
from typing import Any

from chassis.adapters.memory import MemoryStore
from chassis.domain.definitions import Definition, Definitions
from chassis.domain.handlers import Meta
from chassis.messages.codec import canonical
from chassis.ports import Record, TopicPartition
from chassis.projections import CellReader, Projector
from services.kpi.projections import make_projection
from services.kpi.queries.figures import FigureReader, Slice
from services.kpi.queries.periods import Period
from services.kpi.queries.reference_data import ReferenceData
from services.kpi.service import FACTS
from tests.kpi.builders import DealBuilder, cancelled, eur, line, placed, refunded
from tests.kpi.memory_figures import MemoryFigures, at, catalogue, compiled, meta, shipped_projection

DEALS, ORDERS = TopicPartition("crm.opportunities.v1", 0), TopicPartition("crm.orders.v1", 0)


@dataclass
class AppliedMessage:
    event: Any
    meta: Meta
    record: Record

    @property
    def digest(self) -> bytes:
        return canonical(self.event)


def messages(partition: TopicPartition, events: list[tuple[Any, Meta]]) -> list[AppliedMessage]:
    return [AppliedMessage(event, meta, Record(*partition, offset, offset, None, None))
            for offset, (event, meta) in enumerate(events)]


async def test_cells_and_facts_of_a_projector_are_those_of_the_rows() -> None:
    figures = MemoryFigures()
    lines = (line("P1", 300, "A"), line("P2", 200, "B"))
    deal = DealBuilder(figures, amount=eur(500), lines=lines).opened("2026-01-10").entered("2026-01-20", "scoping")
    deal.won("2026-02-03").revised("2026-02-10", rep_id="R2")
    orders: list[tuple[Any, Meta]] = [
        (placed("O1", 500, lines=lines), meta(at("2026-01-05"), "o1")),
        (refunded("O1", "F1", 20), meta(at("2026-01-06"), "f1")), (cancelled("O2"), meta(at("2026-01-07"), "c2")),
        (placed("O2", 70), meta(at("2026-01-07"), "o2")),
        (placed("O1", 501), meta(at("2026-01-08"), "other")),
    ]
    store = MemoryStore()
    projector = Projector(shipped_projection(), store, "kpi", catalogue().generation)
    await store.ensure(await projector.required_collections())
    for partition, events in ((DEALS, deal.events), (ORDERS, orders)):
        await projector.recover(partition)
        half = len(events) // 2
        refused = await projector.run(partition, messages(partition, events)[:half], 0, half)
        refused += await projector.run(partition, messages(partition, events)[half:], half, len(events))
        assert [r.code for r in refused] == (["already_known"] if partition is ORDERS else [])
    cells = CellReader(store, "kpi", catalogue().generation)
    won = await cells.read("opportunities_won", at("2026-02-01").date(), at("2026-03-01").date(), "month")
    assert [(c.n, c.dims["rep"], c.dims["product"]) for c in won if c.n] == [(1, "R2", "*")]
    members = await cells.members("opportunities_won:lines", None, None)
    assert sorted((m.dims["product"], m.member, m.n) for m in members) == [("P1", "D1", 1), ("P2", "D1", 1)]
    amounts = await cells.read("order_amount", None, None)
    assert sum(c.sum for c in amounts) == 480
    page = await cells.facts("deal", {})
    assert [(f.id, f.image["id"]) for f in page.items] == [("D1", "D1")]
    assert any(c.cell.measure == "signed_amount" and c.sum == 300 for c in page.items[0].contributions)


async def test_a_measure_that_counts_what_another_does_has_the_same_figures_from_the_same_cells() -> None:
    def named(name: str, **body: Any) -> Definition:
        words = {"en": name, "zh": name}
        base = {"name": name, "version": 1, "title": words, "formula": words, "row": "order.placing", "lines": True}
        return Definition("measures", name, 1, base | body, f"{name}.yaml")

    own = [named(f"{kind}{n}", **body) for n in "12" for kind, body in {
        "placed": {"kind": "count", "unit": "count"}, "worth": {"kind": "sum", "unit": "money", "value": "amount"},
        "buyers": {"kind": "distinct", "unit": "count", "member": "customer_id"}}.items()]
    found = compiled(Definitions(own))
    store = MemoryStore()
    projector = Projector(make_projection(found, FACTS), store, "kpi", found.generation)
    await store.ensure(await projector.required_collections())
    await projector.recover(ORDERS)
    events = [(placed("O1", 500, lines=(line("P1", 300, "A"), line("P2", 200, "B"))), meta(at("2026-01-05"), "o1")),
              (placed("O2", 70), meta(at("2026-01-07"), "o2"))]
    await projector.run(ORDERS, messages(ORDERS, events), 0, 2)
    cells = CellReader(store, "kpi", found.generation)
    reader = FigureReader(found, cells, ReferenceData(), {})
    january = [Period("2026-01", date(2026, 1, 1), date(2026, 2, 1), "month")]
    for by in ((), ("product",)):
        for kind in ("placed", "worth", "buyers"):
            one, other = [
                await reader.figures(found.measures[kind + n], january, Slice(by, {})) for n in "12"]
            assert one == other
            assert sum(figure.value or 0 for figure in one.values())
    assert {str(document.index["measure"]) for document in (await store.find("kpi.cells", {})).documents} == {
        "placed1", "placed1:lines", "worth1"}
