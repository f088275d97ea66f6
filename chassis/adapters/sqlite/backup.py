"""Copying the one file of an embedded system while it is used, and putting a copy back.

The copy is made in one step under one read transaction, so it is the state of a single moment, and nobody waits for
it. Log and store are one file: what a copy holds of both belongs together.
"""
import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from chassis.adapters.sqlite.schema import LAYOUT
from chassis.adapters.sqlite.sql import rows
from chassis.support.errors import ActionableError

_BUSY_MS = 10_000


class NoBackup(ActionableError, ValueError):
    """The file is none, or is damaged, or was made by a later release."""


@dataclass(frozen=True, slots=True)
class Contents:
    """`about`: what was written down when the copy was made. `files`: small files that belong to the system."""

    about: Mapping[str, str]
    files: Mapping[str, bytes]
    identity: str
    records: int
    documents: Mapping[str, int] = field(default_factory=dict)


def copy_living(source: Path, target: Path, about: Mapping[str, str], files: Mapping[str, bytes]) -> Contents:
    """FileExistsError when the target is there already; the target appears only when it is whole."""
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with contextlib.closing(_open(source)) as living, contextlib.closing(_open(partial)) as copy:
            with copy.backup("main", living, "main") as work:
                work.step(-1)  # all pages at once: in portions it would begin again at each write of the others
            copy.pragma("journal_mode", "delete")
            copy.execute("CREATE TABLE backup(kind TEXT, name TEXT, value BLOB, PRIMARY KEY(kind, name)) STRICT")
            told = [("about", name, value.encode()) for name, value in about.items()]
            copy.executemany(
                "INSERT INTO backup VALUES(?, ?, ?)", [*told, *(("file", name, body) for name, body in files.items())])
        made = contents(partial)
        _flush(partial)
        os.link(partial, target)
        _flush(target.parent)
        return made
    finally:
        partial.unlink(missing_ok=True)


def contents(file: Path) -> Contents:
    """Reads it all once, to see that it is whole. Raises NoBackup."""
    try:
        with contextlib.closing(apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
            layout = connection.pragma("user_version")
            if not rows(connection, "SELECT 1 FROM sqlite_schema WHERE name='backup'"):
                raise NoBackup(f"{file} was not made by `triptych backup`.")
            if not isinstance(layout, int) or layout > LAYOUT:
                raise NoBackup(f"{file} has layout {layout}; this release knows {LAYOUT}.")
            if (found := connection.pragma("quick_check")) != "ok":
                raise NoBackup(f"{file} is damaged: {found}")
            kept = rows(connection, "SELECT kind, name, value FROM backup")
            names = [name for (name,) in rows(connection, "SELECT name FROM collections ORDER BY name")]
            return Contents(
                {name: value.decode() for kind, name, value in kept if kind == "about"},
                {name: value for kind, name, value in kept if kind == "file"},
                rows(connection, "SELECT value FROM facts WHERE name='identity'")[0][0],
                rows(connection, "SELECT coalesce(sum(next), 0) FROM places")[0][0],
                {name: rows(connection, f'SELECT count(*) FROM "d.{name}"')[0][0] for name in names})
    except apsw.Error as error:
        raise NoBackup(f"{file} is no backup: {error}") from None


def put_back(file: Path, target: Path) -> None:
    """A living file made of a copy that `contents` has read, without the members that lived when it was made.

    FileExistsError when there is one already.
    """
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with contextlib.closing(apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)) as kept, \
                contextlib.closing(_open(partial)) as living:
            with living.backup("main", kept, "main") as work:
                work.step(-1)
            living.execute("DROP TABLE backup; DELETE FROM members; UPDATE leases SET owner=NULL")
        _flush(partial)
        os.link(partial, target)
        _flush(target.parent)
    finally:
        partial.unlink(missing_ok=True)


def _open(file: Path) -> apsw.Connection:
    connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(_BUSY_MS)
    return connection


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
