"""Protocol A, requests, deadlines and dead letters without one of their fences each."""
import importlib
from typing import Any

from chassis.aggregates import AggregateStore, FenceKeys, Runner, aggregate_store, documents
from chassis.aggregates.aggregate_store import _Draft
from chassis.dead_letters import repository
from chassis.runtime.timers import DeadlineScheduler, ProgressGate
from chassis.runtime.worker import Worker
from tests.chassis.model.values import Budget
from tests.chassis.mutants.checks import COPY, world
from tests.chassis.mutants.mutant import Mutant
from tests.chassis.mutants.patching import Cut

requests: Any = importlib.import_module("chassis.aggregates.requests")

NO_VERSION = Cut(
    Runner, "save", """            documents = [w.document or store.to_document(w, self._published) for w in group]
""", """            documents = [w.document or store.to_document(w, self._published) for w in group]
            held = await self.store.load(store.codec.name, [d.id for d in documents])
            documents = [
                type(d)(d.id, held[d.id].version if d.id in held else 0, d.body, d.index) for d in documents]
""")
BLIND_CLEAR = Cut(
    Runner, "clear_outboxes", """                documents.append(store.to_document(work, self._published))
""", """                held = (await self.store.load(store.codec.name, [work.key])).get(work.key)
                store.load(work, held, self._published)
                work.stored.outbox = ()
                documents.append(store.to_document(work, self._published))
""")

PROTOCOL_A = (
    Mutant("no version fence", "a save counts only over the version that was loaded",
           "world: a copy and a zombie", "LOST", [NO_VERSION]),
    Mutant("store without compare-and-set", "the store compares versions",
           "world: a copy and a zombie", "LOST", where="ports.Store.save",
           broken=world(COPY, faults=Budget(rebalances=1), no_cas=True)),
    Mutant("w:1 rollback", "an acknowledged write is a majority's", "world: a copy", "LOST",
           where="mongo.DURABLE", broken=world(COPY, rollback=True)),
    Mutant("commit before publish", "nothing is committed before all of it is published",
           "world: a copy and a crash", "LOST", [Cut(
               Worker, "_process_batch", "            await self.dead_letters.dead_letter(failed)\n",
               "            await consumer.commit({partition: part.hi for partition, part in batch.items()})\n"
               "            await self.dead_letters.dead_letter(failed)\n")]),
    Mutant("clear before publish", "the outbox is cleared of what is known to be published, and of nothing else",
           "world: a copy and a crash", "LOST", [Cut(
               Runner, "run", "self._mark_published(partition, polled.lo)",
               "self._mark_published(partition, polled.hi)")]),
    Mutant("an outbox that owes is left unread", "an outbox is left unread only when all of it is published",
           "world: a copy and a crash", "LOST", [Cut(
               documents, "_may_have_unpublished",
               "any(offset >= published.get(key, 0) for key, offset in stored.fences.items())", "False")]),
    Mutant("what owes without an offset is left unread", "an outbox is left unread only without entries of no offset",
           "world: a request among events, a crash", "gap", [Cut(
               documents, "_may_have_unpublished", 'document.index.get("_pending") != 0', "False")]),
    Mutant("blind clear", "an outbox is cleared by compare-and-set", "world: a request among events, a crash",
           "LOST", [BLIND_CLEAR]),
    Mutant("publishing only own outputs", "the whole outbox of every document touched is published",
           "world: a copy and a crash", "LOST", [Cut(
               Runner, "publish", "for work in group:", "for work in [w for w in group if w.changed]:")]),
    Mutant("publishing without order", "an outbox is published in order", "world: a copy", "gap", [Cut(
        Runner, "publish", "for entry in unpublished(work.stored.outbox, self._published):",
        "for entry in reversed(unpublished(work.stored.outbox, self._published)):")]),
    Mutant("no de-dup", "ids that were seen are known", "world: a copy", "twice", [Cut(
        AggregateStore, "_deliver", "before = seen_digest(stored.seen, hashed)", "before = None")]),
    Mutant("ring too small", "the ring of ids outlasts the distance of copies", "world: a copy", "twice", [Cut(
        aggregate_store, "ring_with", "ring[-(SEEN - 1) * _WIDTH :] + ", "")]),
    Mutant("no offset fence", "an offset that was taken in is not taken in again",
           "world: a crash after more than the ring holds", "twice", [Cut(
               AggregateStore, "apply_deliveries",
               "if delivery.offset > work.stored.fences.get(delivery.fence_key, -1):", "if True:")]),
    Mutant("an id used again is dropped in silence", "an id that comes with another payload is a dead letter",
           "world: an id used again", "LOST", [Cut(AggregateStore, "_deliver", "if before != digest:", "if False:")]),
    Mutant("a lost answer is believed", "a save whose answer was lost is looked at again",
           "world: two documents and a lost answer", "LOST", [Cut(
               Runner, "save", "conflicts.update(group)  # the result is unknown: load again and compare", "pass")]),
    Mutant("no history", "rows of the history are put before anything is published", "world: a copy", "history", [Cut(
        Runner, "publish", "if rows and store.aggregate.history:", "if False:")]),
    Mutant("a failed batch is passed over", "a batch that failed is read again",
           "world: a copy and a lost answer", "LOST", [Cut(
               Worker, "_rewind", "consumer.seek(partition, records[0].offset)", "pass")]),
    Mutant("no fence of sequences", "a sequence of a source that was passed is passed over",
           "world: an old sequence comes again", "twice", [Cut(
               AggregateStore, "_deliver", "if meta.sequence is not None and",
               "if False and meta.sequence is not None and")]),
    Mutant("sequences are not remembered", "the last sequence of a source stays in the document",
           "world: an old sequence comes again", "twice", [Cut(
               aggregate_store, "remember_sequence", "sources[source] = sequence", "sources[source] = 0")]),
    Mutant("one fence for sequences of all topics", "sequences are fences of each topic apart",
           "story: sequences of two topics", "", [Cut(
               AggregateStore, "_deliver", 'f"{_record(message).topic}|{message.key}"', "message.key")]),
    Mutant("numbers of places without the log's name", "fences of another log do not count in this one",
           "story: numbers of another log", "", [Cut(
               FenceKeys, "register_topics", '(f"{t}@{self._identity}" for t in topics)', '(f"{t}@" for t in topics)'),
               Cut(FenceKeys, "_change", "numbers[f\"{t}@{self._identity}\"]", "numbers[f\"{t}@\"]")]),
)

