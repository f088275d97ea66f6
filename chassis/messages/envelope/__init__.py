"""CloudEvents 1.0 over the log and the HTTP door: both content modes are read, binary is written.

Nothing here raises for what a stranger sent: the answer is a `Message`, `Rejected` with a stable code, or None for a
known type that the reader does not hear. Codes: too_large, not_json, not_cloudevents, invalid, unknown_type,
unknown_version, wrong_topic, key_mismatch, wrong_partition, in_the_future, lines_do_not_add_up.
"""
from chassis.messages.envelope.decoder import decode, decode_structured
from chassis.messages.envelope.encoder import Frame, encode, forward, framed, structured, written, written_time
from chassis.messages.envelope.model import AHEAD, MAX_BYTES, REPLAY_FOR, WEEK, Message, Rejected
from chassis.messages.envelope.validation import digest_of
from chassis.ports.partitioner import partition_of

__all__ = (
    "AHEAD", "MAX_BYTES", "REPLAY_FOR", "WEEK", "Frame", "Message", "Rejected", "decode", "decode_structured",
    "digest_of", "encode", "forward", "framed", "partition_of", "structured", "written", "written_time",
)
