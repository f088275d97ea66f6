"""Results of decoding, and the constants that encoder and decoder share."""
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec

from chassis.domain.handlers import Meta
from chassis.messages.codec import FieldError
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
class RejectedMessage:
    """Why a record was rejected: a stable code, a message, and the fields in error for HTTP clients."""

    code: str
    message: str
    errors: tuple[FieldError, ...] = ()


class Message(msgspec.Struct, frozen=True, gc=False):
    """One event as it arrived. `digest` is equal for payloads of equal content; `data` is the payload as sent.

    `replay_for`: the one service that a dead letter is replayed to, `service/dead letter id`.
    """

    event: Any
    meta: Meta
    key: str
    digest: str
    record: Record | None = None
    extensions: Mapping[str, str] = {}
    data: bytes = b""
    replay_for: bytes | None = None


class EnvelopeError(Exception):
    """Rejects one record or request; `rejected` has the reason."""

    def __init__(self, code: str, message: str, *faults: FieldError) -> None:
        super().__init__(message)
        self.rejected = RejectedMessage(code, message, faults)


def extension_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
