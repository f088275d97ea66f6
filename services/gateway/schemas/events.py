"""Response schemas of the event intake and the event feed."""
from datetime import datetime
from typing import Any

from pydantic import ConfigDict

from chassis.http.responses import NotRequired, ProblemBody, TypedDict


class EventVerdict(TypedDict):
    """`status` 202: appended to the log; 400: `problem` states the reason."""

    index: int
    id: Any
    status: int
    problem: NotRequired[ProblemBody]


class EventIntakeResult(TypedDict):
    accepted: int
    rejected: int
    items: list[EventVerdict]


class FeedEvent(TypedDict):
    """A CloudEvent as it was published, with its extension attributes."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    specversion: str
    type: str
    id: str
    source: str
    time: datetime
    partitionkey: NotRequired[str]
    datacontenttype: str
    data: dict[str, Any]


class EventFeedPage(TypedDict):
    """`next`: the cursor after these events, to be sent as `after`; always set."""

    items: list[FeedEvent]
    next: str
