"""What a projector counts, keeps and refuses."""
from datetime import date

import pytest

from chassis.adapters.memory import MemoryStore
from chassis.ports import PartitionLost, StoreUnavailable, TopicPartition
from chassis.projections import CellReader, Projector, writer
from tests.chassis.projecting import PLACE, PROJECTION, Clicked, Moved, Unheard, feed, letter, letters, projector

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
Figures = list[tuple[date | None, str | None, int, int]]


async def ready(store: MemoryStore | None = None) -> tuple[Projector, CellReader]:
    store = store or MemoryStore()
    made = await projector(store)
    await made.recover(PLACE)
    return made, CellReader(store, "kpi")


async def amounts(cells: CellReader, grain: str = "day") -> Figures:
    return [(c.day, c.dims["region"], c.n, c.sum) for c in await cells.read("amount", None, None, grain) if c.n]


async def test_a_fact_is_counted_in_the_cell_it_names_by_day_and_by_month() -> None:
    made, cells = await ready()
    await feed(made, letters(
        ("a", Moved("1", date(2026, 3, 4))), ("b", Moved("2", date(2026, 3, 5))), ("c", Moved("3", APRIL, "East", 7))))
    assert await amounts(cells) == [
        (date(2026, 3, 4), "West", 1, 100), (date(2026, 3, 5), "West", 1, 100), (APRIL, "East", 1, 7)]
    assert await amounts(cells, "month") == [(MARCH, "West", 2, 200), (APRIL, "East", 1, 7)]


async def test_days_are_read_from_low_to_before_high() -> None:
    made, cells = await ready()
    await feed(made, letters(("a", Moved("1", MARCH)), ("b", Moved("2", APRIL))))
    assert [c.day for c in await cells.read("amount", MARCH, APRIL)] == [MARCH]
    assert [c.day for c in await cells.read("amount", APRIL, None)] == [APRIL]


async def test_a_correction_takes_the_old_contribution_back() -> None:
    made, cells = await ready()
    await feed(made, letters(("a", Moved("1", MARCH, "West", 100, customer="c"))))
    await feed(made, letters(("b", Moved("1", APRIL, "East", 70, customer="d")), first=1))
    assert await amounts(cells) == [(APRIL, "East", 1, 70)]
    assert [(c.day, dict(c.hist)) for c in await cells.read("cycle", None, None) if c.n] == [(APRIL, {0: 1})]
    assert [(m.day, m.member, m.n) for m in await cells.members("customers", None, None)] == [(APRIL, "d", 1)]


async def test_a_fact_that_is_taken_back_leaves_a_cell_of_zero() -> None:
    made, cells = await ready()
    await feed(made, letters(("a", Moved("1", MARCH)), ("b", Moved("1", MARCH, None))))
    await feed(made, letters(("c", Moved("2", MARCH)), first=2))
    await feed(made, letters(("d", Moved("2", MARCH, None)), first=3))
    assert [(c.n, c.sum) for c in await cells.read("amount", None, None)] == [(0, 0)]


async def test_the_undated_are_read_apart_and_in_no_span() -> None:
    made, cells = await ready()
    await feed(made, letters(("a", Moved("1", None, customer="c"))))
    assert await cells.read("amount", None, None) == []
    assert [(c.day, c.n) for c in await cells.undated("amount")] == [(None, 1)]
    assert await cells.members("customers", None, None) == []
    assert [m.member for m in await cells.undated_members("customers")] == ["c"]


async def test_the_figures_of_several_writers_are_added_up() -> None:
    made, cells = await ready()
    other = TopicPartition("deals", 4)
    await made.recover(other)
    await feed(made, letters(("a", Moved("1", MARCH, customer="c"))))
    await feed(made, letters(("b", Moved("2", MARCH, customer="c")), place=other), other)
    assert await amounts(cells) == [(MARCH, "West", 2, 200)]
    assert [(m.member, m.n) for m in await cells.members("customers", None, None)] == [("c", 2)]
    assert [dict(c.hist) for c in await cells.read("cycle", None, None)] == [{2: 2}]


