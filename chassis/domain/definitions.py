"""Reads the YAML that business people edit, strictly; publishes it into the store as immutable name@version.

Meaning is given to it inside each service. Strict: no anchors, aliases, merge keys or tags, a key twice is an error,
YAML 1.2 scalars (`NO` is a text, `12:30` too), at most 1 MiB and 40 levels. Every error names file and line.
"""
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import yaml

from chassis.ports import Collection, Document, Store
from chassis.support import failpoints
from chassis.support.errors import ActionableError

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 40


Lines = Mapping[tuple[str | int, ...], int]
"""Keys and positions from the root to a value -> the line it stands on, from 1."""


class DefinitionError(ActionableError, ValueError):
    """A definition cannot be used; the message says which file, where, and why."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One YAML file: `body` is its content as plain builtins. `ref` is how events name it."""

    kind: str
    name: str
    version: int
    body: Mapping[str, Any]
    path: str = ""
    lines: Lines = field(default_factory=dict, compare=False, repr=False)

    @property
    def ref(self) -> str:
        return f"{self.name}@{self.version}"

    def where(self, *place: str | int) -> str:
        """The file, and the line of what stands at this place, or of what would hold it."""
        file = self.path or f"{self.kind}/{self.ref}"
        known = next((place[:n] for n in range(len(place), 0, -1) if place[:n] in self.lines), None)
        return f"{file}, line {self.lines[known]}" if known is not None else file

    def fault(self, place: Sequence[str | int], message: str) -> str:
        """`file, line 12: segments/0/r: what is wrong`; for the errors of pydantic too, as people would say them."""
        words = message.removeprefix("Value error, ")
        return f"{self.where(*place)}: {'/'.join(map(str, place))}: {words}" if place else f"{self.where()}: {words}"

    @property
    def digest(self) -> str:
        return hashlib.sha256(msgspec.json.encode(self.body, order="deterministic")).hexdigest()


class Definitions:
    """All definitions at hand: the current ones from the files, and every published version of each from the store."""

    def __init__(self, current: Iterable[Definition] = (), published: Iterable[Definition] = ()) -> None:
        self._current = {(d.kind, d.name): d for d in current}
        self._all = {(d.kind, d.ref): d for d in published} | {(d.kind, d.ref): d for d in self._current.values()}

    def current(self, kind: str) -> Sequence[Definition]:
        """Those in force, in the order of their file names."""
        return [d for (k, _), d in self._current.items() if k == kind]

    def every(self, kind: str) -> Sequence[Definition]:
        """Each version ever published, for what still runs under it."""
        return [d for (k, _), d in self._all.items() if k == kind]

    def one(self, kind: str, name: str) -> Definition | None:
        return self._current.get((kind, name))

    def version(self, kind: str, ref: str) -> Definition | None:
        return self._all.get((kind, ref))

    def kinds(self) -> Sequence[str]:
        return sorted({k for k, _ in self._all})


def read_directory(root: Path) -> Definitions:
    """Everything below `root`: `<kind>/<name>.yaml`, and single files `<kind>.yaml` (calendar, dimensions, ...)."""
    found: list[Definition] = []
    for path in sorted(root.glob("*.yaml")) + sorted(root.glob("*/*.yaml")):
        kind = path.stem if path.parent == root else path.parent.name
        found.append(read_file(path, kind))
    return Definitions(found)


def read_file(path: Path, kind: str) -> Definition:
    lines: dict[tuple[str | int, ...], int] = {}
    body = parse_yaml(path.read_bytes(), str(path), lines)
    if not isinstance(body, dict):
        raise DefinitionError(f"{path}: a definition is a mapping with `name` and `version`")
    name, version = body.get("name", path.stem), body.get("version", 1)
    if not isinstance(name, str) or not isinstance(version, int) or version < 1:
        raise DefinitionError(f"{path}: `name` is a text and `version` a whole number from 1")
    if name != path.stem:
        raise DefinitionError(f"{path}: is named {name!r}; the file and the name must agree")
    return Definition(kind, name, version, body, str(path), lines)


def company_zone(definitions: Definitions) -> ZoneInfo:
    """The zone of `definitions/calendar.yaml`, in which every fact has its day; UTC without one."""
    calendar = definitions.one("calendar", "calendar")
    named = calendar.body.get("timezone") if calendar else None
    if calendar is None or named is None:
        return ZoneInfo("UTC")
    try:
        return ZoneInfo(named)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        words = f"{named!r} is no IANA time zone such as Europe/Berlin or Asia/Shanghai"
        raise DefinitionError(calendar.fault(("timezone",), words)) from None


