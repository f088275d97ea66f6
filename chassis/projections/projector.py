"""The projector: one journal per partition carries the new images of facts and the differences of cells.

Per batch: read the facts it names, decide, INSERT journal record k + 1 (who fails has lost the partition), put facts,
cells and members under the fence k + 1, and only then read again. A new owner puts the last record once more before it
reads anything. So the journal is the truth, and any interruption, copy or late writer leaves the figures exact.
"""
from collections.abc import Iterable, Sequence

from chassis.domain.projection import Projection
from chassis.ports import Collection, Document, PartitionLost, Store, TopicPartition
from chassis.projections import cell_audit, journal_pruning
from chassis.projections.batch import Fold, Heard, Planned, Refused, Uncountable, plan, record_of
from chassis.projections.cell_audit import Audited, Mismatch
from chassis.projections.documents import JournalRecord, Fact, ProjectionCollections, Writer, decode_entry, decode_fact, encode
from chassis.projections.fact_audit import audit_facts
from chassis.projections.partition_state import Budget, Cache, Held
from chassis.projections.writer import JournalWriter
from chassis.support import failpoints

FACTS = 2_048  # remembered by one process at least, up to twice as many: some 10 kB each
CELLS, MEMBERS = 8, 4  # for each fact that is remembered; some 500 bytes each


