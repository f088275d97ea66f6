"""A toy service around the real chassis: it counts what leads are worth, and says so."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chassis.adapters.memory import MemoryBus, MemoryStore
from chassis.aggregates import PartitionBatch, Runner
from chassis.dead_letters import DeadLetterRepository
from chassis.domain.decider import Aggregate, Command, DeadlineReached, Decider, Declined
from chassis.domain.handlers import CommandFor, Meta
from chassis.messages.envelope import Message, decode, encode
from chassis.ports import Bus, Record, Store, TopicPartition
from chassis.service.description import Service, ServiceComponents
from contracts.crm import LeadCaptured, LeadConverted, LeadLost
from contracts.lead_scoring import LeadQualified, LeadScored
from contracts.topics import TOPICS

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
LEADS, SCORES = "crm.leads.v1", "crm.scores.v1"


class Add(Command, frozen=True, kw_only=True):
    n: int = 1


class Forget(Command, frozen=True, kw_only=True):
    pass


class Remind(Command, frozen=True, kw_only=True):
    after: timedelta


@dataclass(frozen=True, slots=True)
class Reminding:
    due: datetime | None


@dataclass(frozen=True, slots=True)
class Counter:
    key: str
    total: int = 0
    due: datetime | None = None
    rang: int = 0
    added: tuple[str, ...] = ()


def decide(command: Command, state: Counter) -> Sequence[Any]:
    match command:
        case Add(n=0):
            return [Declined("nothing_to_add", "it adds nothing")]
        case Add(n=13):
            raise RuntimeError("unlucky")
        case Add():
            return [scored(state.key, state.total + command.n, command.ref)]
        case DeadlineReached():
            return [Reminding(None), LeadQualified(
                lead_id=state.key, business_line="toys", captured_at=None, score=state.total, model="m@1")]
        case Remind():
            return [Reminding(command.at + command.after)]
        case _:
            return []


def scored(key: str, total: int, ref: str) -> LeadScored:
    return LeadScored(
        lead_id=key, business_line="toys", score=total, grade="A", fit=0, engagement=0, model=ref or "m@1",
        contributions=())


def evolve(state: Counter, event: Any) -> Counter:
    match event:
        case LeadScored():
            return replace(state, total=event.score, added=(*state.added, event.model))
        case Reminding():
            return replace(state, due=event.due)
        case LeadQualified():
            return replace(state, rang=state.rang + 1)
        case _:
            return state


COUNTER = Aggregate(
    "counter", Decider(decide, evolve, Counter, lambda state: state.due), Counter, {"total": int}, (("total",),),
    lambda state: {"total": state.total})


def on_captured(event: LeadCaptured, meta: Meta) -> list[CommandFor]:
    n = int((event.attributes or {}).get("n", 1) or 0)
    if n == 666:
        raise RuntimeError("handler is broken")
    also = (event.attributes or {}).get("also")
    told = meta.command_fields()
    return [CommandFor("counter", key, Add(**told, n=n)) for key in (event.lead_id, *([str(also)] if also else []))]


def on_lost(event: LeadLost, meta: Meta) -> list[CommandFor]:
    after = timedelta(hours=int(event.reason))
    return [CommandFor("counter", event.lead_id, Remind(**meta.command_fields(), after=after))]


def on_converted(event: LeadConverted, meta: Meta) -> list[CommandFor]:
    return [CommandFor("counter", event.lead_id, Forget(**meta.command_fields()))]


def on_scored(event: LeadScored, meta: Meta) -> list[CommandFor]:
    return [CommandFor("counter", f"copy-{event.lead_id}", Add(**meta.command_fields(), n=event.score))]


PARTS = ServiceComponents((COUNTER,), {LeadCaptured: on_captured, LeadLost: on_lost, LeadConverted: on_converted})
SERVICE = Service(
    "lead_scoring", "Counts.", lambda _definitions: PARTS, (LeadScored, LeadQualified),
    (LeadCaptured, LeadLost, LeadConverted))


class Harness:
    """Store, log and runner, and short ways to put records in and look at what came of them."""

    def __init__(self, store: Store | None = None, bus: Bus | None = None, parts: ServiceComponents = PARTS) -> None:
        self.store, self.bus = store or MemoryStore(), bus or MemoryBus()
        self.topics = (LEADS, SCORES)
        self.letters = DeadLetterRepository("lead_scoring", self.topics, self.store, self.bus)
        self.runner = Runner(
            "lead_scoring", parts, self.store, self.bus, self.letters.dead_letter, identity="log", topics=self.topics)

    async def start(self) -> "Harness":
        await self.bus.ensure_topics({t: TOPICS[t].partitions for t in self.topics})
        await self.bus.ensure_topics(self.letters.needed_topics())
        await self.store.ensure([self.letters.collection])
        await self.runner.start()
        return self

    def another(self) -> "Harness":
        """Another process on the same store and log."""
        return Harness(self.store, self.bus)

    async def restarted(self) -> "Harness":
        harness = self.another()
        await harness.runner.start()
        return harness

    async def put(self, *events: Any, at: datetime = NOON, ids: Sequence[str] = (), **extensions: Any) -> None:
        ids = ids or [f"e{number_of(e)}" for e in events]
        await self.bus.publish([
            encode(e, id=i, source="/crm", time=at, extensions=extensions) for e, i in zip(events, ids, strict=True)])

    async def batch(self, topic: str = LEADS, lo: int = 0, hi: int = 10**9) -> dict[TopicPartition, PartitionBatch]:
        made = {}
        for place in sorted(await self.bus.end_offsets([topic])):
            records = [r for r in await self.bus.read(place, lo, 10**6) if r.offset < hi]
            if records:
                messages = [m for r in records if isinstance(m := decode(r), Message)]
                made[place] = PartitionBatch(records[0].offset, records[-1].offset + 1, messages)
        return made

    async def run(self, topic: str = LEADS, lo: int = 0, hi: int = 10**9) -> None:
        await self.runner.run(await self.batch(topic, lo, hi))

    async def records(self, topic: str) -> list[Record]:
        found = []
        for place in sorted(await self.bus.end_offsets([topic])):
            found += list(await self.bus.read(place, 0, 10**6))
        return found

    async def said(self, topic: str = SCORES) -> list[Message]:
        return [m for r in await self.records(topic) if isinstance(m := decode(r), Message)]

    async def state(self, key: str) -> Counter:
        return (await self.stored(key))[1]

    async def stored(self, key: str) -> tuple[Any, Counter]:
        room = self.runner.aggregates["counter"]
        document = (await self.store.load(room.codec.name, [key]))[key]
        return room.codec.decode(document)


_numbers = iter(range(10**9))


def number_of(_event: Any) -> int:
    return next(_numbers)


def captured(key: str = "a", n: int = 1, **more: Any) -> LeadCaptured:
    attributes: Mapping[str, Any] = {"n": n, **more}
    return LeadCaptured(lead_id=key, business_line="toys", attributes=attributes)


def lost(key: str = "a", hours: int = 1) -> LeadLost:
    return LeadLost(lead_id=key, reason=str(hours))
