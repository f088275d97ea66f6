"""Published contracts equal the code, and breaking changes are refused."""
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings

from chassis.messages import asyncapi, codec
from chassis.messages.envelope import Message, decode, decode_structured, forward
from chassis.ports import Record
from chassis.ports.partitioner import partition_of
from contracts.kinds import BY_NAME
from contracts.topics import TOPICS
from dev.contract_files import PUBLISHED, breaking, broken, stale, write
from dev.contract_files.__main__ import main
from dev.contract_files.files import schema_of
from dev.contract_files.samples import TIME
from tests.contracts.strategies import any_event
from tests.support.effort import examples

ASYNCAPI_SPECS = "@asyncapi/specs@6.11.1"


def sample(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PUBLISHED / "samples" / f"{name}.json").read_text("utf-8"))
    return found


@pytest.mark.slow  # `make check` does the same
def test_the_published_files_are_up_to_date() -> None:
    assert stale() == [], "run `python -m dev.contract_files`"
    assert broken() == []


def test_every_sample_is_decoded_from_http_and_from_the_log() -> None:
    for name in sorted(BY_NAME):
        from_http = decode_structured(sample(name), now=TIME)
        assert isinstance(from_http, Message), from_http
        assert codec.to_wire(from_http.event) == sample(name)["data"]
        out = forward(from_http)
        assert out.key is not None
        partition = partition_of(out.key, TOPICS[out.topic].partitions)
        timestamp_ms = int((TIME + timedelta(seconds=1)).timestamp() * 1000)
        from_log = decode(Record(out.topic, partition, 0, timestamp_ms, out.key, out.value, out.headers))
        assert isinstance(from_log, Message), from_log
        assert (from_log.event, from_log.digest, from_log.meta.id) == (
            from_http.event, from_http.digest, from_http.meta.id)


def test_every_sample_is_valid_by_its_schema_and_fills_every_field() -> None:
    for name in sorted(BY_NAME):
        schema = json.loads((PUBLISHED / "schemas" / f"{name}.schema.json").read_text("utf-8"))
        validator = jsonschema.Draft202012Validator
        validator.check_schema(schema)
        data = sample(name)["data"]
        validator(schema, format_checker=validator.FORMAT_CHECKER).validate(data)
        assert set(data) == set(schema["properties"])


@given(any_event)
@settings(max_examples=examples(100), deadline=None)
def test_every_encoded_event_is_valid_by_its_schema(event: Any) -> None:
    schema = codec.json_schema(type(event))
    jsonschema.Draft202012Validator(schema).validate(codec.to_wire(event))


def test_every_event_type_has_a_topic_and_every_topic_an_event_type() -> None:
    assert {kind.topic for kind in BY_NAME.values()} == set(TOPICS)


def test_the_key_of_an_event_type_is_the_key_of_its_topic() -> None:
    for name in sorted(BY_NAME):
        assert BY_NAME[name].key_text == TOPICS[BY_NAME[name].topic].key


# --- command ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_writing_updates_the_files_and_the_check_reports_stale_ones(tmp_path: Path) -> None:
    assert main(["--check", "--directory", str(tmp_path)]) == 1
    assert main(["--directory", str(tmp_path)]) == 0
    assert main(["--check", "--directory", str(tmp_path)]) == 0
    assert write(tmp_path) == 0
    (tmp_path / "asyncapi.yaml").write_text("old")
    (tmp_path / "samples" / "crm.lead.lost.v1.json").unlink()
    (tmp_path / "samples" / "crm.lead.eaten.v1.json").write_text("{}")
    assert stale(tmp_path) == ["asyncapi.yaml", "samples/crm.lead.eaten.v1.json", "samples/crm.lead.lost.v1.json"]
    assert main(["--check", "--directory", str(tmp_path)]) == 1