class Projector(JournalWriter):
    """Folds the messages of the partitions it holds into facts and cells of one service.

    The worker calls `recover` for a partition it was given, seeks to the answer, publishes `refusals` again, and then
    runs batch after batch; it publishes what `run` refuses before the next batch, and commits. After any exception of
    `run` the partition is no longer held: recover again (or leave, when it is another's by now).
    """

    def __init__(
        self, projection: Projection, store: Store, service: str, generation: str = "g1",
        grains: Sequence[str] = ("day", "month"), *, cache: int = FACTS, keep: int = 16, prune_every: int = 32,
    ) -> None:
        super().__init__(projection, store, ProjectionCollections(service, generation, tuple(grains)))
        self._writer = Writer()
        self._keep, self._prune_every = keep, prune_every
        self._of_facts, self._of_cells, self._of_members = Budget(cache), Budget(CELLS * cache), Budget(MEMBERS * cache)
        self._held: dict[TopicPartition, Held] = {}

    async def collections(self) -> list[Collection]:
        return self.layout.collections(self.projection)

    def forget(self, place: TopicPartition) -> None:
        """The partition was given up; what is remembered of it may become wrong."""
        self._held.pop(place, None)

    def refusals(self, place: TopicPartition) -> list[tuple[int, str, str]]:
        """(offset, code, text) of the last record: after `recover` nobody knows whether they became dead letters."""
        held = self._held.get(place)
        return list(held.refused) if held else []

    async def recover(self, place: TopicPartition) -> int | None:
        """Put the last record again and hold the partition. The offset to go on from; None: no journal yet."""
        self._held.pop(place, None)
        held = Held(0, 0, Cache(self._of_facts), Cache(self._of_cells), Cache(self._of_members))
        entry = await self._last(place)
        if entry is not None:
            await self._remember(place, held, entry)
            failpoints.reach("projector.recover.before")
            await self._reapply(place, held, entry)
            failpoints.reach("projector.recover.after")
            held.reached(entry)
        self._held[place] = held
        return None if entry is None else entry.hi

    async def begin_epoch(self, place: TopicPartition, begin: int) -> None:
        """The log of this partition is another one from here on: the journal goes on with a record that adds nothing,
        and from offset `begin` of the new log. Only while nobody holds the partition."""
        await self.recover(place)
        held = self._held.pop(place)
        if held.k:
            await self._insert(place, JournalRecord(begin, begin, held.k + 1, held.at))

    async def run(self, place: TopicPartition, messages: Sequence[Heard], lo: int, hi: int) -> list[Refused]:
        """Count the messages of the log's records [lo, hi) of one partition; returns what must become dead letters.

        Messages below what the journal already holds are passed over. Raises PartitionLost when another owner has
        gone on (or the partition is not held), StoreUnavailable when the store does not answer.
        """
        held = self._held.pop(place, None)  # given back at the end: whatever goes wrong on the way, we forget it
        if held is None:
            raise PartitionLost(f"{place.topic}/{place.partition} is not held: recover it first")
        refused: list[Refused] = []
        if hi > held.pos:
            fresh = [m for m in messages if record_of(m).offset >= held.pos]
            refused = await self._batch(place, held, fresh, max(lo, held.pos), hi)
        self._held[place] = held
        return refused

    async def _batch(
        self, place: TopicPartition, held: Held, messages: Sequence[Heard], lo: int, hi: int,
    ) -> list[Refused]:
        planned, refused = plan(self.projection, self.layout, self._writer, messages)
        known = await self._facts(held, (key for item in planned for key, _ in item.touches))
        fold = self._fold(place, held, known, planned)
        fold.refused[:0] = refused
        at = max((record_of(m).timestamp_ms for m in messages), default=held.at)
        entry = fold.entry(lo, hi, held.k + 1, at)
        await self._insert(place, entry)
        await self._assure(place, entry)
        await self._apply(place, held, entry, fold.changed, fold.indexes)
        held.window.add(entry.k, entry.at, entry.ids)
        held.reached(entry)
        if held.k % self._prune_every == 0:
            upto = min(held.k - self._keep, held.window.oldest(held.k) - 1)
            await journal_pruning.prune(self.store, self.layout, self.layout.place(place), upto)
        return fold.refused

    def _fold(
        self, place: TopicPartition, held: Held, known: dict[str, Fact], planned: list[Planned],
    ) -> Fold:
        fold = Fold(self.projection, self.layout, self._writer, place, known, held.window.ids)
        try:
            fold.run(planned)
        except Uncountable:
            fold = Fold(self.projection, self.layout, self._writer, place, known, held.window.ids, careful=True)
            fold.run(planned)
        return fold

    async def _facts(self, held: Held, keys: Iterable[str]) -> dict[str, Fact]:
        """Those of the facts that exist, as record `held.k` left them."""
        known: dict[str, Fact] = {}
        missing: dict[str, None] = {}
        for key in keys:
            fact = held.facts.get(key)
            if fact is None:
                missing[key] = None
            else:
                known[key] = fact
        if missing:
            for key, document in (await self.store.load(self.layout.facts, missing)).items():
                known[key] = decode_fact(document.body)
        return known

    async def _last(self, place: TopicPartition) -> JournalRecord | None:
        page = await self.store.find(
            self.layout.journal, {"place": self.layout.place(place)}, order="k", descending=True, limit=1)
        return decode_entry(page.documents[0].body) if page.documents else None

    async def _remember(self, place: TopicPartition, held: Held, last: JournalRecord) -> None:
        """Fill the window of ids from the journal."""
        after, where = None, {"place": self.layout.place(place)}
        while True:
            page = await self.store.find(self.layout.journal, where, order="k", after=after, limit=20)
            for document in page.documents:
                entry = decode_entry(document.body)
                held.window.add(entry.k, entry.at, entry.ids)
            after = page.next
            if after is None:
                return

    async def _insert(self, place: TopicPartition, entry: JournalRecord) -> None:
        """The point at which the batch has happened; who finds the number taken has lost the partition."""
        document = Document(
            self.layout.entry(place, entry.k), 0, encode(entry), {"place": self.layout.place(place), "k": entry.k})
        failpoints.reach("projector.insert.before")
        if await self.store.save(self.layout.journal, [document]):
            raise PartitionLost(f"{place.topic}/{place.partition}: record {entry.k} is another owner's")
        failpoints.reach("projector.insert.after")

    async def _assure(self, place: TopicPartition, entry: JournalRecord) -> None:
        """A number may be free because its record was taken away long ago; then the checkpoint is beyond it."""
        name = self.layout.place(place)
        found = await self.store.load(self.layout.checkpoints, [name])
        if name in found and found[name].version >= entry.k:
            raise PartitionLost(f"{place.topic}/{place.partition}: record {entry.k} was another owner's, long ago")

    async def audit(self) -> list[Mismatch]:
        """What the cells hold against what the journal added since the beginning; empty when all is well."""
        found = await self.audit_journal()
        return found.mismatches + found.unfinished

    async def audit_journal(self) -> Audited:
        return await cell_audit.audit_journal(self.store, self.layout)

    async def audit_facts(self) -> Audited:
        """What the facts count for, computed again, against the cells; of what stood still meanwhile."""
        return await audit_facts(self.store, self.layout, self.projection)