async def test_facts_are_found_by_the_fields_of_the_projection() -> None:
    made, cells = await ready()
    await feed(made, letters(("a", Moved("1", MARCH, "West", 1)), ("b", Moved("2", MARCH, "East", 2))))
    page = await cells.facts("deal", {"region": "East"}, order="amount")
    assert [(f.id, f.image["amount"], f.partition) for f in page.items] == [("2", 2, PLACE)]
    fact = await cells.fact("deal", "1")
    assert fact is not None and fact.contributions[0].cell.dimensions == (("currency", "EUR"), ("region", "West"))
    assert await cells.fact("deal", "9") is None


@pytest.mark.parametrize("batch", [True, False])
async def test_the_same_event_again_changes_nothing_at_any_distance(batch: bool) -> None:
    made, cells = await ready()
    events = [("a", Moved("1", MARCH)), ("b", Moved("1", APRIL)), ("a", Moved("1", MARCH))]
    if batch:
        assert await feed(made, letters(*events)) == []
    else:
        for i, event in enumerate(events):
            assert await feed(made, letters(event, first=i)) == []
    assert await amounts(cells) == [(APRIL, "West", 1, 100)]


async def test_an_id_that_comes_again_with_other_content_is_refused() -> None:
    made, cells = await ready()
    refused = await feed(made, letters(("a", Moved("1", MARCH)), ("a", Moved("1", APRIL))))
    assert refused == [(1, "id_reused")]
    assert await amounts(cells) == [(MARCH, "West", 1, 100)]


async def test_another_source_may_use_the_same_id() -> None:
    made, cells = await ready()
    assert await feed(made, [letter(0, "a", Moved("1", MARCH)), letter(1, "a", Moved("1", APRIL), source="/erp")]) == []
    assert await amounts(cells) == [(APRIL, "West", 1, 100)]


async def test_a_fact_belongs_to_the_partition_that_made_it() -> None:
    made, cells = await ready()
    other = TopicPartition("deals", 4)
    await made.recover(other)
    await feed(made, letters(("a", Moved("1", MARCH))))
    assert await feed(made, letters(("b", Moved("1", APRIL)), place=other), other) == [(0, "wrong_partition")]
    assert await amounts(cells) == [(MARCH, "West", 1, 100)]


@pytest.mark.parametrize(("trouble", "code"), [
    ("forbidden", "forbidden"), ("touch", "handler_failed"), ("fold", "handler_failed"), ("count", "handler_failed"),
    ("image", "handler_failed"), ("index", "handler_failed"), ("field", "handler_failed"),
])
async def test_a_message_that_cannot_be_folded_is_refused_and_the_others_go_on(trouble: str, code: str) -> None:
    made, cells = await ready()
    refused = await feed(made, letters(
        ("a", Moved("1", MARCH)), ("b", Moved("1", APRIL, trouble=trouble)), ("c", Moved("2", APRIL))))
    assert refused == [(1, code)]
    assert await amounts(cells) == [(MARCH, "West", 1, 100), (APRIL, "West", 1, 100)]
    assert made.last_failures(PLACE)[0][:2] == (1, code)


async def test_a_contribution_beyond_all_bounds_is_refused() -> None:
    made, cells = await ready()
    assert await feed(made, letters(("a", Moved("1", amount=10**15)), ("b", Moved("2")))) == [(0, "out_of_range")]
    assert await amounts(cells) == [(MARCH, "West", 1, 100)]


async def test_an_event_changes_all_the_facts_it_names_or_none() -> None:
    made, cells = await ready()
    other = TopicPartition("deals", 4)
    await made.recover(other)
    await feed(made, letters(("a", Moved("2", MARCH)), place=other), other)
    assert await feed(made, letters(("b", Moved("1", MARCH, also="2")))) == [(0, "wrong_partition")]
    assert await cells.fact("deal", "1") is None
    await feed(made, letters(("c", Moved("1", MARCH, also="3")), first=1))
    assert await amounts(cells) == [(MARCH, "West", 3, 300)]


