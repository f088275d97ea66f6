"""Commands over HTTP, executed like messages: load, decide, save by compare-and-set, publish."""
import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from chassis.aggregates.documents import (
    StoredAggregate,
    UsedIdempotencyKey,
    from_micros,
    id_hash,
    millis,
    pack_events,
    ring_with,
    seen_digest,
    unpack_events,
)
from chassis.aggregates.runner import Runner
from chassis.aggregates.unit_of_work import Cause, CommandDeclined, UnitOfWork
from chassis.domain.decider import Command
from chassis.ports import BusUnavailable, StoreUnavailable
from chassis.service.context import CommandRefused, CommandResult, Entity
from chassis.support import failpoints

TRIES = 5
REMEMBERED = timedelta(hours=24)
INLINE_SECONDS = 2.0  # of waiting for the log; after that the scheduler publishes the outbox


@dataclass(frozen=True, slots=True)
class CommandRequest:
    """A command for one document and its preconditions."""

    aggregate: str
    key: str
    command: Command
    now: datetime
    if_match: int | None = None
    idempotency_key: str | None = None
    body_hash: str = ""
    principal: str = ""

    @property
    def stored_key(self) -> str | None:
        """The idempotency key as stored: per principal."""
        return None if self.idempotency_key is None else f"{self.principal} {self.idempotency_key}"


async def execute(runner: Runner, request: CommandRequest) -> CommandResult:
    """Raises CommandRefused 412 `stale`, 422 `idempotency_key_reused`, 409 with a decider's code, 503 `busy`."""
    store = runner.aggregates[request.aggregate]
    work = UnitOfWork(request.aggregate, request.key)
    id = request.idempotency_key or request.command.ref or str(uuid4())
    save_id = id_hash("request", str(uuid4()))
    unconfirmed: tuple[Any, ...] | None = None  # events of a save whose result is unknown
    for attempt in range(TRIES):
        if attempt:
            await runner.back_off(attempt)
        await runner.load([work])
        if unconfirmed is not None and seen_digest(work.stored.seen, save_id) is not None:
            work.events = list(unconfirmed)  # that save had succeeded
            return await _publish(runner, work)
        replayed = _replayed_result(work, request)
        if replayed is not None:
            return replayed
        if request.if_match is not None and request.if_match != work.stored.rev:
            raise CommandRefused(412, "stale", f"The record is at revision {work.stored.rev}, not {request.if_match}.")
        _decide(runner, work, request, id, save_id)
        if not work.changed:
            return CommandResult(to_entity(work), tuple(work.events))
        try:
            documents = [store.to_document(work, {})]
            failpoints.reach("ask.save.before")
            conflicts = await runner.store.save(store.codec.name, documents)
            failpoints.reach("ask.save.after")
        except StoreUnavailable:
            unconfirmed = tuple(work.events)
            continue
        if not conflicts:
            return await _publish(runner, work)
    if unconfirmed is not None:
        raise StoreUnavailable("the store did not confirm whether the command was saved")
    raise CommandRefused(503, "busy", "Other requests are changing this record; retry in a moment.")


def _decide(runner: Runner, work: UnitOfWork, request: CommandRequest, id: str, save_id: bytes) -> None:
    stored = work.stored
    # With the sequence in the cause's id, a key that is used again after a day gives new event ids.
    cause = Cause(
        request.principal, f"{id}#{stored.outbox_sequence}", id, not request.command.live, published_as=id)
    try:
        runner.aggregates[work.aggregate].decide(work, [request.command], cause)
    except CommandDeclined as declined:
        raise CommandRefused(409, declined.reason.code, declined.reason.message) from None
    stored.seen = ring_with(stored.seen, save_id, b"")
    key = request.stored_key
    if key is not None:
        used = UsedIdempotencyKey(
            key, request.body_hash, stored.rev, pack_events(tuple(work.events)), millis(request.now))
        stored.used_keys = (*_recent_keys(stored, request.now), used)
        work.changed = True


def _replayed_result(work: UnitOfWork, request: CommandRequest) -> CommandResult | None:
    """The result of the request that used this idempotency key before."""
    key = request.stored_key
    if key is None:
        return None
    for used in _recent_keys(work.stored, request.now):
        if used.key == key:
            if used.body_hash != request.body_hash:
                raise CommandRefused(
                    422, "idempotency_key_reused", "This Idempotency-Key was used before with a different request.")
            return CommandResult(to_entity(work), unpack_events(used.events), replayed=True)
    return None


def _recent_keys(stored: StoredAggregate, now: datetime) -> tuple[UsedIdempotencyKey, ...]:
    since = millis(now - REMEMBERED)
    return tuple(used for used in stored.used_keys if used.at >= since)


async def _publish(runner: Runner, work: UnitOfWork) -> CommandResult:
    result = CommandResult(to_entity(work), tuple(work.events))
    try:
        async with asyncio.timeout(INLINE_SECONDS):
            await runner.publish([work])
            failpoints.reach("ask.publish.after")
            await runner.clear_outboxes([work])
    except (TimeoutError, BusUnavailable, StoreUnavailable):
        pass  # the command is saved: the scheduler publishes its outbox
    return result


def to_entity(work: UnitOfWork) -> Entity:
    updated = work.stored.updated
    return Entity(work.key, work.state, work.stored.rev, None if updated is None else from_micros(updated))
