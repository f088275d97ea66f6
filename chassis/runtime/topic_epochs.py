"""Topic epochs: continue with a topic whose log was recreated or truncated; fences of the old log do not apply to it.

Documents, figures, facts and event ids stay, so events that are published again are recognised. Unread records of the
old log are lost with it. An interrupted change of the epoch can be repeated.
"""
from collections.abc import Sequence
from dataclasses import dataclass

from chassis.aggregates.fence_keys import PER_TOPIC
from chassis.ports import TopicPartition
from chassis.runtime.application import Application
from chassis.support.errors import ActionableError

PAGE = 500


class TopicInUse(ActionableError):
    """A running service would continue with its old fences."""


@dataclass(frozen=True, slots=True)
class EpochStarted:
    """`published`: outbox entries caused by records of the old epoch."""

    service: str
    topics: tuple[str, ...]
    published: int


async def begin_epoch(application: Application, topics: Sequence[str]) -> EpochStarted:
    """Begin an epoch of those topics that the service consumes. The application is started, and no instance runs.

    Raises TopicInUse.
    """
    app = application
    consumed = tuple(t for t in app.topics if t in topics)
    if (await app.bus.groups()).get(app.group, 0):
        raise TopicInUse(f"{app.group} has members: stop {app.service} first.")
    if not consumed:
        return EpochStarted(app.service, (), 0)
    for topic in consumed:
        await app.runner.fence_keys.begin_epoch(app.store, topic)
    published = await _publish_outboxes(app)
    begins = await app.bus.begin_offsets(consumed)
    if app.projector is not None:
        for partition, begin in sorted(begins.items()):
            await app.projector.begin_epoch(partition, begin)
    await _remove_commits(app, set(consumed))
    await app.progress.forget(begins)  # last: while it exists, no service continues
    return EpochStarted(app.service, consumed, published)


async def _publish_outboxes(app: Application) -> int:
    """Nobody continues from the old offsets, so nobody else would publish these entries."""
    retired, published = app.runner.fence_keys.retired_topics(), 0
    for name, store in app.runner.aggregates.items():
        after = ""
        while ids := await app.store.ids(store.codec.name, after=after, limit=PAGE):
            published += await app.runner.publish_retired(name, ids, lambda key: key // PER_TOPIC in retired)
            after = ids[-1]
    return published


async def _remove_commits(app: Application, topics: set[str]) -> None:
    """A group can only be removed as a whole, so the offsets of its other topics are committed again. After a crash
    between the two it reads those topics from their beginning, and its fences skip what was applied."""
    committed = await app.bus.committed(app.group, app.topics)
    kept = {partition: offset for partition, offset in committed.items() if partition.topic not in topics}
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
