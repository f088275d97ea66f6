"""Events to and from JSON: msgspec on the topics, pydantic where a person waits for every fault at once.

The wire form: snake_case; optional fields that are None are left out; `given` is never written. A patch (RFC 7396)
writes what is named in `given`, nulls too, and reading fills `given` with the fields that were sent. A null inside an
object of a patch (`contact: {email: null}`) is named with a dot: `contact.email`. A field that ends in `_` because
Python keeps the word for itself stands without it on the wire (`from_` is `from`).
"""
from chassis.messages.codec.decoder import class_of, decode_data, from_dict, reader
from chassis.messages.codec.encoder import canonical, data_of, encode_data
from chassis.messages.codec.errors import Fault, Invalid
from chassis.messages.codec.merge_patch import merge, merge_json
from chassis.messages.codec.validation import (
    adapter,
    fault_of,
    faults_of,
    json_schema,
    validate_rest,
    without_made_up_text,
)

__all__ = (
    "Fault", "Invalid", "adapter", "canonical", "class_of", "data_of", "decode_data", "encode_data", "fault_of",
    "faults_of", "from_dict", "json_schema", "merge", "merge_json", "reader", "validate_rest", "without_made_up_text",
)