async def test_signals_are_counted_once_each() -> None:
    made, cells = await ready()
    assert await feed(made, letters(("a", Clicked("x")), ("a", Clicked("x")), ("b", Clicked("x")))) == []
    assert await feed(made, letters(("a", Clicked("x")), ("b", Clicked("y")), first=3)) == [(4, "id_reused")]
    assert [(dict(c.dims), c.n) for c in await cells.read("clicks", None, None)] == [({"page": "x"}, 2)]


async def test_a_new_owner_still_knows_the_signals_counted() -> None:
    store = MemoryStore()
    made, cells = await ready(store)
    await feed(made, letters(("a", Clicked("x"))))
    heir, _ = await ready(store)
    await feed(heir, letters(("a", Clicked("x")), first=1))
    assert [c.n for c in await cells.read("clicks", None, None)] == [1]


async def test_what_the_projection_does_not_hear_is_passed_over() -> None:
    made, _ = await ready()
    assert await feed(made, letters(("a", Unheard()))) == []


async def test_recovery_names_the_offset_to_go_on_from() -> None:
    store = MemoryStore()
    made = await projector(store)
    assert await made.recover(PLACE) is None
    await made.run(PLACE, letters(("a", Moved("1"))), 0, 5)
    assert await (await projector(store)).recover(PLACE) == 5


async def test_messages_that_the_journal_already_holds_are_passed_over() -> None:
    store = MemoryStore()
    made, cells = await ready(store)
    await feed(made, letters(("a", Clicked("x")), ("b", Clicked("x"))))
    await feed(made, letters(("a", Clicked("x")), ("b", Clicked("x"))))
    await feed(made, letters(("z", Clicked("x")), ("c", Clicked("x")), first=1))
    assert [c.n for c in await cells.read("clicks", None, None)] == [3]


async def test_a_partition_that_is_not_held_is_not_run() -> None:
    made = await projector(MemoryStore())
    with pytest.raises(PartitionLost):
        await made.run(PLACE, [], 0, 1)
    await made.recover(PLACE)
    made.revoke(PLACE)
    with pytest.raises(PartitionLost):
        await made.run(PLACE, [], 0, 1)


async def test_the_slower_of_two_owners_has_lost_the_partition() -> None:
    store = MemoryStore()
    made, cells = await ready(store)
    zombie, _ = await ready(store)
    await feed(made, letters(("a", Moved("1", MARCH))))
    with pytest.raises(PartitionLost):
        await feed(zombie, letters(("a", Moved("1", MARCH)), ("b", Moved("1", APRIL))))
    assert await zombie.recover(PLACE) == 1
    await feed(zombie, letters(("b", Moved("1", APRIL)), first=1))
    assert await amounts(cells) == [(APRIL, "West", 1, 100)]


@pytest.mark.parametrize("stops_at", ["kpi.facts", "kpi.cells", "kpi.members"])
@pytest.mark.parametrize("written", [True, False])
async def test_a_record_that_was_put_only_in_part_is_put_again(stops_at: str, written: bool) -> None:
    store = MemoryStore()
    made, cells = await ready(store)
    await feed(made, letters(("a", Moved("1", MARCH, customer="c"))))

    async def stop(collection: str, _documents: object) -> None:
        if collection == stops_at:
            raise StoreUnavailable("gone")

    store.before_write, store.after_write = (None, stop) if written else (stop, None)
    with pytest.raises(StoreUnavailable):
        await feed(made, letters(("b", Moved("1", APRIL, customer="d", trouble="")), ("x", Moved("1", trouble="fold")),
                                 first=1))
    store.before_write = store.after_write = None
    assert await made.recover(PLACE) == 3
    assert [r[:2] for r in made.last_failures(PLACE)] == [(2, "handler_failed")]
    assert await amounts(cells) == [(APRIL, "West", 1, 100)]
    assert [(m.day, m.member, m.n) for m in await cells.members("customers", None, None)] == [(APRIL, "d", 1)]


async def test_two_generations_stand_side_by_side() -> None:
    store = MemoryStore()
    made, cells = await ready(store)
    await feed(made, letters(("a", Moved("1", MARCH))))
    second = await projector(store, generation="g2")
    assert await second.recover(PLACE) is None
    await feed(second, letters(("a", Moved("1", MARCH)), ("b", Moved("1", APRIL))))
    assert await amounts(cells) == [(MARCH, "West", 1, 100)]
    assert await amounts(CellReader(store, "kpi", "g2")) == [(APRIL, "West", 1, 100)]


