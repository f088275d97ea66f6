"""What the routes that every service has answer."""
from datetime import datetime
from typing import Literal

from chassis.http.responses import TypedDict

Status = Literal["open", "replaying", "replayed", "discarded"]


class RefusedRecord(TypedDict):
    """A record that lay in the log, and what event it was, if that could be read."""

    topic: str
    partition: int
    offset: int
    appended_at: datetime
    event_id: str | None
    event_source: str | None
    event_type: str | None


class ServicesLetter(TypedDict):
    """The letter of one service about a record."""

    id: str
    service: str
    code: str
    error: str
    first_failed_at: datetime
    replays: int
    status: Status
    note: str
    version: str


class DeadLetter(RefusedRecord, ServicesLetter):
    """A record that a service could not take: where it lay, why, and what has been done about it."""


class WholeDeadLetter(DeadLetter):
    """With the record as it came: text, or `base64:…`."""

    key: str | None
    value: str | None
    headers: dict[str, str]


class RefusedDeadLetter(DeadLetter):
    refused: str


class Replayed(TypedDict):
    """`at`: when it was asked; sent back as `before`, letters that came since are left alone."""

    at: str
    matched: int
    dry_run: bool
    items: list[DeadLetter]
    refused: list[RefusedDeadLetter]
