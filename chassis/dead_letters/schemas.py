"""Response schemas of the dead letter routes that every service has."""
from datetime import datetime
from typing import Literal

from chassis.http.responses import TypedDict

Status = Literal["open", "replaying", "replayed", "discarded"]


class RefusedRecord(TypedDict):
    """Position of a rejected record in the log, and its event attributes where they could be read."""

    topic: str
    partition: int
    offset: int
    appended_at: datetime
    event_id: str | None
    event_source: str | None
    event_type: str | None


class ServicesLetter(TypedDict):
    """The dead letter of one service for a record."""

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
    """A record that a service could not process: its position, the reason, and its status."""


class WholeDeadLetter(DeadLetter):
    """With the original record: text, or `base64:…`."""

    key: str | None
    value: str | None
    headers: dict[str, str]


class RefusedDeadLetter(DeadLetter):
    refused: str


class Replayed(TypedDict):
    """`at`: time of the request; sent as `before` in the next one, it leaves newer dead letters out."""

    at: str
    matched: int
    dry_run: bool
    items: list[DeadLetter]
    refused: list[RefusedDeadLetter]
