"""The published files: made from the register, compared with those on disk, written."""
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from chassis.messages import asyncapi, codec
from contracts.kinds import BY_NAME, EventType
from dev.contract_files import definitions, openapi
from dev.contract_files.compatibility import breaking
from dev.contract_files.samples import sample

PUBLISHED = Path(__file__).parents[2] / "contracts" / "published"
_SCHEMA = ".schema.json"


@cache
def files() -> Mapping[str, str]:
    """{path below the directory: content}, the same on every machine; cached, since the registry does not change."""
    contents = {"asyncapi.yaml": _yaml(asyncapi.document()), "openapi.yaml": _yaml(openapi.document())}
    for name, kind in sorted(BY_NAME.items()):
        contents[f"schemas/{name}{_SCHEMA}"] = _json(schema_of(kind))
        contents[f"samples/{name}.json"] = _json(sample(kind))
    for name in sorted(definitions.MODELS):
        contents[f"definitions/{name}{_SCHEMA}"] = _json(definitions.schema_of(name))
    return contents


@cache
def schema_of(kind: EventType) -> dict[str, Any]:
    """The schema of a type's `data`, with topic, key and merge rule from the registry."""
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:triptych:schema:{kind.name}",
        "title": kind.name,
    }
    if text := asyncapi.summary_of(kind):
        head["description"] = text
    rules = {"x-topic": kind.topic, "x-key": kind.key_text}
    if kind.patch:
        rules["x-merge"] = "RFC 7396: only the fields that change are sent, null removes"
    schema = codec.json_schema(kind.cls)
    body = {keyword: value for keyword, value in schema.items() if keyword not in ("title", "description")}
    return head | rules | body


def stale(directory: Path = PUBLISHED) -> list[str]:
    """Files that are missing, differ, or belong to no contract."""
    expected = files()
    existing = {p.relative_to(directory).as_posix(): p for p in directory.rglob("*") if p.is_file()}
    changed = [name for name, text in expected.items()
               if name not in existing or existing[name].read_text("utf-8") != text]
    return sorted(changed + [name for name in existing if name not in expected and name != "README.md"])


def broken(directory: Path = PUBLISHED) -> list[str]:
    """Incompatible changes of the registry against the schemas on disk."""
    faults = []
    for path in sorted((directory / "schemas").glob(f"*{_SCHEMA}")):
        name = path.name.removesuffix(_SCHEMA)
        if name not in BY_NAME:
            faults.append(f"{name}: was removed")
            continue
        changes = breaking(json.loads(path.read_text("utf-8")), schema_of(BY_NAME[name]))
        faults += [f"{name}: {fault}" for fault in changes]
    return faults


def write(directory: Path = PUBLISHED) -> int:
    """Writes stale files, removes unknown ones; returns the number of changed files."""
    expected, changed = files(), stale(directory)
    for name in changed:
        path = directory / name
        if name not in expected:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(expected[name], "utf-8")
    return len(changed)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


class _Plain(yaml.SafeDumper):
    """Without anchors: repeated values are written out."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _yaml(value: Any) -> str:
    text: str = yaml.dump(value, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)
    return text
