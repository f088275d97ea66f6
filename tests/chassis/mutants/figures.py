"""Protocol B3, its worker and the log under it without one of their fences each."""
from chassis.messages.envelope import decoder
from chassis.projections import Projector, batch, journal_pruning
from chassis.runtime.event_processors import ProjectionProcessor
from chassis.runtime.progress import Progress
from chassis.runtime.worker import Worker
from tests.chassis.model_projector import mutants
from tests.chassis.model_projector.logs import BACK, CLICKS, LEAN, REUSED, VOID
from tests.chassis.mutants.checks import CHECKS
from tests.chassis.mutants.checks import figures as world
from tests.chassis.mutants.mutant import Mutant
from tests.chassis.mutants.patching import Cut

FIGURES = {
    "figures: taken back, a crash after one": world(VOID, crashes=1, batch=1, projection=LEAN),
    "figures: taken back, a crash": world(VOID, crashes=1, projection=LEAN),
    "figures: taken back, a zombie": world(VOID, rebalances=1, batch=1, projection=LEAN),
    "figures: taken back, a zombie and a crash": world(VOID, rebalances=1, crashes=1, projection=LEAN),
    "figures: moved, a zombie": world(BACK, rebalances=1, projection=LEAN),
    "figures: moved": world(BACK, projection=LEAN),
    "figures: an id used again": world(REUSED, projection=LEAN),
    "figures: an id used again, a crash": world(REUSED, crashes=1, projection=LEAN),
    "figures: signals": world(CLICKS, projection=LEAN),
    "figures: signals, a crash after one": world(CLICKS, crashes=1, batch=1, projection=LEAN),
    "figures: pruned, a crash": world(VOID, crashes=1, prune_every=1, keep=1, batch=1, projection=LEAN),
}
CHECKS |= FIGURES

PROTOCOL_B3 = (
    Mutant("no re-apply", "a new owner puts the last record once more", "figures: taken back, a crash after one",
           "facts", make=mutants.NoReapply, where="projections.Projector.recover"),
    Mutant("no unique key", "one record has one number, and one owner", "figures: moved, a zombie",
           "audit", make=mutants.NoUniqueKey, where="projections.Projector._insert_record"),
    Mutant("reading before the last record is applied", "a batch reads what the record before it left",
           "figures: moved", "cells", make=mutants.ReadsTooEarly, where="projections.Projector._run_batch"),
    Mutant("image set without fence", "a fact is put only over a lower number", "figures: taken back, a zombie",
           "facts", make=mutants.BlindImages, where="projections.JournalWriter._write_facts"),
    Mutant("delta added without fence", "a difference is added once to a cell", "figures: taken back, a crash",
           "cells", make=mutants.BlindDeltas, where="projections.JournalWriter._write_cell_batch"),
    Mutant("members without fence", "a membership row is put only over a lower number",
           "story: rows of members put again", "", [Cut(
               Projector, "_load_members", "if document.version < k else None", "if True else None"), Cut(
               Projector, "_write_member_batch", "Document(id, k,", "Document(id, k + len(stored),")]),
    Mutant("figures before their record", "the record is inserted before anything is put",
           "figures: taken back, a zombie and a crash", "cells", make=mutants.CellsBeforeRecord,
           where="projections.Projector._run_batch"),
    Mutant("refusals are forgotten", "what the last record refused is told to the next owner",
           "figures: an id used again, a crash", "dead letters", make=mutants.ForgetsRefusals,
           where="projections.Projector.last_failures"),
    Mutant("signals are forgotten", "a new owner reads the window of ids", "figures: signals, a crash after one",
           "cells", make=mutants.ForgetsSignals, where="projections.Projector._load_event_ids"),
    Mutant("signals without window", "the id of a signal is known", "figures: signals", "cells", [Cut(
        batch.BatchFold, "_fold_message", "is_new_signal = before is None",
        "is_new_signal = True")]),
    Mutant("facts without memory", "a fact knows the events that changed it", "figures: moved", "cells", [Cut(
        batch.BatchFold, "_fold_message", "before = fact.seen.get(event)", "before = None")]),
    Mutant("an id used again changes a fact in silence", "an id that comes with another payload is a dead letter",
           "figures: an id used again", "dead letters", [Cut(
               batch.BatchFold, "_fold_message", """                    if before != digest:
                        return _id_reused""", """                    if False:
                        return _id_reused""")]),
    Mutant("a fact with two writers", "a fact belongs to the partition that made it",
           "story: a fact of another partition", "", [Cut(
               batch.BatchFold, "_fold_message", "if (fact.topic, fact.partition) != self._partition:", "if False:")]),
    Mutant("what is held outlives a failure", "after a failure nothing that was remembered is believed",
           "story: a batch that failed", "", [Cut(Projector, "run", "self._states.pop(partition, None)",
                                                  "self._states.get(partition)")]),
    Mutant("what the journal holds counts again", "messages below the journal's end are passed over",
           "story: what the journal holds comes again", "", [
               Cut(Projector, "run", "if record_of(m).offset >= state.pos", "if True"),
               Cut(Projector, "run", "if hi > state.pos:", "if True:")]),
    Mutant("a number that is free is used again", "who inserts a record looks at the checkpoint",
           "story: a number that is free again", "", [Cut(
               Projector, "_check_not_pruned", "if id in found and", "if False and id in found and")]),
    Mutant("pruning forgets sums", "what is taken away is carried into the checkpoint",
           "story: the journal stays short", "", [Cut(
               journal_pruning, "prune_journal", "Checkpoint(upto, sums)", "Checkpoint(upto, before.sums)")]),
    Mutant("pruning before its checkpoint", "the checkpoint comes before what it replaces is taken away",
           "figures: pruned, a crash", "audit", [Cut(
               journal_pruning, "prune_journal", "    body = encode(Checkpoint(upto, sums))\n",
               "    await store.delete(collections.journal, ids)\n    body = encode(Checkpoint(upto, sums))\n")]),
    Mutant("the poll is believed", "a poll beyond the journal's end begins again", "story: a journal behind the poll",
           "", [Cut(ProjectionProcessor, "_count", "if at is None or at < polled.lo:", "if False:")]),
    Mutant("the commit is believed", "a partition is read from where its journal ends",
           "story: a journal behind the commit", "", [Cut(
               Worker, "_take_over", "self._consumer.seek(partition, min(targets))", "pass")]),
    Mutant("a restored store is passed over", "a partition is read from no further than the store has it",
           "story: a store that was restored", "", [Cut(Worker, "_take_over", ", recorded[partition] or None]", "]")]),
)

LOG = (
    Mutant("a log of another name", "the identity of the log is compared", "story: a log of another name", "", [Cut(
        Progress, "_check_end", "if identity != self._identity:", "if False:")]),
    Mutant("a log cut short", "the end of the log is compared with what was read", "story: a log cut short", "", [Cut(
        Progress, "_check_end", "if end < offset:", "if False:")]),
    Mutant("a log that holds something else", "the record read last is compared",
           "story: a log that holds something else", "", [Cut(
               Progress, "check", "if digest(record) != stored[partition][2]:", "if False:")]),
    Mutant("records on any partition", "a record on another partition than its key's is a dead letter",
           "story: a wrong partition", "", [Cut(
               decoder, "_decode", "if partitions and record.partition != (right := partition_of(key, partitions)):",
               "if False:")]),
)
