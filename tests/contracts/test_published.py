"""What lies in contracts/published is what the code does, and a change that breaks its readers is noticed."""
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


def test_every_sample_is_taken_by_the_door_and_from_the_log() -> None:
    for name in sorted(BY_NAME):
        by_door = decode_structured(sample(name), now=TIME)
        assert isinstance(by_door, Message), by_door
        assert codec.to_wire(by_door.event) == sample(name)["data"]
        out = forward(by_door)
        assert out.key is not None
        place = partition_of(out.key, TOPICS[out.topic].partitions)
        stamp = int((TIME + timedelta(seconds=1)).timestamp() * 1000)
        by_log = decode(Record(out.topic, place, 0, stamp, out.key, out.value, out.headers))
        assert isinstance(by_log, Message), by_log
        assert (by_log.event, by_log.digest, by_log.meta.id) == (by_door.event, by_door.digest, by_door.meta.id)


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
def test_what_we_write_is_valid_by_its_schema(event: Any) -> None:
    schema = codec.json_schema(type(event))
    jsonschema.Draft202012Validator(schema).validate(codec.to_wire(event))


def test_every_type_of_the_register_has_a_topic_and_every_topic_a_type() -> None:
    assert {kind.topic for kind in BY_NAME.values()} == set(TOPICS)


def test_the_key_of_a_type_is_the_key_of_its_topic() -> None:
    for name in sorted(BY_NAME):
        assert BY_NAME[name].key_text == TOPICS[BY_NAME[name].topic].key


# --- the tool --------------------------------------------------------------------------------------------------------


def test_writing_makes_it_up_to_date_and_checking_notices_what_is_not(tmp_path: Path) -> None:
    assert main(["--check", "--directory", str(tmp_path)]) == 1
    assert main(["--directory", str(tmp_path)]) == 0
    assert main(["--check", "--directory", str(tmp_path)]) == 0
    assert write(tmp_path) == 0
    (tmp_path / "asyncapi.yaml").write_text("old")
    (tmp_path / "samples" / "crm.lead.lost.v1.json").unlink()
    (tmp_path / "samples" / "crm.lead.eaten.v1.json").write_text("{}")
    assert stale(tmp_path) == ["asyncapi.yaml", "samples/crm.lead.eaten.v1.json", "samples/crm.lead.lost.v1.json"]
    assert main(["--check", "--directory", str(tmp_path)]) == 1


