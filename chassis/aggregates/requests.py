"""An HTTP command takes the same road as a message: load, decide, save by compare-and-set, publish."""
import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from chassis.aggregates.documents import (
    StoredAggregate,
    UsedIdempotencyKey,
    id_hash,
    millis,
    moment,
    pack_events,
    seen_digest,
    unpack_events,
    with_seen,
)
from chassis.aggregates.runner import Runner
from chassis.aggregates.unit_of_work import Cause, CommandDeclined, UnitOfWork
from chassis.domain.decider import Command
from chassis.ports import BusUnavailable, StoreUnavailable
from chassis.service.context import Entity, CommandResult, CommandRefused
from chassis.support import failpoints

TRIES = 5
REMEMBERED = timedelta(hours=24)
INLINE_SECONDS = 2.0  # of waiting for the log; after that the sweeper publishes


@dataclass(frozen=True, slots=True)
class CommandRequest:
    """What a door asks of one document, and on which conditions."""

    aggregate: str
    key: str
    command: Command
    now: datetime
    if_match: int | None = None
    idempotency_key: str | None = None
    body_hash: str = ""
    principal: str = ""

    @property
    def memory(self) -> str | None:
        return None if self.idempotency_key is None else f"{self.principal} {self.idempotency_key}"


async def execute(runner: Runner, request: CommandRequest) -> CommandResult:
    """Raises Refusal 412 `stale`, 422 `idempotency_key_reused`, 409 with a dead letter's code, 503 `busy`."""
    work = UnitOfWork(runner.aggregates[request.aggregate], request.key)
    id = request.idempotency_key or request.command.ref or str(uuid4())
    once = id_hash("request", str(uuid4()))
    unsure: tuple[Any, ...] | None = None
    for attempt in range(TRIES):
        if attempt:
            await runner.pause(attempt)
        await runner.load([work])
        if unsure is not None and seen_digest(work.stored.seen, once) is not None:
            work.events = list(unsure)  # the save whose answer was lost had gone through
            return await _publish(runner, work)
        repeat = _repeated(work, request)
        if repeat is not None:
            return repeat
        if request.if_match is not None and request.if_match != work.stored.rev:
            raise CommandRefused(412, "stale", f"The record is at revision {work.stored.rev}, not {request.if_match}.")
        _decide(work, request, id, once)
        if not work.changed:
            return CommandResult(entity_of(work), tuple(work.events))
        try:
            documents = [work.aggregate_store.write(work, {})]
            failpoints.reach("ask.save.before")
            lost = await runner.store.save(work.aggregate_store.codec.name, documents)
            failpoints.reach("ask.save.after")
        except StoreUnavailable:
            unsure = tuple(work.events)
            continue
        if not lost:
            return await _publish(runner, work)
    if unsure is not None:
        raise StoreUnavailable("the store did not say whether the command was saved")
    raise CommandRefused(503, "busy", "Others are changing the same record at the moment; ask again.")


def _decide(work: UnitOfWork, request: CommandRequest, id: str, once: bytes) -> None:
    stored = work.stored
    # The sequence stands in the cause's name: a key used again after a day names new outputs, not the old ones.
    cause = Cause(request.principal, f"{id}#{stored.out_seq}", id, not request.command.live, published_as=id)
    try:
        work.aggregate_store.step(work, [request.command], cause)
    except CommandDeclined as declined:
        raise CommandRefused(409, declined.letter.code, declined.letter.message) from None
    stored.seen = with_seen(stored.seen, once, b"")
    memory = request.memory
    if memory is not None:
        used = UsedIdempotencyKey(memory, request.body_hash, stored.rev, pack_events(tuple(work.events)), millis(request.now))
        stored.api = (*_remembered(stored, request.now), used)
        work.changed = True


def _repeated(work: UnitOfWork, request: CommandRequest) -> CommandResult | None:
    memory = request.memory
    if memory is None:
        return None
    for used in _remembered(work.stored, request.now):
        if used.key == memory:
            if used.body_hash != request.body_hash:
                raise CommandRefused(422, "idempotency_key_reused", "This Idempotency-Key came before with another request.")
            return CommandResult(entity_of(work), unpack_events(used.events), replayed=True)
    return None


def _remembered(stored: StoredAggregate, now: datetime) -> tuple[UsedIdempotencyKey, ...]:
    since = millis(now - REMEMBERED)
    return tuple(u for u in stored.api if u.at >= since)


async def _publish(runner: Runner, work: UnitOfWork) -> CommandResult:
    outcome = CommandResult(entity_of(work), tuple(work.events))
    try:
        async with asyncio.timeout(INLINE_SECONDS):
            await runner.publish([work])
            failpoints.reach("ask.publish.after")
            await runner.clear([work])
    except (TimeoutError, BusUnavailable, StoreUnavailable):
        pass  # it is saved: the sweeper publishes
    return outcome


def entity_of(work: UnitOfWork) -> Entity:
    updated = work.stored.updated
    return Entity(work.key, work.state, work.stored.rev, None if updated is None else moment(updated))
