"""Sequences of our own topics are fences, per source and subject; never against a dead letter that is given back."""
from dataclasses import replace
from typing import Any

from chassis.aggregates.documents import SEEN
from chassis.domain.decider import Decider
from chassis.domain.handlers import CommandFor
from chassis.messages.envelope import encode
from chassis.service.description import ServiceComponents
from contracts.lead_scoring import LeadScored
from tests.chassis.harness import COUNTER, NOON, SCORES, Add, Harness, decide, on_scored, scored

UNLUCKY = 13


def mended(command: Any, state: Any) -> Any:
    """The decider after its bug was found."""
    if isinstance(command, Add) and command.n == UNLUCKY:
        return [scored(state.key, state.total + command.n, command.ref)]
    return decide(command, state)


HEARING = ServiceComponents((COUNTER,), {LeadScored: on_scored})
MENDED = ServiceComponents((replace(COUNTER, decider=Decider(
    mended, COUNTER.decider.evolve, COUNTER.decider.initial_state, COUNTER.decider.next_deadline)),), HEARING.handlers)


async def make_harness(parts: ServiceComponents = HEARING, on: Harness | None = None) -> Harness:
    return await Harness(on and on.store, on and on.bus, parts).start()


async def say(harness: Harness, id: str, sequence: int, n: int = 1, key: str = "a", source: str = "/other") -> None:
    await harness.bus.publish([encode(scored(key, n, id), id=id, source=source, time=NOON, extensions={
        "sequence": sequence})])


async def added(harness: Harness, key: str = "copy-a") -> tuple[str, ...]:
    return (await harness.state(key)).added


async def test_a_dead_letter_counts_when_it_is_given_back_though_later_sequences_went_on():
    harness = await make_harness()
    await say(harness, "bad", 1, UNLUCKY)
    await say(harness, "later", 2)
    await harness.run(SCORES, hi=2)
    assert await added(harness) == ("later",)
    again = await make_harness(MENDED, harness)
    (letter,) = await again.letters.list()
    await again.letters.replay(letter.id)
    await again.run(SCORES)
    assert await added(again) == ("later", "bad")
    assert (await again.letters.list())[0].status == "replayed"


async def test_a_dead_letter_that_is_given_back_twice_counts_once_however_much_lies_between():
    """Whoever gave it back died before it was noted, and did it again long after: its id has left the ring by then."""
    harness = await make_harness()
    await say(harness, "bad", 1, UNLUCKY)
    await harness.run(SCORES)
    again = await make_harness(MENDED, harness)
    (letter,) = await again.letters.list()
    message = again.letters._replay_message(letter, None)
    await again.bus.publish([message])
    for sequence in range(2, SEEN + 10):
        await say(harness, f"e{sequence}", sequence)
    await again.bus.publish([message])
    await again.run(SCORES)
    assert (await added(again)).count("bad") == 1
    assert len(await added(again)) == SEEN + 9


async def test_an_older_sequence_is_passed_over_though_its_id_has_left_the_ring():
    harness = await make_harness()
    for sequence in range(1, SEEN + 10):
        await say(harness, f"e{sequence}", sequence)
    await say(harness, "e1", 1)
    await harness.run(SCORES)
    assert (await added(harness)).count("e1") == 1


async def test_sequences_of_another_source_or_subject_hold_nobody_up():
    harness = await make_harness(ServiceComponents((COUNTER,), {LeadScored: lambda event, meta: [
        CommandFor(ask.aggregate, "one", ask.command) for ask in on_scored(event, meta)]}))
    await say(harness, "x", 5)
    await say(harness, "y", 1, source="/another")
    await say(harness, "z", 1, key="b")
    await harness.run(SCORES)
    assert sorted(await added(harness, "one")) == ["x", "y", "z"]


async def test_a_dead_letter_that_comes_again_from_its_source_waits_like_the_first():
    """The source publishes its outbox again: a copy at another offset, while the bug is still there."""
    harness = await make_harness()
    await say(harness, "bad", 1, UNLUCKY)
    await say(harness, "bad", 1, UNLUCKY)
    await harness.run(SCORES)
    again = await make_harness(MENDED, harness)
    letters = await again.letters.list()
    assert len(letters) == 2
    for letter in letters:
        await again.letters.replay(letter.id)
    await again.run(SCORES)
    assert await added(again) == ("bad",)