def test_breaking_changes_are_not_written(tmp_path: Path) -> None:
    write(tmp_path)
    path = tmp_path / "schemas" / "crm.lead.lost.v1.schema.json"
    schema = json.loads(path.read_text("utf-8"))
    schema["properties"]["shade"] = {"type": "string"}
    path.write_text(json.dumps(schema), "utf-8")
    (tmp_path / "schemas" / "crm.lead.eaten.v1.schema.json").write_text("{}", "utf-8")
    assert broken(tmp_path) == ["crm.lead.eaten.v1: was removed", "crm.lead.lost.v1: /shade: was removed"]
    assert main(["--directory", str(tmp_path)]) == 2
    assert json.loads(path.read_text("utf-8")) == schema
    assert main(["--directory", str(tmp_path), "--allow-breaking"]) == 0
    assert broken(tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_files_are_the_same_in_every_process(seed: str) -> None:
    """The order of sets depends on the hash seed; the written files must not."""
    done = subprocess.run([sys.executable, "-m", "dev.contract_files", "--check"], cwd=PUBLISHED.parents[1],
                          check=False, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# --- comparison ------------------------------------------------------------------------------------------------------


def an_object(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


TEXT, INTEGER, NOTHING = {"type": "string"}, {"type": "integer"}, {"type": "null"}
EITHER = {"enum": ["x", "y"]}
MAYBE = {"anyOf": [TEXT, NOTHING]}

BREAKING = {
    "a removed field": (an_object(a=TEXT, b=TEXT), an_object(a=TEXT), ["/b: was removed"]),
    "an optional field is required": (an_object(a=TEXT), an_object(("a",), a=TEXT), ["/a: is required now"]),
    "a new field is required": (an_object(), an_object(("a",), a=TEXT), ["/a: is required now"]),
    "another type": (an_object(a=TEXT), an_object(a=INTEGER), ["/a: type was string and is integer"]),
    "null is no longer allowed": (an_object(a=MAYBE), an_object(a=TEXT), ["/a: type was null and is string"]),
    "fewer choices": (an_object(a=EITHER), an_object(a={"enum": ["x"]}), ["/a: 'y' is no longer allowed"]),
    "one choice": (an_object(a=EITHER), an_object(a={"const": "x"}), ["/a: 'y' is no longer allowed"]),
    "an enumeration for free text": (an_object(a=TEXT), an_object(a=TEXT | {"enum": ["x"]}),
                                     ["/a: only ['x'] are allowed now"]),
    "a pattern": (an_object(a=TEXT), an_object(a=TEXT | {"pattern": "^x"}), ["/a: pattern was None and is '^x'"]),
    "a format": (an_object(a=TEXT), an_object(a=TEXT | {"format": "date"}), ["/a: format was None and is 'date'"]),
    "a higher minimum": (an_object(a=INTEGER | {"minimum": 0}), an_object(a=INTEGER | {"minimum": 1}),
                             ["/a: minimum was 0 and is 1"]),
    "a lower maximum": (an_object(a=INTEGER), an_object(a=INTEGER | {"maximum": 9}), ["/a: maximum was None and is 9"]),
    "unknown fields refused": (an_object(), an_object() | {"additionalProperties": False},
                               ["/: unknown fields are refused"]),
    "typed values of a mapping": ({"type": "object"}, {"type": "object", "additionalProperties": TEXT},
                             ["/: any content was allowed and is now restricted"]),
    "inside a list": ({"type": "array", "items": an_object(a=TEXT)}, {"type": "array", "items": an_object()},
                       ["/*/a: was removed"]),
    "behind a reference": (an_object(a={"$ref": "#/$defs/M"}) | {"$defs": {"M": an_object(x=INTEGER)}},
                           an_object(a={"$ref": "#/$defs/N"}) | {"$defs": {"N": an_object(x=TEXT)}},
                           ["/a/x: type was integer and is string"]),
    "another key": (an_object() | {"x-key": "a"}, an_object() | {"x-key": "b"}, ["x-key was 'a' and is 'b'"]),
}

HARMLESS = {
    "nothing": (an_object(("a",), a=TEXT), an_object(("a",), a=TEXT)),
    "one more field": (an_object(a=TEXT), an_object(a=TEXT, b=TEXT)),
    "no longer required": (an_object(("a",), a=TEXT), an_object(a=TEXT)),
    "null is allowed": (an_object(a=TEXT), an_object(a=MAYBE)),
    "one more choice": (an_object(a={"enum": ["x"]}), an_object(a={"enum": ["x", "y"]})),
    "fractions are allowed": (an_object(a=INTEGER), an_object(a={"type": "number"})),
    "wider bounds": (an_object(a=INTEGER | {"minimum": 1}), an_object(a=INTEGER | {"minimum": 0})),
    "another description": (an_object() | {"description": "a"}, an_object() | {"description": "b"}),
    "alternatives in another order": (an_object(a={"anyOf": [NOTHING, TEXT]}), an_object(a=MAYBE)),
}


@pytest.mark.parametrize("change", BREAKING)
def test_a_breaking_change_is_reported(change: str) -> None:
    old, new, faults = BREAKING[change]
    assert breaking(old, new) == faults


@pytest.mark.parametrize("change", HARMLESS)
def test_a_compatible_change_is_accepted(change: str) -> None:
    assert breaking(*HARMLESS[change]) == []


def test_a_removed_field_of_any_event_type_is_reported() -> None:
    for name in sorted(BY_NAME):
        old, new = schema_of(BY_NAME[name]), schema_of(BY_NAME[name])
        removed = sorted(new["properties"])[0]
        new = new | {"properties": {n: s for n, s in new["properties"].items() if n != removed}}
        assert f"/{removed}: was removed" in breaking(old, new)
        assert breaking(old, old) == []


# --- AsyncAPI --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def official_schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The official schema: from a named file, from node_modules, or by npm; it is not in the repository."""
    inside = "schemas/3.0.0-without-$id.json"
    named = os.environ.get("ASYNCAPI_SCHEMA")
    here = Path(named) if named else Path(__file__).parents[2] / "node_modules" / "@asyncapi" / "specs" / inside
    if here.exists():
        yield json.loads(here.read_text("utf-8"))
        return
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip(f"NOT CHECKED against the official AsyncAPI schema: neither npm nor {here}")
    folder = tmp_path_factory.mktemp("asyncapi")
    try:
        subprocess.run([npm, "pack", ASYNCAPI_SPECS], cwd=folder, check=True, timeout=60, capture_output=True)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"NOT CHECKED against the official AsyncAPI schema: npm could not fetch it ({error})")
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        member = archive.extractfile(f"package/{inside}")
        assert member is not None
        yield json.loads(member.read())


@pytest.mark.slow
def test_the_asyncapi_document_is_valid_by_the_official_schema(official_schema: dict[str, Any]) -> None:
    document = yaml.safe_load((PUBLISHED / "asyncapi.yaml").read_text("utf-8"))
    found = jsonschema.Draft7Validator(official_schema).iter_errors(document)
    assert [f"{list(e.absolute_path)}: {e.message[:300]}" for e in found] == []


def test_the_published_asyncapi_document_equals_the_served_one() -> None:
    text = (PUBLISHED / "asyncapi.yaml").read_text("utf-8")
    assert yaml.safe_load(text) == json.loads(json.dumps(asyncapi.document()))


def test_every_reference_of_the_asyncapi_document_resolves() -> None:
    document = asyncapi.document()

    def follow(value: Any) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                here: Any = document
                for step in value["$ref"].removeprefix("#/").split("/"):
                    here = here[step]
            for inner in value.values():
                follow(inner)
        elif isinstance(value, list):
            for inner in value:
                follow(inner)

    follow(document)
    assert "given" not in json.dumps(document["components"]["schemas"])
    assert not [name for name in document["channels"] if ".internal." in name]
