"""Rebuild: counts all figures of a service again from the beginning of the log, beside the live ones.

It has a consumer group, a journal and cells of its own, and publishes nothing, so the running service is not affected.
When it has caught up, one write makes its generation the live one; it counts on until the service has taken over. A
rebuild that was killed continues where it stopped.
"""
import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from chassis.aggregates import FailedRecord
from chassis.dead_letters import DeadLetterRepository
from chassis.ports import GroupInUse
from chassis.projections import Projector
from chassis.projections.generations import GenerationComparison, compare_generations
from chassis.runtime.application import Application
from chassis.runtime.event_processors import ProjectionProcessor
from chassis.runtime.progress import Progress
from chassis.runtime.worker import Worker
from chassis.support.errors import ActionableError
from chassis.support.metrics import Metrics

LOOK_SECONDS = 0.3
TAKE_OVER_SECONDS = 4.0  # the service checks every second, finishes its batch, and rejoins
TRIES = 20
CLOSE = 1000  # records: while events keep arriving, it is hardly ever at the very end


class CannotRebuild(ActionableError):
    """The service has no figures, or the log no longer has all records that they were counted from."""


class DiscardedDeadLetters(DeadLetterRepository):
    """Publishes nothing: the live generation has published these dead letters already."""

    async def dead_letter(self, dead: Sequence[FailedRecord]) -> None: ...


@dataclass(frozen=True, slots=True)
class RebuildResult:
    """The previous and the new live generation, and how their figures differ."""

    before: str
    now: str
    compared: GenerationComparison


class Rebuild:
    """`async with Rebuild(application).running() as rebuild:`; the application is started but not running."""

    def __init__(self, application: Application) -> None:
        if application.components.projection is None:
            raise CannotRebuild(
                f"{application.service} has no figures that are counted from the log. Its records are state: back them "
                "up, they cannot be rebuilt.")
        self._app, self._projection = application, application.components.projection
        self.generation = ""
        self.group = ""
        self._projector: Projector

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Rebuild"]:
        app = self._app
        await self._check_log_is_complete()
        self.generation = await app.generations.begin()
        self.group = f"{app.group}.rebuild.{self.generation}"
        self._projector = app.projector_for(self._projection, self.generation)
        processor = ProjectionProcessor(self._projector, app.bus)
        await processor.start()
        progress = Progress(app.service, app.store, app.bus, await app.bus.identity())
        dead_letters = DiscardedDeadLetters(app.service, app.topics, app.store, app.bus)
        worker = Worker(
            app.service, app.topics, app.bus, [processor], app.decode, dead_letters, progress,
            group=self.group, health=app.health, metrics=Metrics(app.service), batch=2 * app.settings.batch)
        task = asyncio.create_task(worker.run())
        try:
            yield self
        finally:
            await worker.stop()
            await task

    async def remaining(self) -> tuple[int, int]:
        """(records still to be counted, records in the log)."""
        app = self._app
        ends, committed = await app.bus.end_offsets(app.topics), await app.bus.committed(self.group, app.topics)
        return sum(end - committed.get(partition, 0) for partition, end in ends.items()), sum(ends.values())

    async def switch(self) -> RebuildResult:
        """Make this generation the live one, when at most CLOSE records remain; it counts on during the take-over."""
        app = self._app
        live = (await app.generations.pointer()).live
        await app.generations.switch(self.generation)
        await asyncio.sleep(TAKE_OVER_SECONDS)
        before = app.projector_for(self._projection, live).collections
        compared = await compare_generations(app.store, before, self._projector.collections)
        return RebuildResult(live, self.generation, compared)

    async def clean_up(self, *, foreign: bool = False) -> int:
        """After `running`: remove the group and obsolete generations; returns the number of deleted documents.

        `foreign`: also generations of other definitions.
        """
        for _ in range(TRIES):
            try:
                await self._app.bus.remove_group(self.group)
                break
            except GroupInUse:  # Kafka learns with a delay that a member has left
                await asyncio.sleep(LOOK_SECONDS)
        generations = self._app.generations
        obsolete = [*await generations.obsolete(), *(await generations.foreign() if foreign else [])]
        return sum([await generations.drop(generation) for generation in obsolete])

    async def _check_log_is_complete(self) -> None:
        begins = await self._app.bus.begin_offsets(self._app.topics)
        epoch_of = self._app.runner.fence_keys.epoch_of
        short = sorted({p.topic for p, offset in begins.items() if offset or epoch_of(p.topic)})
        if short:
            raise CannotRebuild(
                f"The log no longer has the beginning of {', '.join(short)}: a rebuild would lose the figures of "
                "that time. Keep the current figures.")