def test_what_breaks_readers_is_not_written(tmp_path: Path) -> None:
    write(tmp_path)
    path = tmp_path / "schemas" / "crm.lead.lost.v1.schema.json"
    schema = json.loads(path.read_text("utf-8"))
    schema["properties"]["shade"] = {"type": "string"}
    path.write_text(json.dumps(schema), "utf-8")
    (tmp_path / "schemas" / "crm.lead.eaten.v1.schema.json").write_text("{}", "utf-8")
    assert broken(tmp_path) == ["crm.lead.eaten.v1: is gone", "crm.lead.lost.v1: /shade: is gone"]
    assert main(["--directory", str(tmp_path)]) == 2
    assert json.loads(path.read_text("utf-8")) == schema
    assert main(["--directory", str(tmp_path), "--allow-breaking"]) == 0
    assert broken(tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_files_are_the_same_in_every_process(seed: str) -> None:
    """The order of sets differs by the seed of hashes; nothing that is written may depend on it."""
    done = subprocess.run([sys.executable, "-m", "dev.contract_files", "--check"], cwd=PUBLISHED.parents[1],
                          check=False, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# --- comparing -------------------------------------------------------------------------------------------------------


def an_object(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


TEXT, WHOLE, NOTHING = {"type": "string"}, {"type": "integer"}, {"type": "null"}
EITHER = {"enum": ["x", "y"]}
MAYBE = {"anyOf": [TEXT, NOTHING]}

BREAKING = {
    "a field is gone": (an_object(a=TEXT, b=TEXT), an_object(a=TEXT), ["/b: is gone"]),
    "a field is required": (an_object(a=TEXT), an_object(("a",), a=TEXT), ["/a: is required now"]),
    "a new field is required": (an_object(), an_object(("a",), a=TEXT), ["/a: is required now"]),
    "another type": (an_object(a=TEXT), an_object(a=WHOLE), ["/a: type was string and is integer"]),
    "no more null": (an_object(a=MAYBE), an_object(a=TEXT), ["/a: type was null and is string"]),
    "fewer choices": (an_object(a=EITHER), an_object(a={"enum": ["x"]}), ["/a: 'y' is no longer allowed"]),
    "one choice": (an_object(a=EITHER), an_object(a={"const": "x"}), ["/a: 'y' is no longer allowed"]),
    "choices at all": (an_object(a=TEXT), an_object(a=TEXT | {"enum": ["x"]}), ["/a: only ['x'] are allowed now"]),
    "a pattern": (an_object(a=TEXT), an_object(a=TEXT | {"pattern": "^x"}), ["/a: pattern was None and is '^x'"]),
    "a format": (an_object(a=TEXT), an_object(a=TEXT | {"format": "date"}), ["/a: format was None and is 'date'"]),
    "a higher bound below": (an_object(a=WHOLE | {"minimum": 0}), an_object(a=WHOLE | {"minimum": 1}),
                             ["/a: minimum was 0 and is 1"]),
    "a lower bound above": (an_object(a=WHOLE), an_object(a=WHOLE | {"maximum": 9}), ["/a: maximum was None and is 9"]),
    "unknown fields refused": (an_object(), an_object() | {"additionalProperties": False},
                               ["/: unknown fields are refused"]),
    "what is in a mapping": ({"type": "object"}, {"type": "object", "additionalProperties": TEXT},
                             ["/: what is in it is no longer free"]),
    "deep in a list": ({"type": "array", "items": an_object(a=TEXT)}, {"type": "array", "items": an_object()},
                       ["/*/a: is gone"]),
    "behind a reference": (an_object(a={"$ref": "#/$defs/M"}) | {"$defs": {"M": an_object(x=WHOLE)}},
                           an_object(a={"$ref": "#/$defs/N"}) | {"$defs": {"N": an_object(x=TEXT)}},
                           ["/a/x: type was integer and is string"]),
    "another key": (an_object() | {"x-key": "a"}, an_object() | {"x-key": "b"}, ["x-key was 'a' and is 'b'"]),
}

HARMLESS = {
    "nothing": (an_object(("a",), a=TEXT), an_object(("a",), a=TEXT)),
    "one more field": (an_object(a=TEXT), an_object(a=TEXT, b=TEXT)),
    "no longer required": (an_object(("a",), a=TEXT), an_object(a=TEXT)),
    "null too": (an_object(a=TEXT), an_object(a=MAYBE)),
    "one more choice": (an_object(a={"enum": ["x"]}), an_object(a={"enum": ["x", "y"]})),
    "fractions too": (an_object(a=WHOLE), an_object(a={"type": "number"})),
    "wider bounds": (an_object(a=WHOLE | {"minimum": 1}), an_object(a=WHOLE | {"minimum": 0})),
    "other words": (an_object() | {"description": "a"}, an_object() | {"description": "b"}),
    "the arms in another order": (an_object(a={"anyOf": [NOTHING, TEXT]}), an_object(a=MAYBE)),
}


@pytest.mark.parametrize("what", BREAKING)
def test_a_change_that_breaks_readers_is_named(what: str) -> None:
    old, new, faults = BREAKING[what]
    assert breaking(old, new) == faults


@pytest.mark.parametrize("what", HARMLESS)
def test_a_change_that_breaks_nobody_is_let_pass(what: str) -> None:
    assert breaking(*HARMLESS[what]) == []


def test_a_removed_field_of_any_real_type_is_noticed() -> None:
    for name in sorted(BY_NAME):
        old, new = schema_of(BY_NAME[name]), schema_of(BY_NAME[name])
        gone = sorted(new["properties"])[0]
        new = new | {"properties": {n: s for n, s in new["properties"].items() if n != gone}}
        assert f"/{gone}: is gone" in breaking(old, new)
        assert breaking(old, old) == []


# --- AsyncAPI --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def official_schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The official schema: from a file that is named, from node_modules, or by npm; it is not ours to ship."""
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
def test_the_document_is_valid_by_the_official_schema(official_schema: dict[str, Any]) -> None:
    document = yaml.safe_load((PUBLISHED / "asyncapi.yaml").read_text("utf-8"))
    found = jsonschema.Draft7Validator(official_schema).iter_errors(document)
    assert [f"{list(e.absolute_path)}: {e.message[:300]}" for e in found] == []


def test_the_published_document_is_the_one_the_door_serves() -> None:
    text = (PUBLISHED / "asyncapi.yaml").read_text("utf-8")
    assert yaml.safe_load(text) == json.loads(json.dumps(asyncapi.document()))


def test_every_reference_of_the_document_leads_somewhere() -> None:
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