# --- strict YAML -----------------------------------------------------------------------------------------------------


class _Strict(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):  # type: ignore[misc]
    """YAML 1.2 scalars only; the safe loader's 1.1 resolvers turn `NO` into false and `12:30:45` into a number."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}


for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"^(?:true|false)$", "tf"),
    ("tag:yaml.org,2002:int", r"^-?(?:0|[1-9][0-9]*)$", "-0123456789"),
    ("tag:yaml.org,2002:float", r"^-?(?:0|[1-9]\d*)(?:\.\d+(?:[eE][-+]?\d+)?|[eE][-+]?\d+)$", "-0123456789"),
    ("tag:yaml.org,2002:null", r"^(?:null|~|)$", ["n", "~", ""]),
):
    _Strict.add_implicit_resolver(_tag, re.compile(_pattern), list(_first))


def parse_yaml(text: bytes, where: str, lines: dict[tuple[str | int, ...], int] | None = None) -> Any:
    """Builtins of one document; `lines` learns where each stands. Raises DefinitionError with file and line."""
    if len(text) > MAX_BYTES:
        raise DefinitionError(f"{where}: is larger than 1 MiB")
    try:
        decoded = text.decode("utf-8")
        for token in yaml.scan(decoded, Loader=_Strict):
            if isinstance(token, yaml.AnchorToken | yaml.AliasToken | yaml.TagToken):
                line = token.start_mark.line + 1
                raise DefinitionError(f"{where}, line {line}: anchors, aliases and tags are not allowed")
        node = yaml.compose(decoded, Loader=_Strict)
    except UnicodeDecodeError as error:
        raise DefinitionError(f"{where}: is not UTF-8 ({error.reason} at byte {error.start})") from None
    except yaml.YAMLError as error:
        raise DefinitionError(f"{where}: {' '.join(str(error).split())}") from None
    return None if node is None else _build(node, where, (), {} if lines is None else lines)


def _build(node: yaml.Node, where: str, place: tuple[str | int, ...], lines: dict[tuple[str | int, ...], int]) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(place, line)
    if len(place) > MAX_DEPTH:
        raise DefinitionError(f"{where}, line {line}: is nested deeper than {MAX_DEPTH} levels")
    if isinstance(node, yaml.SequenceNode):
        return [_build(n, where, (*place, i), lines) for i, n in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        made: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            at = key_node.start_mark.line + 1
            if not isinstance(key, str) or key == "<<":
                raise DefinitionError(f"{where}, line {at}: a key must be a plain text")
            if key in made:
                raise DefinitionError(f"{where}, line {at}: the key {key!r} stands here twice")
            lines[(*place, key)] = at
            made[key] = _build(value_node, where, (*place, key), lines)
        return made
    text: str = node.value
    match node.tag.rsplit(":", 1)[-1]:
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


# --- publishing ------------------------------------------------------------------------------------------------------

PUBLISHED = Collection("definitions", {"kind": str, "name": str, "version": int}, (("kind", "name"),))


async def publish(store: Store, definitions: Definitions) -> Definitions:
    """Put what is new into the store; refuse a published version that was edited; return all, old versions too.

    Safe for several services at once: the same content under the same name@version is one document.
    """
    await store.ensure([PUBLISHED])
    current = [d for kind in definitions.kinds() for d in definitions.current(kind)]
    documents = [_document(d) for d in current]
    failpoints.reach("definitions.put.before")
    await store.save(PUBLISHED.name, documents)
    failpoints.reach("definitions.put.after")
    stored = await store.load(PUBLISHED.name, [d.id for d in documents])
    for definition, document in zip(current, documents, strict=True):
        if stored[document.id].body != document.body:
            raise DefinitionError(
                f"{definition.path or definition.name}: {definition.ref} is already published with another content; "
                f"open records are decided by it. Raise `version` to {definition.version + 1}."
            )
    return Definitions(current, await _published(store))


async def _published(store: Store) -> list[Definition]:
    found: list[Definition] = []
    after: str | None = None
    while True:
        page = await store.find(PUBLISHED.name, {}, after=after, limit=500)
        for document in page.documents:
            kind, name, version, body = msgspec.json.decode(document.body)
            found.append(Definition(kind, name, version, body))
        if page.next is None:
            return found
        after = page.next


def _document(d: Definition) -> Document:
    body = msgspec.json.encode([d.kind, d.name, d.version, d.body], order="deterministic")
    return Document(f"{d.kind}/{d.ref}", 0, body, {"kind": d.kind, "name": d.name, "version": d.version})
