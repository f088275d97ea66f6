"""Cut-offs of one segmentation, and how far its customers have been sent the latest version."""
from collections.abc import Mapping
from datetime import date, datetime

import msgspec

from chassis.domain.decider import State, replace
from chassis.domain.decision import EventHandlers


class CutoffsState(State, frozen=True):
    """`announced`: the last version that every customer was sent; `announced_upto`: last customer sent the next one.

    `definitions`: those in force when the version was made; earlier releases did not store them.
    """

    segmentation: str
    version: int = 0
    as_of: date | None = None
    moved_at: datetime | None = None
    cutoffs: Mapping[str, tuple[int, ...]] = {}
    base: str = ""
    announced: int = msgspec.field(default=0, name="told")
    definitions: str = ""
    announced_upto: str | None = msgspec.field(default=None, name="reached")


class CutoffsMoved(State, frozen=True):
    """A new version of the cut-offs."""

    as_of: date
    at: datetime
    cutoffs: Mapping[str, tuple[int, ...]]
    base: str
    definitions: str


class CutoffBaseChanged(State, frozen=True):
    """The customer base has changed, the cut-offs have not."""

    base: str


class CutoffsAnnounced(State, frozen=True):
    """Customers up to this id were sent the present version; None: all were."""

    upto: str | None


def _moved(state: CutoffsState, event: CutoffsMoved) -> CutoffsState:
    return replace(state, version=state.version + 1, as_of=event.as_of, moved_at=event.at, cutoffs=event.cutoffs,
                   base=event.base, definitions=event.definitions, announced_upto=None)


def _announced(state: CutoffsState, event: CutoffsAnnounced) -> CutoffsState:
    if event.upto is None:
        return replace(state, announced=state.version, announced_upto=None)
    return replace(state, announced_upto=max(event.upto, state.announced_upto or ""))


EVENTS: EventHandlers[CutoffsState] = {
    CutoffsMoved: _moved,
    CutoffBaseChanged: lambda state, event: replace(state, base=event.base),
    CutoffsAnnounced: _announced,
}
