"""What reading gives, and the words that every part of the envelope shares."""
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec

from chassis.domain.handlers import Meta
from chassis.messages.codec import Fault
from chassis.ports import Record

MAX_BYTES = 256 * 1024
AHEAD = timedelta(hours=24)
WEEK = timedelta(days=7)
JSON = b"application/json"
REPLAY_FOR = "ce_triptychreplayfor"
CORE = frozenset({"specversion", "id", "source", "type", "time", "partitionkey", "datacontenttype", "dataschema"})
NOT_JSON = (msgspec.DecodeError, RecursionError, UnicodeError)
Attributes = Mapping[str, Any]
Opened = tuple[Attributes, bytes, dict[str, str]]
"""The attributes, the bytes of the data in UTF-8, and the extensions as texts."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why a record cannot be taken: a stable code, words for people, and for the HTTP door where the faults are."""

    code: str
    message: str
    faults: tuple[Fault, ...] = ()


class Message(msgspec.Struct, frozen=True, gc=False):
    """One event as it arrived. `digest` is equal for payloads that say the same; `data` is the payload as sent.

    `replay_for`: the one service that a dead letter is given back to, `service/id of the letter`.
    """

    event: Any
    meta: Meta
    key: str
    digest: str
    record: Record | None = None
    extensions: Mapping[str, str] = {}
    data: bytes = b""
    replay_for: bytes | None = None


class Bad(Exception):
    """Ends the reading of one record."""

    def __init__(self, code: str, message: str, *faults: Fault) -> None:
        super().__init__(message)
        self.rejected = Rejected(code, message, faults)


def extension_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
