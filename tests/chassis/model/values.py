"""What a world is made of: all of it values, so that it can be copied, compared and searched."""
from typing import Any, NamedTuple

from chassis.ports import Outgoing

Settled = tuple[tuple[int, int], ...]


class Op(NamedTuple):
    """What a coroutine waits for: a call of store, log or consumer."""

    kind: str  # load, save, put, find, publish, commit, ends, begins, committed, read
    collection: str
    payload: tuple[Any, ...]


class Kept(NamedTuple):
    version: int
    body: bytes


class Task(NamedTuple):
    """What somebody has in hand. `what`: (kind, ...). `history` holds (an operation's answer or None, what it raised);
    the rest is what was known when it began: it is all that is needed to bring its coroutine back to where it is."""

    what: tuple[Any, ...]
    settled: Settled
    mended: bool
    records: tuple[Any, ...] = ()
    history: tuple[tuple[Any, str], ...] = ()


class Worker(NamedTuple):
    """A process. `pos`: the next offset of each partition, -1 where it is not ours."""

    pos: tuple[int, ...]
    settled: Settled = ()
    gen: int = 0
    task: Task | None = None


class Hand(NamedTuple):
    """A request of a client, a scheduler, or an operator, served by process `process`. `told`: the client's answer."""

    kind: str
    process: int
    attempt: int = 0
    task: Task | None = None
    told: Any = None


class Budget(NamedTuple):
    """How often each fault may happen."""

    rebalances: int = 0
    crashes: int = 0
    lost_answers: int = 0


class State(NamedTuple):
    committed: tuple[int, ...]
    owner: tuple[int, ...]
    gen: tuple[int, ...]
    budget: Budget
    docs: tuple[tuple[tuple[str, str], Kept], ...]
    topic: tuple[Outgoing, ...]  # without copies of what is there: who hears by sequence has dropped them
    dead: tuple[Outgoing, ...]  # likewise
    tails: tuple[tuple[Outgoing, ...], ...]  # what was given back, behind each partition's log
    mended: bool
    workers: tuple[Worker, ...]
    hands: tuple[Hand, ...]
