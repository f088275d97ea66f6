"""CloudEvents 1.0 on the log and over HTTP: both content modes are read, binary mode is written.

Nothing here raises for invalid input: the result is a `Message`, a `RejectedMessage` with a stable code, or None for a
known type that the reader does not consume. Codes: too_large, not_json, not_cloudevents, invalid, unknown_type,
unknown_version, wrong_topic, key_mismatch, wrong_partition, in_the_future, lines_do_not_add_up.
"""
from chassis.messages.envelope.decoder import decode, decode_structured
from chassis.messages.envelope.encoder import (
    HeaderFrame,
    encode,
    encode_with_frame,
    format_time,
    forward,
    header_frame,
    to_structured,
)
from chassis.messages.envelope.model import AHEAD, MAX_BYTES, REPLAY_FOR, WEEK, Message, RejectedMessage
from chassis.messages.envelope.validation import content_digest
from chassis.ports.partitioner import partition_of

__all__ = (
    "AHEAD",
    "MAX_BYTES",
    "REPLAY_FOR",
    "WEEK",
    "HeaderFrame",
    "Message",
    "RejectedMessage",
    "content_digest",
    "decode",
    "decode_structured",
    "encode",
    "encode_with_frame",
    "format_time",
    "forward",
    "header_frame",
    "partition_of",
    "to_structured",
)
