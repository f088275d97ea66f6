"""What must hold in every state of a world, and at its end."""
from collections import Counter
from functools import lru_cache
from typing import Any

from chassis.aggregates.documents import DocumentCodec
from chassis.ports import Document, Outgoing
from tests.chassis.harness import COUNTER
from tests.chassis.model.parts import COUNTED, Said
from tests.chassis.model.values import State

DOCUMENTS, ROWS = "lead_scoring.counter", "lead_scoring.counter.history"
LETTERS = "lead_scoring.dead_letters"

_layout = DocumentCodec("lead_scoring", COUNTER)


@lru_cache(maxsize=100_000)
def read(body: bytes) -> tuple[Any, Any]:
    """What a document holds: its outer part, and the state."""
    return _layout.decode(Document("", 1, body))


def header(record: Outgoing, name: str) -> str:
    return next(value.decode() for each, value in record.headers if each == name)


class Properties:
    """Of a world with these `logs`, `requests` and `hands`."""

    logs: tuple[tuple[Said, ...], ...]
    requests: tuple[tuple[str, str | None, int | None], ...]
    hands: tuple[Any, ...]

    def say_what_is_expected(self) -> None:
        """The same logs taken in one by one, in the plainest way."""
        said = [each for log in self.logs for each in log]
        first: dict[str, Said] = {}
        for each in said:
            first.setdefault(each.id, each)
        self.reused = {each.id for each in said if each.n != first[each.id].n}
        self.bad = {each.id for each in said if each.kind == "bad"}
        self.keys = sorted({each.key for each in said} | {key for key, _, _ in self.requests})
        self.counted = {
            key: {e.id for e in first.values() if e.key == key and e.kind in COUNTED} for key in self.keys}
        opened, closed = ({e.key for e in said if e.kind == kind} for kind in ("open", "close"))
        self.in_time, self.rings = closed, opened - closed
        self.mends = any(hand.kind == "operator" for hand in self.hands)
        self.schedules = any(hand.kind == "scheduler" for hand in self.hands)

    def said_by(self, record: Outgoing) -> Said:
        """Which record of the logs was given back."""
        id, n = header(record, "ce_id"), int(record.value or b"0")
        return next(said for log in self.logs for said in log if (said.id, said.n) == (id, n))

    def partition_of(self, record: Outgoing) -> int:
        said = self.said_by(record)
        return next(p for p, log in enumerate(self.logs) if said in log)

    # --- what a client hears -----------------------------------------------------------------------------------------

    def answered(self, n: int, what: str, answer: Any) -> Any:
        """None: it asks again."""
        if what == "done":
            return "done", answer.entity.rev
        if getattr(answer, "code", "") == "stale":
            return ("stale",)
        return self.unanswered(n)

    def unanswered(self, n: int) -> Any:
        """With an idempotency key a client may ask again; without one it must not, and never knows."""
        if n >= len(self.requests) or self.requests[n][1] is not None:
            return None
        return ("unknown",)

    # --- always ------------------------------------------------------------------------------------------------------

    def invariant(self, s: State) -> str | None:
        states = self.states(s)
        return (self._counts_once(states) or self._is_said_in_order(s) or self._keeps_what_is_committed(s, states)
                or self._keeps_what_was_answered(s, states) or self._fires_rightly(states))

    def _counts_once(self, states: dict[str, Any]) -> str | None:
        for key, state in states.items():
            twice = [id for id, n in Counter(state.added).items() if n > 1]
            if twice:
                return f"an event counted twice in {key}: {twice}"
        return None

    def _is_said_in_order(self, s: State) -> str | None:
        content: dict[str, Outgoing] = {}
        last: dict[bytes | None, int] = {}
        for record in s.topic:
            id, seq = header(record, "ce_id"), int(header(record, "ce_sequence"))
            if content.setdefault(id, record) != record:
                return f"two contents under the id {id}"
            if seq > last.get(record.key, 0) + 1:
                return f"a gap: {seq} of {record.key!r} came after {last.get(record.key, 0)}"
            last[record.key] = max(last.get(record.key, 0), seq)
        return None

    def _keeps_what_is_committed(self, s: State, states: dict[str, Any]) -> str | None:
        said = {(record.key, header(record, "ce_causationid")) for record in s.topic}
        lying = {(header(letter, "ce_id"), letter.value) for letter in s.dead}
        for p, offset in enumerate(s.committed):
            for each in self.logs[p][: min(offset, len(self.logs[p]))]:
                if (each.id, str(each.n).encode()) in lying or each.kind not in COUNTED:
                    continue
                if each.key not in states or each.id not in states[each.key].added:
                    return f"LOST: {each.id} is committed, not in the document, and no dead letter"
                if (each.key.encode(), each.id) not in said:
                    return f"LOST: {each.id} is committed and its output was never published"
                if each.id in self.reused and each.n != 1:
                    return f"LOST: the other content of {each.id} is neither counted nor a dead letter"
        return None

    def _keeps_what_was_answered(self, s: State, states: dict[str, Any]) -> str | None:
        revisions = set()
        for n, hand in enumerate(h for h in s.hands if h.kind == "ask"):
            if hand.told and hand.told[0] == "done":
                key, _, if_match = self.requests[n]
                if key not in states or f"r{n}" not in states[key].added:
                    return f"LOST: request {n} was answered and is not in the document"
                if if_match is not None and (key, if_match) in revisions:
                    return f"a lost update: two requests changed revision {if_match} of {key}"
                revisions.add((key, if_match))
        return None

    def _fires_rightly(self, states: dict[str, Any]) -> str | None:
        for key, state in states.items():
            if state.rang > 1:
                return f"FIRED TWICE: the deadline of {key}"
            if state.rang and key in self.in_time:
                return f"FIRED: the deadline of {key}, which was closed in time"
        return None

    # --- at the end --------------------------------------------------------------------------------------------------

    def is_final(self, s: State) -> bool:
        ends = tuple(len(log) + len(tail) for log, tail in zip(self.logs, s.tails, strict=True))
        if s.committed != ends or any(w.task for w in s.workers) or any(h.task for h in s.hands):
            return False
        if any(h.kind == "ask" and h.told is None for h in s.hands):
            return False
        if self.schedules and (self.due(s) or self.owing(s)):
            return False
        return not self.mends or not self.bad or (s.mended and not self.waiting(s))

    def due(self, s: State) -> bool:
        raise NotImplementedError

    def owing(self, s: State) -> bool:
        raise NotImplementedError

    def waiting(self, s: State) -> list[str]:
        raise NotImplementedError

    def final(self, s: State) -> str | None:
        states, docs = self.states(s), dict(s.docs)
        wrong = self._letters(s, states)
        if wrong:
            return wrong
        for key in self.keys:
            state = states.get(key)
            added = () if state is None else state.added
            expected = self.counted[key] - (set() if self.mends else self.bad)
            if {id for id in added if not id.startswith("r")} != expected:
                return f"{key} holds {added}, expected {sorted(expected)}"
            if state is not None and key in self.rings and not state.rang and self.schedules:
                return f"LOST: the deadline of {key} never fired"
            wrong = self._heard(s, key, state)
            if wrong:
                return wrong
            rows = sum(1 for collection, id in docs if collection == ROWS and id.startswith(f"{key}|"))
            if state is not None and rows != len(added) + state.rang:
                return f"the history of {key} has {rows} rows of {len(added) + state.rang}"
        return None

    def _letters(self, s: State, states: dict[str, Any]) -> str | None:
        """A bad record that was met after the mend is none."""
        lying = {header(letter, "ce_id") for letter in s.dead}
        counted = {id for state in states.values() for id in state.added}
        if not (self.bad - counted) | self.reused <= lying <= self.bad | self.reused:
            return f"LOST: dead letters {sorted(lying)}, expected {sorted(self.bad | self.reused)}"
        return None

    def _heard(self, s: State, key: str, state: Any) -> str | None:
        """Who hears by sequence gets exactly what the document has, in its order."""
        heard, rang = [], 0
        for record in s.topic:
            if record.key == key.encode() and int(header(record, "ce_sequence")) == len(heard) + rang + 1:
                if header(record, "ce_type") == "crm.lead.qualified.v1":
                    rang += 1
                else:
                    heard.append(header(record, "ce_causationid"))
        added = () if state is None else state.added
        if tuple(_ref(h) for h in heard) != added or rang != (0 if state is None else state.rang):
            return f"LOST: who hears {key} got {heard} and {rang} deadlines, the document has {added}, {state}"
        return None

    def states(self, s: State) -> dict[str, Any]:
        return {id: read(kept.body)[1] for (collection, id), kept in s.docs if collection == DOCUMENTS}


def _ref(cause: str) -> str:
    """The cause of what a request led to is its idempotency key."""
    return cause.removeprefix("key-")
