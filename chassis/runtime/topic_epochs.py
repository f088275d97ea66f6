"""Going on with a topic whose log was made anew or cut short: a new epoch of it, in which old fences do not count.

Everything that was taken in stays: documents, figures, facts and ids, by which events that are said again are known
again. What lay in the old log unread is gone with it. Killed at any point, it may be begun again.
"""
from collections.abc import Sequence
from dataclasses import dataclass

from chassis.aggregates.fence_keys import PER_TOPIC
from chassis.ports import TopicPartition
from chassis.runtime.application import Application
from chassis.support.errors import ActionableError

PAGE = 500


class StillRead(ActionableError):
    """A service reads the log: it would go on by its old fences."""


@dataclass(frozen=True, slots=True)
class Begun:
    """`published`: events that documents still owed for what they had heard in the old epoch."""

    service: str
    topics: tuple[str, ...]
    published: int


async def begin_epoch(application: Application, topics: Sequence[str]) -> Begun:
    """Of those of the topics that this service hears. It is started, and does not run; nor does another one of it."""
    app = application
    mine = tuple(t for t in app.topics if t in topics)
    if (await app.bus.groups()).get(app.group, 0):
        raise StillRead(f"{app.group} has members: stop {app.service} first.")
    if not mine:
        return Begun(app.service, (), 0)
    for topic in mine:
        await app.runner.fence_keys.begin_epoch(app.store, topic)
    published = await _publish_what_is_owed(app)
    begins = await app.bus.begin_offsets(mine)
    if app.projector is not None:
        for place, begin in sorted(begins.items()):
            await app.projector.begin_epoch(place, begin)
    await _forget_commits(app, set(mine))
    await app.progress.forget(begins)  # the last: as long as it is there no service goes on
    return Begun(app.service, mine, published)


async def _publish_what_is_owed(app: Application) -> int:
    """Whoever reads on from the old offsets would have published it; now nobody does."""
    retired, published = app.runner.fence_keys.retired(), 0
    for name, room in app.runner.aggregates.items():
        after = ""
        while ids := await app.store.ids(room.codec.name, after=after, limit=PAGE):
            published += await app.runner.publish_of(name, ids, lambda place: place // PER_TOPIC in retired)
            after = ids[-1]
    return published


async def _forget_commits(app: Application, topics: set[str]) -> None:
    """A group forgets all or nothing, so what it has read of the other topics is committed again. Killed between the
    two it reads those from their beginning, and its fences pass over what they know."""
    committed = await app.bus.committed(app.group, app.topics)
    kept = {place: offset for place, offset in committed.items() if place.topic not in topics}
    if len(kept) == len(committed):
        return
    await app.bus.remove_group(app.group)
    if not kept:
        return
    member = app.bus.consumer(app.group, app.topics)
    await member.start()
    try:
        wanted: set[TopicPartition] = set(kept)
        while not wanted <= member.assignment():
            await member.poll(1, 0.5)
        await member.commit(kept)
    finally:
        await member.stop()
