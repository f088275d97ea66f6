"""Events to and from JSON: msgspec on the topics, pydantic where all errors are reported at once.

The wire form: snake_case; optional fields that are None are left out; `given` is never written. A patch (RFC 7396)
writes what is named in `given`, nulls too, and reading fills `given` with the fields that were sent. A null inside an
object of a patch (`contact: {email: null}`) is named with a dot: `contact.email`. A field that ends in `_` because
its name is a Python keyword has no `_` on the wire (`from_` is `from`).
"""
from chassis.messages.codec.decoder import decode_data, decoder_for, event_class, from_builtins
from chassis.messages.codec.encoder import canonical, encode_data, to_wire
from chassis.messages.codec.errors import FieldError, InvalidData
from chassis.messages.codec.merge_patch import merge, merge_json
from chassis.messages.codec.validation import (
    error_from_msgspec,
    json_schema,
    strip_generated_text,
    type_adapter,
    validate_rest,
    validation_errors,
)

__all__ = (
    "FieldError",
    "InvalidData",
    "canonical",
    "decode_data",
    "decoder_for",
    "encode_data",
    "error_from_msgspec",
    "event_class",
    "from_builtins",
    "json_schema",
    "merge",
    "merge_json",
    "strip_generated_text",
    "to_wire",
    "type_adapter",
    "validate_rest",
    "validation_errors",
)
