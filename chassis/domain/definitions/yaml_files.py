"""Parses definition files into `Definition`s with the line and column of every key and value.

Strict: no anchors, aliases, merge keys or tags, no key twice, YAML 1.2 scalars (`NO` is a string, `12:30` too), one
document of at most 1 MiB and 40 levels.
"""
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from chassis.domain.definitions.documents import Definition, Definitions, SourceMark, SourceMarks, ValuePath
from chassis.domain.definitions.faults import DefinitionError, DefinitionFault, FaultCollector

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 40
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SCALARS = re.compile(
    r"(?P<null>null|~|)|(?P<bool>true|false)|(?P<int>-?(?:0|[1-9][0-9]*))"
    r"|(?P<float>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+))")


def read_directory(root: Path) -> Definitions:
    """Everything below `root`: `<kind>/<name>.yaml`, and single files `<kind>.yaml` (calendar, dimensions, ...).

    Raises DefinitionError with the faults of all files.
    """
    faults = FaultCollector()
    definitions = scan_directory(root, faults)
    faults.raise_if_any()
    return definitions


def scan_directory(root: Path, faults: FaultCollector) -> Definitions:
    """The definitions that can be read; the faults of the others go to the collector."""
    definitions: list[Definition] = []
    unreadable: list[tuple[str, str]] = []
    for path in sorted(root.glob("*.yaml")) + sorted(root.glob("*/*.yaml")):
        kind = path.stem if path.parent == root else path.parent.name
        definition = faults.attempt(read_file, path, kind)
        if definition is None:
            unreadable.append((kind, path.stem))
        else:
            definitions.append(definition)
    return Definitions(definitions, unreadable=unreadable)


def read_file(path: Path, kind: str) -> Definition:
    body, marks = parse_yaml(path.read_bytes(), str(path))
    faults: list[DefinitionFault] = []

    def fault(at: ValuePath, code: str, message: str, **params: Any) -> None:
        mark = marks.of(at) or SourceMark(1, 1)
        faults.append(DefinitionFault(code, message, str(path), at, mark.line, mark.column, params))

    if not isinstance(body, dict):
        fault((), "not_a_mapping", "must be a mapping of keys to values")
        raise DefinitionError(faults)
    name, version = body.get("name", path.stem), body.get("version", 1)
    if not isinstance(name, str):
        fault(("name",), "string_type", "must be a string")
    elif name != path.stem:
        fault(("name",), "name_is_not_the_file", f"{name!r} must be {path.stem!r}, the name of the file",
              value=name, expected=path.stem)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        fault(("version",), "bad_version", "must be a whole number of at least 1")
    if faults:
        raise DefinitionError(faults)
    return Definition(kind, str(name), int(version), body, str(path), marks)


def parse_yaml(text: bytes, file: str) -> tuple[Any, SourceMarks]:
    """One document as builtins, and the marks of its keys and values. Raises DefinitionError with all its faults."""
    return _Parser(file).parse(text)


class _Parser:
    """Builds builtins out of parser events; what is not allowed is recorded, and parsing goes on."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[DefinitionFault] = []
        self.keys: dict[ValuePath, SourceMark] = {}
        self.values: dict[ValuePath, SourceMark] = {}
        self.events: Iterator[yaml.Event] = iter(())

    def parse(self, text: bytes) -> tuple[Any, SourceMarks]:
        body = None
        if len(text) > MAX_BYTES:
            self._fault(None, "too_large_file", "must be at most 1 MiB")
            raise DefinitionError(self.faults)
        try:
            self.events = yaml.parse(text.decode("utf-8"), Loader=_LOADER)
            next(self.events)  # the stream
            if isinstance(next(self.events), yaml.DocumentStartEvent):
                body = self._value(next(self.events), ())
                next(self.events)  # the end of the document
                if isinstance(extra := next(self.events), yaml.DocumentStartEvent):
                    self._fault(
                        extra.start_mark, "several_documents", "must be one YAML document; remove the second one")
        except UnicodeDecodeError as error:
            self._fault(None, "not_utf8", f"must be UTF-8; byte {error.start} is not", byte=error.start)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or " ".join(str(error).split())
            self._fault(mark, "bad_yaml", f"must be valid YAML: {problem}", problem=problem)
        except _TooDeepError:
            pass
        if self.faults:
            raise DefinitionError(self.faults)
        return body, SourceMarks(self.keys, self.values)

    def _fault(self, mark: Any, code: str, message: str, **params: Any) -> None:
        line, column = (None, None) if mark is None else (mark.line + 1, mark.column + 1)
        self.faults.append(DefinitionFault(code, message, self.file, (), line, column, params))

    def _value(self, event: Any, path: ValuePath) -> Any:
        start = event.start_mark
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None or event.tag is not None:
            self._fault(start, "anchor_or_tag", "must not use anchors, aliases or tags; write the value out")
        if isinstance(event, yaml.ScalarEvent):
            self.values[path] = _scalar_mark(event)
            return _scalar(event.value) if event.style in (None, "") else event.value
        if isinstance(event, yaml.AliasEvent):
            return None
        self.values[path] = _mark(start)
        if len(path) >= MAX_DEPTH:
            self._fault(start, "too_deep_file", f"must be nested at most {MAX_DEPTH} levels", most=MAX_DEPTH)
            raise _TooDeepError
        return self._list(path) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(path)

    def _list(self, path: ValuePath) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._value(event, (*path, len(items))))
        return items

    def _mapping(self, path: ValuePath) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            start = event.start_mark
            if not isinstance(event, yaml.ScalarEvent) or event.value == "<<":
                self._fault(start, "bad_key", "must be a plain string as a key")
                self._value(event, (*path, ""))
                self._value(next(self.events), (*path, ""))
                continue
            if event.anchor is not None or event.tag is not None:
                self._fault(start, "anchor_or_tag", "must not use anchors, aliases or tags; write the value out")
            key = event.value
            if key in mapping:
                self._fault(start, "duplicate_key", f"the key {key!r} occurs twice; remove one of them", value=key)
            own = (*path, key)
            self.keys[own] = _mark(start)
            mapping[key] = self._value(next(self.events), own)
        return mapping


class _TooDeepError(Exception):
    pass


def _mark(start: Any) -> SourceMark:
    return SourceMark(start.line + 1, start.column + 1)


def _scalar_mark(event: Any) -> SourceMark:
    start, end = event.start_mark, event.end_mark
    quotes = 0 if event.style in (None, "") else 1
    whole = start.line == end.line and end.column - start.column == len(event.value) + 2 * quotes
    return SourceMark(start.line + 1, start.column + 1, start.column + 1 + quotes if whole else 0)


def _scalar(text: str) -> Any:
    matched = _SCALARS.fullmatch(text)
    match matched.lastgroup if matched else None:
        case "int":
            return int(text)
        case "float":
            return float(text)
        case "bool":
            return text == "true"
        case "null":
            return None
        case _:
            return text
