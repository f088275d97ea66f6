"""Projector: one journal per partition holds the new images of facts and the differences of cells.

Per batch: load the facts that it touches, fold, INSERT journal record k + 1 (an owner that fails to has lost the
partition), write facts, cells and membership rows under the fence k + 1, then read on. A new owner applies the last
record again before it reads anything. The journal is the truth: interruptions, copies and late writers leave the
figures exact.
"""
from collections.abc import Iterable, Sequence

from chassis.domain.projection import Projection
from chassis.ports import Collection, Document, PartitionLost, Store, TopicPartition
from chassis.projections import cell_audit, journal_pruning
from chassis.projections.batch import (
    BatchFold,
    ContributionError,
    DecodedMessage,
    PlannedMessage,
    ProjectionFailure,
    plan_messages,
    record_of,
)
from chassis.projections.cell_audit import AuditResult, Mismatch
from chassis.projections.documents import (
    ContributionEncoder,
    Fact,
    JournalRecord,
    ProjectionCollections,
    decode_fact,
    decode_record,
    encode,
)
from chassis.projections.fact_audit import audit_facts
from chassis.projections.partition_state import Cache, CacheBudget, PartitionState
from chassis.projections.writer import JournalWriter
from chassis.support import failpoints

FACTS = 2_048  # cached per process, at times up to twice as many: some 10 kB each
CELLS, MEMBERS = 8, 4  # cached for each cached fact; some 500 bytes each


