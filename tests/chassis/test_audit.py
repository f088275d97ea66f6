"""An audit finds what does not agree, and nothing where all agrees, also while figures move."""
import asyncio
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from chassis.adapters.memory import MemoryBus, MemoryStore
from chassis.adapters.sqlite import SqliteStore
from chassis.aggregates.documents import OutboxEntry, decode_stored
from chassis.domain.definitions import Definitions
from chassis.domain.projection import Projection
from chassis.ports import Document, Outgoing, TopicPartition
from chassis.ports.partitioner import partition_of
from chassis.projections import Projector, cell_audit, journal_pruning
from chassis.projections.documents import CellTotal, Fact, decode_fact, decode_total, encode
from chassis.runtime.application import Application
from chassis.runtime.audit import CHECKS, Auditor
from chassis.support.settings import Settings
from tests.chassis.harness import LEADS, NOON, SCORES, SERVICE, captured, lost
from tests.chassis.projecting import PLACE, PROJECTION, Clicked, Moved, feed, letters
from tests.chassis.test_application import quiet, running

FACTS_ONLY = replace(PROJECTION, signals=Projection.__dataclass_fields__["signals"].default)


async def counted(store: Any, batches: int = 3, projection: Projection = FACTS_ONLY) -> Projector:
    """A projector that has taken in some batches."""
    made = Projector(projection, store, "kpi")
    await store.ensure(await made.required_collections())
    await made.recover(PLACE)
    for n in range(batches):
        moved = [(f"e{n}-{i}", Moved(f"d{i}", region="West" if n % 2 else "East", amount=10 * i, customer=f"c{i}"))
                 for i in range(5)]
        await feed(made, letters(*moved, first=5 * n))
    return made


async def tampered(store: Any, collection: str, change: Any, nth: int = 0, **where: str) -> None:
    """Another body and index under the same id; the version goes on, as with any write."""
    documents = (await store.find(collection, where)).documents
    assert await store.save(collection, [change(documents[nth])]) == frozenset()


def more(document: Document) -> Document:
    total: CellTotal = decode_total(document.body)
    body = encode(CellTotal(total.n + 1, total.sum, total.hist))
    return Document(document.id, document.version, body, {**document.index, "n": total.n + 1})


def moved_elsewhere(document: Document) -> Document:
    """The sums of the measure stay as they are."""
    return Document(f"{document.id}x", 0, document.body, {**document.index, "dims": '{"region":"Mars"}'})


async def test_what_agrees_is_found_in_order():
    made = await counted(MemoryStore())
    assert await made.audit() == []
    audited = await made.audit_facts()
    assert (audited.compared, audited.mismatches, audited.undecided) == (5, [], [])


@pytest.mark.parametrize("batches", [1, 3, 40])
async def test_a_cell_that_was_changed_is_named_by_journal_and_by_facts(batches):
    store = MemoryStore()
    made = await counted(store, batches)
    await tampered(store, "kpi.cells", more, measure="amount", grain="day")
    assert [(m.grain, m.measure) for m in await made.audit()] == [("day", "amount")]
    assert [(m.grain, m.measure) for m in (await made.audit_facts()).mismatches] == [("facts", "amount")]


async def test_a_cell_that_stands_elsewhere_is_seen_though_the_sums_are_the_same():
    store = MemoryStore()
    made = await counted(store)
    cells = (await store.find("kpi.cells", {"measure": "amount", "grain": "day"})).documents
    await store.save("kpi.cells", [moved_elsewhere(cells[0])])
    await store.delete("kpi.cells", [cells[0].id])
    assert [m for m in await made.audit() if m.grain == "day"] == []
    assert [(m.grain, m.measure) for m in (await made.audit_facts()).mismatches] == [("facts", "amount")]


async def a_journal_without(number: int) -> tuple[Projector, MemoryStore]:
    store = MemoryStore()
    made = await counted(store, batches=40)
    await store.delete("kpi.journal", [made.collections.record_id(PLACE, number)])
    return made, store


@pytest.mark.parametrize("number", [20, 39])
async def test_a_record_that_is_missing_from_the_journal_is_named_and_not_left_undecided(number):
    """32 batches were carried into the checkpoint, up to record 16; after it every number has to be there."""
    made, _ = await a_journal_without(number)
    audited = await made.audit_journal()
    assert [(m.grain, m.measure) for m in audited.mismatches] == [("records", str(number))]
    assert audited.undecided == audited.unfinished == []
    async with running(make()) as app:
        found = (await Auditor(app.runner, app.store, app.auditor._sequences, lambda: made).run_once()).findings
    assert ("journal", f"records are missing from the journal: {number}") in {(f.check, f.what) for f in found}


