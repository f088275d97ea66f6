"""Splits a record or a structured object into attributes, data and extensions."""
import base64
import binascii
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from chassis.messages.codec import FieldError
from chassis.messages.envelope.model import CORE, JSON, EnvelopeError, Opened, extension_text

_EXTENSION = re.compile(r"[a-z0-9]{1,64}", re.ASCII)
_BODY = CORE | {"data", "data_base64"}
_HEADERS = {f"ce_{name}": name for name in CORE}


def parse_record(headers: Mapping[str, bytes], value: bytes) -> Opened:
    """Attributes, data and extensions of a record in either content mode, chosen by its content type."""
    content = _content_type(headers.get("content-type", JSON))
    if content[0].startswith("application/cloudevents"):
        return parse_structured(value, content)
    return _binary(headers, value, content)


@lru_cache(maxsize=256)
def _content_type(value: bytes) -> tuple[str, str]:
    """(media type, charset), both in lower case."""
    kind, *parameters = value.decode("utf-8", "replace").lower().split(";")
    for parameter in parameters:
        name, _, charset = parameter.strip().partition("=")
        if name.strip() == "charset":
            return kind.strip(), charset.strip().strip('"')
    return kind.strip(), "utf-8"


def _text(value: bytes, charset: str) -> bytes:
    """The same JSON in UTF-8."""
    if charset in ("utf-8", "utf8", "us-ascii"):
        return value
    try:
        return value.decode(charset).encode()
    except (LookupError, UnicodeError) as error:
        raise EnvelopeError("not_json", f"is not {charset[:40]!r} text") from error


def _binary(headers: Mapping[str, bytes], value: bytes, content: tuple[str, str]) -> Opened:
    if "ce_specversion" not in headers:
        raise EnvelopeError("not_cloudevents", "neither a `ce_specversion` header nor a structured content type")
    if content[0] != "application/json" and not content[0].endswith("+json"):
        raise EnvelopeError("not_json", f"the content type is {content[0][:80]!r}")
    attributes, extensions = {}, {}
    try:
        for name, value_bytes in headers.items():
            if (core := _HEADERS.get(name)) is not None:
                attributes[core] = value_bytes.decode()
            elif name[:3] == "ce_":
                extensions[name[3:]] = value_bytes.decode()
    except (UnicodeError, AttributeError) as error:
        raise EnvelopeError("not_cloudevents", "an attribute is not UTF-8 text") from error
    return attributes, _text(value, content[1]), extensions


def parse_structured(value: bytes, content: tuple[str, str]) -> Opened:
    if content[0] != "application/cloudevents+json":
        raise EnvelopeError("not_cloudevents", f"the content type {content[0][:80]!r} is not supported")
    try:
        body = _ENVELOPE.decode(_text(value, content[1]))
    except msgspec.ValidationError as error:
        raise EnvelopeError("not_cloudevents", "a structured event is one JSON object") from error
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise EnvelopeError("not_json", str(error)) from error
    return _opened(body)


_ENVELOPE = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _opened(body: Mapping[str, msgspec.Raw]) -> Opened:
    """Attributes, the bytes of the data and extensions of a structured event."""
    attributes = {name: msgspec.json.decode(raw) for name, raw in body.items() if name not in ("data", "data_base64")}
    return attributes, _payload(body), _extensions_of(attributes)


def _extensions_of(attributes: Mapping[str, Any]) -> dict[str, str]:
    extensions = {}
    for name, value in attributes.items():
        if name in _BODY or value is None:
            continue
        if isinstance(value, (dict, list, float)) or not _EXTENSION.fullmatch(name):
            text = f"{name[:64]!r} is not a valid extension attribute"
            raise EnvelopeError("not_cloudevents", text, FieldError("invalid", f"/{name}", text))
        extensions[name] = extension_text(value)
    return extensions


def _payload(body: Mapping[str, msgspec.Raw]) -> bytes:
    if "data" in body and "data_base64" in body:
        raise EnvelopeError(
            "not_cloudevents", "`data` and `data_base64` exclude each other", FieldError("invalid", "/data", "twice")
        )
    if "data_base64" in body:
        try:
            return base64.b64decode(msgspec.json.decode(body["data_base64"], type=str), validate=True)
        except (binascii.Error, ValueError) as error:
            fault = FieldError("invalid", "/data_base64", "is not base64")
            raise EnvelopeError("not_cloudevents", "`data_base64` is not base64", fault) from error
    if "data" not in body:
        raise EnvelopeError("invalid", "`data` is required", FieldError("missing", "/data", "is required"))
    return bytes(body["data"])