class Projector(JournalWriter):
    """Folds the messages of its assigned partitions into facts and cells of one service.

    The worker calls `recover` for a partition it was assigned, seeks to the returned offset, publishes `last_failures`
    again, and then runs batch after batch; it makes dead letters of what `run` returns before the next batch, and
    commits. After any exception of `run` the partition has to be recovered again (unless it was lost).
    """

    def __init__(
        self, projection: Projection, store: Store, service: str, generation: str = "g1",
        grains: Sequence[str] = ("day", "month"), *, cache: int = FACTS, keep: int = 16, prune_every: int = 32,
    ) -> None:
        """`cache`: cached facts. Every `prune_every` records the journal is pruned to about `keep` records."""
        super().__init__(projection, store, ProjectionCollections(service, generation, tuple(grains)))
        self._encoder = ContributionEncoder()
        self._keep, self._prune_every = keep, prune_every
        self._fact_budget = CacheBudget(cache)
        self._cell_budget, self._member_budget = CacheBudget(CELLS * cache), CacheBudget(MEMBERS * cache)
        self._states: dict[TopicPartition, PartitionState] = {}

    async def required_collections(self) -> list[Collection]:
        return self.collections.required(self.projection)

    def revoke(self, partition: TopicPartition) -> None:
        """The partition is no longer assigned: what is remembered of it may become wrong."""
        self._states.pop(partition, None)

    def last_failures(self, partition: TopicPartition) -> list[tuple[int, str, str]]:
        """(offset, code, text) of the last record: after `recover` it is unknown whether they became dead letters."""
        state = self._states.get(partition)
        return list(state.failures) if state else []

    async def recover(self, partition: TopicPartition) -> int | None:
        """Apply the last record again and take the partition. Returns the next offset; None without a journal."""
        self._states.pop(partition, None)
        state = PartitionState(
            0, 0, Cache(self._fact_budget), Cache(self._cell_budget), Cache(self._member_budget))
        record = await self._last_record(partition)
        if record is not None:
            await self._load_event_ids(partition, state)
            failpoints.reach("projector.recover.before")
            await self._reapply(partition, state, record)
            failpoints.reach("projector.recover.after")
            state.advance(record)
        self._states[partition] = state
        return None if record is None else record.hi

    async def begin_epoch(self, partition: TopicPartition, begin: int) -> None:
        """The partition's log was replaced: the journal continues with an empty record, from offset `begin` of the new
        log. Only while the partition is assigned to nobody."""
        await self.recover(partition)
        state = self._states.pop(partition)
        if state.k:
            await self._insert_record(partition, JournalRecord(begin, begin, state.k + 1, state.at))

    async def run(
        self, partition: TopicPartition, messages: Sequence[DecodedMessage], lo: int, hi: int,
    ) -> list[ProjectionFailure]:
        """Count the messages of the records [lo, hi) of one partition; returns what must become dead letters.

        Messages below the end of the journal are skipped. Raises PartitionLost when another owner has continued (or
        the partition was not recovered), StoreUnavailable when the store does not answer.
        """
        state = self._states.pop(partition, None)  # put back at the end: after any exception it must not be trusted
        if state is None:
            raise PartitionLost(f"{partition.topic}/{partition.partition} must be recovered first")
        failures: list[ProjectionFailure] = []
        if hi > state.pos:
            new = [m for m in messages if record_of(m).offset >= state.pos]
            failures = await self._run_batch(partition, state, new, max(lo, state.pos), hi)
        self._states[partition] = state
        return failures

    async def _run_batch(
        self, partition: TopicPartition, state: PartitionState, messages: Sequence[DecodedMessage], lo: int, hi: int,
    ) -> list[ProjectionFailure]:
        planned, failures = plan_messages(self.projection, self.collections, self._encoder, messages)
        known = await self._load_facts(state, (key for item in planned for key, _ in item.touches))
        fold = self._fold(partition, state, known, planned)
        fold.failures[:0] = failures
        at = max((record_of(m).timestamp_ms for m in messages), default=state.at)
        record = fold.to_record(lo, hi, state.k + 1, at)
        await self._insert_record(partition, record)
        await self._check_not_pruned(partition, record)
        await self._apply(partition, state, record, fold.changed, fold.indexes)
        state.window.add(record.k, record.at, record.event_ids)
        state.advance(record)
        if state.k % self._prune_every == 0:
            upto = min(state.k - self._keep, state.window.oldest(state.k) - 1)
            partition_id = self.collections.partition_id(partition)
            await journal_pruning.prune_journal(self.store, self.collections, partition_id, upto)
        return fold.failures

    def _fold(
        self, partition: TopicPartition, state: PartitionState, known: dict[str, Fact], planned: list[PlannedMessage],
    ) -> BatchFold:
        for careful in (False, True):
            fold = BatchFold(
                self.projection, self.collections, self._encoder, partition, known, state.window.ids, careful=careful)
            try:
                fold.run(planned)
            except ContributionError:
                if careful:
                    raise
            else:
                break
        return fold

    async def _load_facts(self, state: PartitionState, keys: Iterable[str]) -> dict[str, Fact]:
        """Those of the facts that exist, as record `state.k` left them."""
        known: dict[str, Fact] = {}
        missing: dict[str, None] = {}
        for key in keys:
            fact = state.facts.get(key)
            if fact is None:
                missing[key] = None
            else:
                known[key] = fact
        if missing:
            for key, document in (await self.store.load(self.collections.facts, missing)).items():
                known[key] = decode_fact(document.body)
        return known

    async def _last_record(self, partition: TopicPartition) -> JournalRecord | None:
        where = {"place": self.collections.partition_id(partition)}
        page = await self.store.find(self.collections.journal, where, order="k", descending=True, limit=1)
        return decode_record(page.documents[0].body) if page.documents else None

    async def _load_event_ids(self, partition: TopicPartition, state: PartitionState) -> None:
        """Fill the window of event ids from the journal."""
        after, where = None, {"place": self.collections.partition_id(partition)}
        while True:
            page = await self.store.find(self.collections.journal, where, order="k", after=after, limit=20)
            for document in page.documents:
                record = decode_record(document.body)
                state.window.add(record.k, record.at, record.event_ids)
            after = page.next
            if after is None:
                return

    async def _insert_record(self, partition: TopicPartition, record: JournalRecord) -> None:
        """The batch takes effect here. Raises PartitionLost when the record's number is taken."""
        document = Document(
            self.collections.record_id(partition, record.k), 0, encode(record),
            {"place": self.collections.partition_id(partition), "k": record.k})
        failpoints.reach("projector.insert.before")
        if await self.store.save(self.collections.journal, [document]):
            raise PartitionLost(f"{partition.topic}/{partition.partition}: another owner inserted record {record.k}")
        failpoints.reach("projector.insert.after")

    async def _check_not_pruned(self, partition: TopicPartition, record: JournalRecord) -> None:
        """A number may be free because another owner's record was pruned; then the checkpoint is beyond it."""
        id = self.collections.partition_id(partition)
        found = await self.store.load(self.collections.checkpoints, [id])
        if id in found and found[id].version >= record.k:
            raise PartitionLost(
                f"{partition.topic}/{partition.partition}: another owner inserted record {record.k}, pruned since")

    async def audit(self) -> list[Mismatch]:
        """Differences between cells and journal, unfinished ones included; empty when they agree."""
        found = await self.audit_journal()
        return found.mismatches + found.unfinished

    async def audit_journal(self) -> AuditResult:
        return await cell_audit.audit_journal(self.store, self.collections)

    async def audit_facts(self) -> AuditResult:
        """Contributions of all facts, computed again, against the cells of partitions that do not change meanwhile."""
        return await audit_facts(self.store, self.collections, self.projection)
