"""Application: one running service with its worker, scheduler, jobs, audit and HTTP apps. Implements `ServiceContext`.

    application = Application(SERVICE, settings, store, bus, definitions)
    await application.start()      # checks, collections, topics
    await application.run()        # consumes until stop(); its apps: application.api(), application.management()
"""
import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from fastapi import APIRouter, FastAPI

from chassis import dead_letters
from chassis.adapters.batching_store import BatchingStore
from chassis.aggregates import Runner
from chassis.dead_letters import DeadLetterRepository, StormGuard
from chassis.domain.definitions import Definitions, company_zone
from chassis.domain.projection import Projection
from chassis.http import health
from chassis.http.access import IdentitySealer
from chassis.http.access.middleware import SealedIdentityMiddleware
from chassis.http.health import HealthState
from chassis.http.routing import create_app
from chassis.messages.envelope import Message, RejectedMessage, decode
from chassis.ports import Bus, LogRecreated, Record, Store, StoreUnavailable
from chassis.projections import Projector
from chassis.projections.generations import Generations
from chassis.runtime.audit import Auditor, SequenceAudit
from chassis.runtime.event_processors import AggregateProcessor, EventProcessor, ProjectionProcessor
from chassis.runtime.progress import Progress
from chassis.runtime.retention import EVERY_SECONDS, Retention
from chassis.runtime.service_context import RuntimeContext
from chassis.runtime.timers import DeadlineScheduler, run_periodically
from chassis.runtime.worker import Worker
from chassis.service.description import Service
from chassis.support import failpoints
from chassis.support.cancellation import cancellation_requested
from chassis.support.metrics import Metrics
from chassis.support.retention_bounds import parse_bounds
from chassis.support.settings import Settings
from contracts.kinds import EVENTS
from contracts.topics import PARTITIONS, TOPICS

VERSION = "0.1.0"
LOOP_SECONDS = 1.0

log = structlog.get_logger(__name__)


def group_of(service: str) -> str:
    """The consumer group of a service."""
    return f"triptych.{service}"


