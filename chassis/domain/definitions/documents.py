"""`Definition`: one YAML document with the marks of its keys and values; `Definitions`: all documents by kind."""
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

ValuePath = tuple[str | int, ...]
"""Keys and list indices from the root of a document to a value."""


class SourceMark(NamedTuple):
    """Line and column, from 1. `text`: column of a scalar's first character; 0 when it spans lines or has escapes."""

    line: int
    column: int
    text: int = 0


@dataclass(frozen=True, slots=True)
class SourceMarks:
    """Where each key and each value of a document begins, by path."""

    keys: Mapping[ValuePath, SourceMark] = field(default_factory=dict)
    values: Mapping[ValuePath, SourceMark] = field(default_factory=dict)

    def known(self, path: ValuePath) -> ValuePath:
        """The longest leading part of the path that the document has; all of it for a document without marks."""
        if not self.values:
            return path
        return next(path[:n] for n in range(len(path), -1, -1) if path[:n] in self.values or n == 0)

    def of(self, path: ValuePath, *, key: bool = False) -> SourceMark | None:
        """The mark of a scalar, else of the key that holds the value; `key`: of the key even for a scalar."""
        known = self.known(path)
        own, value = self.keys.get(known), self.values.get(known)
        return own or value if key or value is None or not value.text else value


NO_MARKS = SourceMarks()


@dataclass(frozen=True, slots=True)
class Definition:
    """One YAML document: `body` is its content as plain builtins; `ref` (`name@version`) is how events name it."""

    kind: str
    name: str
    version: int
    body: Mapping[str, Any]
    path: str = ""
    marks: SourceMarks = field(default=NO_MARKS, compare=False, repr=False)

    @property
    def ref(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def file(self) -> str:
        """The file, or `kind/name@version` for a version that was loaded from the store."""
        return self.path or f"{self.kind}/{self.ref}"

    def location(self, *path: str | int) -> str:
        """`file:line:column` of the value at this path, or of the innermost mapping or list that would hold it."""
        mark = self.marks.of(path)
        return f"{self.file}:{mark.line}:{mark.column}" if mark else self.file

    @property
    def digest(self) -> str:
        return hashlib.sha256(msgspec.json.encode(self.body, order="deterministic")).hexdigest()


class Definitions:
    """All definitions: the current ones from the files, and every published version of each from the store.

    `unreadable`: (kind, name) of files that could not be parsed. They exist, so a reference to one is not a fault.
    """

    def __init__(
        self, current: Iterable[Definition] = (), published: Iterable[Definition] = (),
        unreadable: Iterable[tuple[str, str]] = (),
    ) -> None:
        self._current = {(d.kind, d.name): d for d in current}
        self._all = {(d.kind, d.ref): d for d in published} | {(d.kind, d.ref): d for d in self._current.values()}
        self._unreadable = frozenset(unreadable)

    def current(self, kind: str) -> Sequence[Definition]:
        """Those in force, in the order of their file names."""
        return [d for (k, _), d in self._current.items() if k == kind]

    def versions(self, kind: str) -> Sequence[Definition]:
        """All published versions, current ones included: open records are decided by the version that they name."""
        return [d for (k, _), d in self._all.items() if k == kind]

    def find(self, kind: str, name: str) -> Definition | None:
        return self._current.get((kind, name))

    def version(self, kind: str, ref: str) -> Definition | None:
        return self._all.get((kind, ref))

    def is_current(self, definition: Definition) -> bool:
        return self._current.get((definition.kind, definition.name)) is definition

    def names(self, kind: str) -> set[str]:
        """Of all current definitions of the kind, unreadable ones included."""
        return {name for k, name in (*self._current, *self._unreadable) if k == kind}

    def kinds(self) -> Sequence[str]:
        return sorted({k for k, _ in self._all})