async def test_records_that_are_taken_away_while_they_are_read_are_not_called_missing(monkeypatch):
    """Another owner shortens the journal at every look: no two looks find the same."""
    made, store = await a_journal_without(39)
    look = cell_audit.load_checkpoint

    async def moving(*asked: Any) -> Any:
        upto = (await look(*asked)).k + 1
        await journal_pruning.prune_journal(store, made.collections, made.collections.partition_id(PLACE), upto)
        return await look(*asked)

    monkeypatch.setattr(cell_audit, "load_checkpoint", moving)
    audited = await made.audit_journal()
    assert (audited.mismatches, audited.undecided) == ([], [made.collections.partition_id(PLACE)])


async def test_a_fact_that_counts_for_something_else_than_its_image_is_named():
    store = MemoryStore()
    made = await counted(store)

    def richer(document: Document) -> Document:
        fact: Fact = decode_fact(document.body)
        fact.image = {**fact.image, "amount": 5000}
        return Document(document.id, document.version, encode(fact), document.index)

    await tampered(store, "kpi.facts", richer, nth=2)
    found = (await made.audit_facts()).mismatches
    assert ("fact", "deal d2") in {(m.grain, m.measure) for m in found}
    assert ("facts", "amount") in {(m.grain, m.measure) for m in found}
    assert await made.audit() == []


async def test_a_lost_fact_is_missed():
    store = MemoryStore()
    made = await counted(store)
    await store.delete("kpi.facts", ["g1|deal|d4"])
    await feed(made, letters(("late", Moved("d9")), first=15))  # else the last record still names it
    assert {m.measure for m in (await made.audit_facts()).mismatches} == {"amount", "cycle", "customers"}


async def test_figures_of_signals_are_left_to_the_journal():
    store = MemoryStore()
    made = await counted(store, projection=PROJECTION)
    await feed(made, letters(("click", Clicked("x")), first=15))
    assert (await made.audit_facts()).mismatches == []
    await tampered(store, "kpi.cells", more)
    assert await made.audit()


@pytest.mark.parametrize("at", range(4))
async def test_a_record_that_its_owner_did_not_finish_is_no_mismatch_until_it_lasts(at):
    """Killed between any two writes of the last record."""
    store = MemoryStore()
    made = await counted(store)
    left = at

    class Killed(Exception):
        pass

    put = store.save_newer

    async def put_or_die(collection: str, documents: Any) -> None:
        nonlocal left
        if left == 0:
            raise Killed
        left -= 1
        await put(collection, documents)

    store.save_newer = put_or_die  # type: ignore[method-assign]
    if at < 3:
        with pytest.raises(Killed):
            await feed(made, letters(("last", Moved("d1", region="North", customer="c9")), first=15))
    else:
        await feed(made, letters(("last", Moved("d1", region="North", customer="c9")), first=15))
    store.save_newer = put  # type: ignore[method-assign]
    found = await made.audit_journal()
    assert found.mismatches == [] and bool(found.unfinished) == (at < 2)  # a member for a member
    assert (await made.audit_facts()).mismatches == []
    again = Projector(FACTS_ONLY, store, "kpi")
    await again.recover(PLACE)
    assert await again.audit() == []


async def test_figures_that_move_are_never_called_wrong(tmp_path):
    store = SqliteStore(tmp_path / "store.db")
    await store.start()
    made = await counted(store, 2)
    stop = asyncio.Event()

    async def go_on() -> None:
        n = 10
        while not stop.is_set():
            moved = [(f"m{n}-{i}", Moved(f"d{(n + i) % 40}", amount=n, customer=f"c{i}")) for i in range(10)]
            await feed(made, letters(*moved, first=n))
            n += 10

    task = asyncio.create_task(go_on())
    auditor = Projector(FACTS_ONLY, store, "kpi")
    for _ in range(30):
        journal, facts = await auditor.audit_journal(), await auditor.audit_facts()
        assert journal.mismatches == []  # at most `unfinished`: what is just being put
        assert facts.mismatches == []
    stop.set()
    await task
    assert (await auditor.audit_facts()).undecided == [] and await auditor.audit() == []
    await store.stop()


# --- what a service says ---------------------------------------------------------------------------------------------


def make(store: Any = None, bus: Any = None) -> Application:
    return Application(SERVICE, Settings(audit_seconds=1), store or MemoryStore(), bus or MemoryBus(), Definitions())