class Application(RuntimeContext):
    """One service on one store and one log. Call `start` first."""

    def __init__(
        self, service: Service, settings: Settings, store: Store, bus: Bus, definitions: Definitions, *,
        version: str = VERSION, readers: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """`readers`: the consumer groups of all services by topic, needed for retention."""
        self.description, self.service, self.settings = service, service.name, settings
        self.store, self.bus, self.definitions, self.version = store, bus, definitions, version
        self.components = service.build(definitions)
        self.zone = zone_of(settings, definitions)
        self.metrics, self.health = Metrics(service.name, version), HealthState(service.name)
        self.health.on_change = lambda ready: self.metrics.set(self.metrics.ready, int(ready))
        self.group = group_of(service.name)
        self.topics = service.topics
        self.dead_letters = DeadLetterRepository(
            service.name, self.topics, store, bus, group=self.group, version=version, metrics=self.metrics,
            guard=StormGuard())
        self.runner: Runner
        self.auditor: Auditor
        self.progress: Progress
        self.worker: Worker | None = None
        self.scheduler: DeadlineScheduler | None = None
        self._readers = readers or {}
        self.generation = self.components.generation
        self.generations = Generations(service.name, store, self.components.generation)
        self.projector: Projector | None = None
        self._projection_processor: ProjectionProcessor | None = None
        self._consumed_types = frozenset(EVENTS[c].name for c in service.consumes)
        self._trusted = frozenset(s.strip() for s in settings.trusted_sources.split(",") if s.strip())
        self._stopping = asyncio.Event()
        self._replaced_producers = 0

    # --- life cycle --------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Check and prepare topics and collections; then requests can be answered. Raises what prevents running."""
        topics = {EVENTS[c].topic for c in self.description.publishes} | set(self.topics)
        failpoints.reach("start.topics.before")
        await self.bus.ensure_topics({t: TOPICS[t].partitions if t in TOPICS else PARTITIONS for t in sorted(topics)})
        await self.bus.ensure_topics(self.dead_letters.needed_topics())
        failpoints.reach("start.topics.after")
        identity = await self.bus.identity()
        progress = self.progress = Progress(self.service, self.store, self.bus, identity)
        await self.store.ensure([*self.components.collections, self.dead_letters.collection, progress.collection])
        failpoints.reach("start.collections.after")
        self.runner = Runner(
            self.service, self.components, self.store, self.bus, self.dead_letters.dead_letter, identity=identity,
            topics=self.topics, metrics=self.metrics, effects_within=self.settings.effects_within)
        self.auditor = Auditor(
            self.runner, self.store, SequenceAudit(
                self.runner, self.store, self.bus, publishes=(EVENTS[c].topic for c in self.description.publishes),
                consumes=self.topics, group=self.group),
            lambda: self.projector, metrics=self.metrics)
        processors: list[EventProcessor] = []
        if self.components.aggregates:
            processors.append(AggregateProcessor(self.runner))
            self.scheduler = DeadlineScheduler(
                self.runner, self.store, self.bus, group=self.group, topics=self.topics, now=self.now,
                health=self.health)
        if self.components.projection is not None:
            await self.store.ensure([self.generations.collection])
            self.generation = (await self.generations.pointer()).live
            self.projector = self.projector_for(self.components.projection, self.generation)
            self._projection_processor = ProjectionProcessor(self.projector, self.bus)
            processors.append(self._projection_processor)
        for processor in processors:
            await processor.start()
        if self.topics and processors:
            self.worker = Worker(
                self.service, self.topics, self.bus, processors, self.decode, self.dead_letters, progress,
                group=self.group, health=self.health, metrics=self.metrics, batch=self.settings.batch)
        self.health.start()

    async def run(self) -> None:
        """Consume, fire deadlines, run jobs, until `stop`."""
        async with asyncio.TaskGroup() as group:
            if self.worker is not None:
                group.create_task(self._consume(self.worker))
            if self.scheduler is not None:
                group.create_task(self.scheduler.run())
            for job in self.description.jobs:
                group.create_task(run_periodically(job.name, job.every_seconds, partial(job.run, self), self._stopping))
            if bounded := self._bounded_topics():
                retention = Retention(self.bus, bounded, self._readers, self.now)
                group.create_task(run_periodically("retention", EVERY_SECONDS, retention.drop, self._stopping))
            group.create_task(self.auditor.run(self.settings.audit_seconds, self._stopping))
            group.create_task(self._measure())

    def _bounded_topics(self) -> Mapping[str, int]:
        """{topic: days} of the topics whose retention is this service's task: of its readers the first by name, else
        the first service."""
        first = min((group for groups in self._readers.values() for group in groups), default=self.group)
        return {
            topic: days for topic, days in parse_bounds(self.settings.keep_days).items()
            if min(self._readers.get(topic, ()), default=first) == self.group}

    def projector_for(self, projection: Projection, generation: str) -> Projector:
        return Projector(projection, BatchingStore(self.store), self.service, generation)

    async def _follow_generation(self) -> None:
        """When another generation has become the live one: read from it, and count in it."""
        if self.components.projection is None or self._projection_processor is None:
            return
        live = (await self.generations.pointer()).live
        if live == self.generation:
            return
        log.info("generation_switched", service=self.service, before=self.generation, now=live)
        self.generation = live
        projector = self.projector = self.projector_for(self.components.projection, live)
        if self.worker is not None:
            self.worker.rejoin(partial(self._projection_processor.use_projector, projector))

    async def _consume(self, worker: Worker) -> None:
        """On a recreated log the service stays up but not ready, and its health shows the reason."""
        try:
            await worker.run()
        except LogRecreated:
            pass
        except asyncio.CancelledError as error:
            if cancellation_requested():
                raise
            # a task group ignores a cancelled child: the service would never consume again
            raise RuntimeError("the consume loop was cancelled although the service was not stopped") from error

    async def _measure(self) -> None:
        while not self._stopping.is_set():
            began = time.perf_counter()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), LOOP_SECONDS)
            self.metrics.observe(self.metrics.loop_lag, max(0.0, time.perf_counter() - began - LOOP_SECONDS))
            replaced, self._replaced_producers = (
                self.bus.replaced_producers - self._replaced_producers, self.bus.replaced_producers)
            self.metrics.add(self.metrics.producers, replaced)
            with contextlib.suppress(StoreUnavailable):  # checked again in a second
                await self._follow_generation()

    async def stop(self) -> None:
        """Drain: finish the current batch, commit, leave the group."""
        self.health.drain()
        self._stopping.set()
        if self.scheduler is not None:
            await self.scheduler.stop()
        if self.worker is not None:
            await self.worker.stop()

    def api(self) -> FastAPI:
        """The service's own routes and those that every service has, without access control."""
        routers: list[APIRouter] = [self.description.api(self)] if self.description.api is not None else []
        routers.append(dead_letters.router(self, self.dead_letters))
        return create_app(self.service, routers, version=self.version)

    def guarded(self, seal: IdentitySealer) -> SealedIdentityMiddleware:
        """The same routes for the gateway: requests need its seal, which carries the scope of the caller."""
        return SealedIdentityMiddleware(self.api(), seal, self.service)

    def management(self) -> FastAPI:
        return health.management_app(self.health, self.metrics, version=self.version)

    def decode(self, record: Record) -> Message | RejectedMessage | None:
        return decode(
            record, effects_within=self.settings.effects_within, trusted=self._trusted, consumes=self._consumed_types)


def zone_of(settings: Settings, definitions: Definitions) -> ZoneInfo:
    """The company's: of the settings, else of `definitions/calendar.yaml`, else UTC."""
    if settings.timezone is not None:
        return ZoneInfo(settings.timezone)
    return company_zone(definitions)
