"""The AsyncAPI 3.0 document of the published language: topics, keys, events, built from the register."""
import inspect
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import pydantic

from chassis.messages import codec
from contracts.kinds import BY_NAME, EventType
from contracts.topics import ENTERPRISE, TOPICS, Topic

VERSION = "1.0.0"
_TEXT = {"type": "string"}
HEADERS: Mapping[str, Any] = {
    "type": "object",
    "description": "CloudEvents 1.0 in binary mode. A structured event (application/cloudevents+json) is read as well.",
    "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time"],
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_id": _TEXT | {"description": "With ce_source, the name of the event: the same pair again is a repeat."},
        "ce_source": _TEXT,
        "ce_type": _TEXT,
        "ce_time": _TEXT | {"format": "date-time", "description": "When it happened in the business, with offset."},
        "ce_partitionkey": _TEXT | {"description": "The topic's key; must match the data."},
        "ce_sequence": _TEXT | {"description": "Of our own events: gapless per key, a whole number."},
        "ce_causationid": _TEXT,
        "ce_correlationid": _TEXT,
        "ce_backfill": {"enum": ["true", "false"], "description": "History: changes state, causes nothing now."},
        "ce_timeprecision": {"enum": ["day"], "description": "Only the day is known; the time is noon."},
        "ce_traceparent": _TEXT,
    },
}


def published_types() -> list[EventType]:
    """All but those on a service's own topic, in order of topic and declaration."""
    order = list(TOPICS)
    return sorted((t for t in BY_NAME.values() if ".internal." not in t.topic), key=lambda t: order.index(t.topic))


def summary_of(kind: EventType) -> str:
    """The class's docstring; empty for the one that dataclasses generate."""
    text = inspect.cleandoc(kind.cls.__doc__ or "")
    return "" if text.startswith(f"{kind.cls.__name__}(") else text


@cache
def document() -> dict[str, Any]:
    """The AsyncAPI document as builtins."""
    kinds = published_types()
    topics = [TOPICS[name] for name in dict.fromkeys(kind.topic for kind in kinds)]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Triptych", "version": VERSION,
            "description": "The events that enterprise systems publish to Triptych, and those its services publish.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic, kinds) for topic in topics},
        "operations": {f"{_verb(topic)}.{topic.name}": _operation(topic, kinds) for topic in topics},
        "components": {
            "messages": {kind.name: _message(kind) for kind in kinds},
            "schemas": {"CloudEventHeaders": dict(HEADERS)} | _schemas(kinds),
        },
    }


def _verb(topic: Topic) -> str:
    return "receive" if topic.owner == ENTERPRISE else "send"


def _on(topic: Topic, kinds: Iterable[EventType]) -> list[EventType]:
    return [kind for kind in kinds if kind.topic == topic.name]


def _channel(topic: Topic, kinds: Iterable[EventType]) -> dict[str, Any]:
    return {
        "address": topic.name,
        "description": f"Owner: {topic.owner}. Key: {topic.key}.",
        "messages": {kind.name: {"$ref": f"#/components/messages/{kind.name}"} for kind in _on(topic, kinds)},
        "bindings": {"kafka": {"topic": topic.name, "partitions": topic.partitions, "bindingVersion": "0.5.0"}},
    }


def _operation(topic: Topic, kinds: Iterable[EventType]) -> dict[str, Any]:
    return {
        "action": _verb(topic),
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "messages": [{"$ref": f"#/channels/{topic.name}/messages/{kind.name}"} for kind in _on(topic, kinds)],
    }


def _message(kind: EventType) -> dict[str, Any]:
    message: dict[str, Any] = {
        "name": kind.name, "title": kind.cls.__name__, "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/CloudEventHeaders"},
        "payload": {"$ref": f"#/components/schemas/{kind.cls.__name__}"},
        "bindings": {"kafka": {"key": {"type": "string", "description": kind.key_text}, "bindingVersion": "0.5.0"}},
    }
    if text := summary_of(kind):
        message["summary"] = text
    if kind.reserved:
        message["x-reserved"] = "Declared for a later release; nothing publishes it yet."
    return message


def _schemas(kinds: Iterable[EventType]) -> dict[str, Any]:
    inputs = [(kind.name, "validation", codec.type_adapter(kind.cls)) for kind in kinds]
    _, definitions = pydantic.TypeAdapter.json_schemas(inputs, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    schemas: dict[str, Any] = definitions["$defs"]
    for kind in kinds:
        schema = schemas[kind.cls.__name__]
        schema["properties"].pop("given", None)
    return {name: codec.strip_generated_text(schema) for name, schema in sorted(schemas.items())}