async def talked(app: Application) -> None:
    for n in range(30):
        await app.publish(captured(f"k{n % 3}", 1), time=NOON, source="/crm", id=f"e{n}")
    await quiet(app)


async def test_a_service_that_said_everything_passes():
    async with running(make()) as app:
        await talked(app)
        report = await app.auditor.run_complete()
        assert report.findings == [] and report.undecided == [] and report.compared["sequences"] == 30


async def test_copies_and_the_order_of_topics_do_not_matter():
    async with running(make()) as app:
        await talked(app)
        for place in await app.bus.end_offsets([SCORES]):
            copies = await app.bus.read(place, 0, 3)
            await app.bus.publish([Outgoing(SCORES, r.key, r.value, r.headers) for r in copies])
        assert (await app.auditor.run_complete()).findings == []


async def without(app: Application, key: str, number: int) -> Application:
    """The same system on a log that lacks one record."""
    bus = MemoryBus()
    await bus.ensure_topics({LEADS: 8, SCORES: 8})
    await bus.ensure_topics(app.dead_letters.needed_topics())
    bus._identity, bus._groups = app.bus._identity, app.bus._groups
    for topic in (LEADS, SCORES):
        for place in sorted(await app.bus.end_offsets([topic])):
            for r in await app.bus.read(place, 0, 1000):
                if (topic, r.key, dict(r.headers).get("ce_sequence")) != (SCORES, key.encode(), str(number).encode()):
                    await bus.publish([Outgoing(topic, r.key, r.value, r.headers, r.partition)])
    return make(app.store, bus)


@pytest.mark.parametrize("number", [1, 4, 10])
async def test_an_event_that_is_not_in_the_log_is_named_first_middle_or_last(number):
    async with running(make()) as app:
        await talked(app)
    holed = await without(app, "k1", number)
    await holed.start()
    report = await holed.auditor.run_complete()
    assert [(f.check, f.where, f.what) for f in report.findings] == [
        ("sequences", "counter/k1", f"published, but missing from the log: {number}")]
    turn = await holed.auditor.run_once()
    assert [f.where for f in turn.findings] == ["counter/k1"]


async def test_what_is_still_owed_is_not_missing():
    """Saved and not yet published: the record it came from is not committed, so it is published yet."""
    async with running(make()) as app:
        await talked(app)
    holed = await without(app, "k1", 10)
    (document,) = (await app.store.load("lead_scoring.counter", ["k1"])).values()
    stored = decode_stored(document)
    place = app.runner.fence_keys.key_of(TopicPartition(LEADS, partition_of(b"k1", 8)))
    entry = OutboxEntry(10, "id", "t", SCORES, b"k1", b"{}", (), 0, place, 10**6)
    stored.outbox = (entry,)
    await app.store.save(
        "lead_scoring.counter", [Document("k1", document.version, msgspec.msgpack.encode(stored), document.index)])
    await holed.start()
    assert (await holed.auditor.run_complete()).findings == []


@pytest.mark.slow
async def test_an_outbox_that_nobody_empties_is_named():
    app = make()
    await app.start()
    await app.publish(lost("k1", 1), time=NOON, source="/crm", id="e")
    body = msgspec.msgpack.encode(decode_stored(Document("a", 1, msgspec.msgpack.encode((0, None)), {})))
    await app.store.save("lead_scoring.counter", [Document("stuck", 0, body, {"_pending": 1, "_rev": 1})])
    report = await app.auditor.run_complete(patience=0.6)
    assert [(f.check, f.where) for f in report.findings] == [("outboxes", "counter/stuck")]


async def test_what_the_job_finds_is_counted_and_nothing_else_is():
    async with running(make()) as app:
        await talked(app)
    holed = await without(app, "k2", 5)
    text = holed.metrics.text().decode()
    await holed.start()
    text = holed.metrics.text().decode()
    for check in CHECKS:
        assert f'triptych_integrity_errors_total{{check="{check}",service="lead_scoring"}} 0.0' in text
    stopping = asyncio.Event()
    task = asyncio.create_task(holed.auditor.run(0.01, stopping))
    async with asyncio.timeout(5):
        while 'check="sequences",service="lead_scoring"} 0.0' in (text := holed.metrics.text().decode()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    stopping.set()
    await task
    assert 'check="outboxes",service="lead_scoring"} 0.0' in text
    assert "triptych_audit_completed_timestamp_seconds" in text
    assert isinstance(holed.auditor, Auditor)
