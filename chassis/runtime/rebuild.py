"""Counting all figures of a service anew beside the live ones, from the beginning of the log, publishing nothing.

It has a group, a journal and cells of its own, so the living service goes on undisturbed. When it has caught up, one
write makes it the live counting; it goes on for a moment, until the service has taken over. Killed at any point it is
begun again where it stopped.
"""
import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from chassis.aggregates import FailedRecord
from chassis.dead_letters import DeadLetterRepository
from chassis.ports import GroupInUse
from chassis.projections import Projector
from chassis.projections.generations import Compared, compare
from chassis.runtime.application import Application
from chassis.runtime.event_processors import Projecting
from chassis.runtime.progress import Progress
from chassis.runtime.worker import Worker
from chassis.support.errors import ActionableError
from chassis.support.metrics import Metrics

LOOK_SECONDS = 0.3
TAKE_OVER_SECONDS = 4.0  # the service looks every second, finishes its batch, and joins again
TRIES = 20
CLOSE = 1000  # records: while events go on coming, it is hardly ever at the very end


class CannotRebuild(ActionableError):
    """There is nothing to be counted anew here, or not all of it."""


class Silent(DeadLetterRepository):
    """The dead letters of a reading that publishes nothing: the live one has told of them."""

    async def dead_letter(self, dead: Sequence[FailedRecord]) -> None: ...


@dataclass(frozen=True, slots=True)
class Switched:
    """From which generation to which, and whether they count the same."""

    before: str
    now: str
    compared: Compared


class Rebuild:
    """`async with Rebuild(application).running() as rebuild:` The application is started, and does not run."""

    def __init__(self, application: Application) -> None:
        if application.components.projection is None:
            raise CannotRebuild(
                f"{application.service} has no figures that are counted from the log. What it remembers of each "
                "record is kept as it is: it is backed up, never rebuilt.")
        self._app, self._projection = application, application.components.projection
        self.generation = ""
        self.group = ""
        self._projector: Projector

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Rebuild"]:
        app = self._app
        await self._refuse_a_shortened_log()
        self.generation = await app.generations.begin()
        self.group = f"{app.group}.rebuild.{self.generation}"
        self._projector = app.counting(self._projection, self.generation)
        projecting = Projecting(self._projector, app.bus)
        await projecting.start()
        progress = Progress(app.service, app.store, app.bus, await app.bus.identity())
        letters = Silent(app.service, app.topics, app.store, app.bus)
        worker = Worker(
            app.service, app.topics, app.bus, [projecting], app.decode, letters, progress,
            group=self.group, health=app.health, metrics=Metrics(app.service), batch=2 * app.settings.batch)
        task = asyncio.create_task(worker.run())
        try:
            yield self
        finally:
            await worker.stop()
            await task

    async def left(self) -> tuple[int, int]:
        """(records still to be counted, records in the log)."""
        app = self._app
        ends, committed = await app.bus.end_offsets(app.topics), await app.bus.committed(self.group, app.topics)
        return sum(end - committed.get(place, 0) for place, end in ends.items()), sum(ends.values())

    async def switch(self) -> Switched:
        """Once no more than CLOSE records are left: it goes on counting while the service takes over."""
        app = self._app
        live = (await app.generations.pointer()).live
        await app.generations.switch(self.generation)
        await asyncio.sleep(TAKE_OVER_SECONDS)
        compared = await compare(app.store, app.counting(self._projection, live).layout, self._projector.layout)
        return Switched(live, self.generation, compared)

    async def tidy(self, *, foreign: bool = False) -> int:
        """After `running`: forget the group and what earlier countings left; how many documents went.

        `foreign`: also what was counted under other definitions.
        """
        for _ in range(TRIES):
            try:
                await self._app.bus.remove_group(self.group)
                break
            except GroupInUse:  # Kafka hears of a member's leaving a little later
                await asyncio.sleep(LOOK_SECONDS)
        generations = self._app.generations
        gone = [*await generations.forgotten(), *(await generations.foreign() if foreign else [])]
        return sum([await generations.drop(generation) for generation in gone])

    async def _refuse_a_shortened_log(self) -> None:
        begins = await self._app.bus.begin_offsets(self._app.topics)
        short = sorted({place.topic for place, offset in begins.items() if offset or self._app.runner.fence_keys.epoch(
            place.topic)})
        if short:
            raise CannotRebuild(
                f"The log no longer holds the beginning of {', '.join(short)}: figures from before would be lost. "
                "Keep the ones you have.")
