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
    """{path below the directory: content}, the same on every machine; made once, since the register stands."""
    made = {"asyncapi.yaml": _yaml(asyncapi.document()), "openapi.yaml": _yaml(openapi.document())}
    for name, kind in sorted(BY_NAME.items()):
        made[f"schemas/{name}{_SCHEMA}"] = _json(schema_of(kind))
        made[f"samples/{name}.json"] = _json(sample(kind))
    for name in sorted(definitions.MODELS):
        made[f"definitions/{name}{_SCHEMA}"] = _json(definitions.schema_of(name))
    return made


@cache
def schema_of(kind: EventType) -> dict[str, Any]:
    """The schema of a type's `data`, with what the register knows of it."""
    made = {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:triptych:schema:{kind.name}",
        "title": kind.name,
    }
    if text := asyncapi.summary_of(kind):
        made["description"] = text
    rules = {"x-topic": kind.topic, "x-key": kind.key_text}
    if kind.patch:
        rules["x-merge"] = "RFC 7396: only the fields that change are sent, null removes"
    body = {word: said for word, said in codec.json_schema(kind.cls).items() if word not in ("title", "description")}
    return made | rules | body


def stale(directory: Path = PUBLISHED) -> list[str]:
    """Files that are missing, say something else, or have no reason to be there."""
    wanted = files()
    there = {p.relative_to(directory).as_posix(): p for p in directory.rglob("*") if p.is_file()}
    changed = [name for name, text in wanted.items() if name not in there or there[name].read_text("utf-8") != text]
    return sorted(changed + [name for name in there if name not in wanted and name != "README.md"])


def broken(directory: Path = PUBLISHED) -> list[str]:
    """What in the register breaks those who rely on the schemas on disk."""
    faults = []
    for path in sorted((directory / "schemas").glob(f"*{_SCHEMA}")):
        name = path.name.removesuffix(_SCHEMA)
        if name not in BY_NAME:
            faults.append(f"{name}: is gone")
            continue
        found = breaking(json.loads(path.read_text("utf-8")), schema_of(BY_NAME[name]))
        faults += [f"{name}: {fault}" for fault in found]
    return faults


def write(directory: Path = PUBLISHED) -> int:
    """Write what is stale, remove what has no reason to be there; how many files were touched."""
    wanted, touched = files(), stale(directory)
    for name in touched:
        path = directory / name
        if name not in wanted:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[name], "utf-8")
    return len(touched)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


class _Plain(yaml.SafeDumper):
    """Without anchors: what is said twice is written twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _yaml(value: Any) -> str:
    text: str = yaml.dump(value, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)
    return text