DEAD_LETTERS = (
    Mutant("dead letters after the fence", "a letter lies in the log before the fence passes its record",
           "world: a bug and a crash", "LOST", [
               Cut(Runner, "_apply_deliveries", "        if failed:\n", "        if False:\n"),
               Cut(Runner, "run", "        await self.process(works, self._apply_deliveries)\n",
                   "        done = await self.process(works, self._apply_deliveries)\n"
                   "        await self.dead_letter([f for w in done for f in w.failed])\n")]),
    Mutant("what failed counts as seen", "the id of a record that could not be taken is not remembered",
           "world: a dead letter is given back", "holds", [Cut(
               AggregateStore, "_deliver",
               "        stored.seen = ring_with(stored.seen, hashed, digest)\n        if is_replay:",
               "        if is_replay:"), Cut(
               AggregateStore, "_deliver", "        cause = Cause(",
               "        stored.seen = ring_with(stored.seen, hashed, digest)\n"
               "        cause = Cause(")]),
    Mutant("sequences keep out what is given back", "a dead letter that is given back passes the fence of sequences",
           "world: a dead letter of a sequence is given back", "holds", [Cut(
               AggregateStore, "_deliver", " and not is_replay:", ":")]),
    Mutant("what was given back is forgotten", "a letter that is given back twice counts once, however long apart",
           "story: given back twice, long apart", "", [Cut(
               AggregateStore, "_deliver", "if before is None and stored.replayed:", "if False:")]),
    Mutant("given back again and again", "a letter that was given back is not given back again",
           "story: given back once", "", [Cut(
               repository.DeadLetterRepository, "replay", 'if letter.status == "replayed":', "if False:")]),
)

REQUESTS = (
    Mutant("what an unsure save said is not looked at", "a request knows its own save when the answer was lost",
           "world: a request without a key and a lost answer", "twice", [Cut(
               requests, "execute", "if unconfirmed is not None and", "if False and unconfirmed is not None and")]),
    Mutant("idempotency keys are forgotten", "a key that was used is answered from memory",
           "world: a request and a crash", "twice", [Cut(
               requests, "execute", "replayed = _replayed_result(work, request)",
               "replayed = None")]),
    Mutant("if-match looked at once", "the revision is compared after every load",
           "world: two requests of one revision", "lost update", [Cut(
               requests, "execute", "if request.if_match is not None and",
               "if not attempt and request.if_match is not None and")]),
)

TIMERS = (
    Mutant("timers without sweeper", "what a deadline or a request owes is published by somebody",
           "world: a deadline and a crash", "NEVER DONE", [Cut(
               DeadlineScheduler, "publish_pending", "if due:", "if False:")]),
    Mutant("timers without CAS", "a deadline fires by compare-and-set",
           "world: a deadline and a request", "LOST", [NO_VERSION]),
    Mutant("timers fire without looking", "a deadline fires only if it is still in the document",
           "world: a deadline and two schedulers", "FIRED TWICE", [Cut(
               _Draft, "fire_deadlines", "while (due := next_deadline(self.state)) is not None and due <= until:",
               "for due in [next_deadline(self.state) or until]:")]),
    Mutant("timers without the gate", "a deadline waits for events that stand in the queue",
           "world: a deadline closed in time", "closed in time", [Cut(
               DeadlineScheduler, "fire_due", "passed = await self._gate.passed(now)", "passed = now")]),
    Mutant("the gate says now", "the gate opens for the moment at which it looked, not for later ones",
           "story: the gate and what comes meanwhile", "", [Cut(
               ProgressGate, "passed", "return moment", "return now")]),
    Mutant("events before their deadlines", "a deadline fires before a later event is decided",
           "story: a deadline before a later event", "", [Cut(
               AggregateStore, "decide",
               "draft.fire_deadlines(command.at, command.live, cause.fence_key, cause.offset)", "pass")]),
)