async def test_a_projection_may_not_use_the_projectors_own_fields() -> None:
    from dataclasses import replace

    made = Projector(replace(PROJECTION, fact_fields={"kind": str}), MemoryStore(), "kpi")
    with pytest.raises(ValueError, match="kind"):
        await made.required_collections()


async def test_the_journal_stays_short_and_still_adds_up() -> None:
    store = MemoryStore()
    made = await projector(store, keep=2, prune_every=4)
    await made.recover(PLACE)
    for i in range(11):
        await feed(made, letters((f"e{i}", Moved(str(i % 3), date(2026, 3, 1 + i % 4), customer=f"c{i % 2}")), first=i))
    assert len(await store.ids("kpi.journal")) == 5  # 7 to 11: the eighth took away 1 to 6
    assert await made.audit() == []


async def test_the_audit_names_a_figure_that_was_tampered_with() -> None:
    store = MemoryStore()
    made, _ = await ready(store)
    await feed(made, letters(("a", Moved("1"))))
    [id] = [id for id in await store.ids("kpi.cells") if "amount|month" in id]
    await store.delete("kpi.cells", [id])
    assert await made.audit() == [("g1|deals|3", "month", "amount", (1, 100, 0), (0, 0, 0))]


async def test_records_whose_ids_may_come_again_stay() -> None:
    store = MemoryStore()
    made = await projector(store, keep=1, prune_every=1)
    await made.recover(PLACE)
    day = 24 * 3600 * 1000
    for i, at in enumerate((1, 2, day // 2, day + 10)):
        await feed(made, [letter(i, f"e{i}", Clicked("x"), at=at)])
    assert [id[-1] for id in await store.ids("kpi.journal")] == ["3", "4"]
    heir = await projector(store)
    await heir.recover(PLACE)
    await feed(heir, [letter(4, "e2", Clicked("x"), at=day + 11)])
    assert [c.n for c in await CellReader(store, "kpi").read("clicks", None, None)] == [4]


async def test_a_number_that_is_free_because_its_record_was_taken_away_is_not_used_again() -> None:
    store = MemoryStore()
    made = await projector(store, keep=1, prune_every=1)
    zombie = await projector(store, keep=1, prune_every=1)
    await made.recover(PLACE)
    await zombie.recover(PLACE)
    for i in range(4):
        await feed(made, letters((f"e{i}", Moved(str(i))), first=i))
    with pytest.raises(PartitionLost, match="pruned since"):
        await feed(zombie, letters(*((f"e{i}", Moved(str(i))) for i in range(6))))
    assert await zombie.recover(PLACE) == 4
    await feed(zombie, letters(("e4", Moved("4")), ("e5", Moved("5")), first=4))
    assert await amounts(CellReader(store, "kpi")) == [(MARCH, "West", 6, 600)]
    assert await zombie.audit() == []


async def test_more_cells_and_members_than_are_written_at_once_are_all_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "AT_ONCE", 3)
    made, cells = await ready()
    await feed(made, letters(*((f"e{n}", Moved(str(n), date(2026, 3, 1 + n), customer=str(n))) for n in range(20))))
    assert await amounts(cells) == [(date(2026, 3, 1 + n), "West", 1, 100) for n in range(20)]
    assert await amounts(cells, "month") == [(MARCH, "West", 20, 2000)]
    assert len(await cells.members("customers", None, None)) == 20
    assert await made.audit() == []


async def test_small_caches_count_the_same() -> None:
    store = MemoryStore()
    made = await projector(store, cache=1)
    await made.recover(PLACE)
    for i in range(20):
        await feed(made, letters(*(
            (f"e{i}.{n}", Moved(str(n), date(2026, 3, 1 + (i + n) % 5), customer=str(n % 2))) for n in range(4)),
            first=4 * i))
    assert sum(n for _, _, n, _ in await amounts(CellReader(store, "kpi"))) == 4
    assert await made.audit() == []
