"""Backup and restore of the embedded system's file while it is in use.

The backup is made in one step under one read transaction: it is a consistent snapshot of log and store, and blocks no
writer.
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


class InvalidBackup(ActionableError, ValueError):
    """The file is not a backup, is damaged, or was made by a later release."""


@dataclass(frozen=True, slots=True)
class BackupContents:
    """`about`: metadata of the backup. `files`: small files of the system, such as keys."""

    about: Mapping[str, str]
    files: Mapping[str, bytes]
    identity: str
    records: int
    documents: Mapping[str, int] = field(default_factory=dict)


def copy_database(source: Path, target: Path, about: Mapping[str, str], files: Mapping[str, bytes]) -> BackupContents:
    """Raises FileExistsError when the target exists; the target appears only once it is complete."""
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with contextlib.closing(_open(source)) as source_database, contextlib.closing(_open(partial)) as copy:
            with copy.backup("main", source_database, "main") as work:
                work.step(-1)  # all pages in one step: in portions it would restart at every write
            copy.pragma("journal_mode", "delete")
            copy.execute("CREATE TABLE backup(kind TEXT, name TEXT, value BLOB, PRIMARY KEY(kind, name)) STRICT")
            metadata = [("about", name, value.encode()) for name, value in about.items()]
            attached = [("file", name, body) for name, body in files.items()]
            copy.executemany("INSERT INTO backup VALUES(?, ?, ?)", [*metadata, *attached])
        backup = contents(partial)
        _flush(partial)
        os.link(partial, target)
        _flush(target.parent)
        return backup
    finally:
        partial.unlink(missing_ok=True)


def contents(file: Path) -> BackupContents:
    """Reads the whole file and verifies it. Raises InvalidBackup."""
    try:
        with contextlib.closing(apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
            layout = connection.pragma("user_version")
            if not rows(connection, "SELECT 1 FROM sqlite_schema WHERE name='backup'"):
                raise InvalidBackup(f"{file} was not made by `triptych backup`.")
            if not isinstance(layout, int) or layout > LAYOUT:
                raise InvalidBackup(f"{file} has layout {layout}; this release supports {LAYOUT}.")
            if (result := connection.pragma("quick_check")) != "ok":
                raise InvalidBackup(f"{file} is damaged: {result}")
            stored = rows(connection, "SELECT kind, name, value FROM backup")
            names = [name for (name,) in rows(connection, "SELECT name FROM collections ORDER BY name")]
            return BackupContents(
                {name: value.decode() for kind, name, value in stored if kind == "about"},
                {name: value for kind, name, value in stored if kind == "file"},
                rows(connection, "SELECT value FROM facts WHERE name='identity'")[0][0],
                rows(connection, "SELECT coalesce(sum(next), 0) FROM places")[0][0],
                {name: rows(connection, f'SELECT count(*) FROM "d.{name}"')[0][0] for name in names})
    except apsw.Error as error:
        raise InvalidBackup(f"{file} is not a backup: {error}") from None


def restore(file: Path, target: Path) -> None:
    """Writes the system's file from a verified backup, without the consumer group members of that time.

    Raises FileExistsError when the file exists.
    """
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with contextlib.closing(apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)) as backup, \
                contextlib.closing(_open(partial)) as restored:
            with restored.backup("main", backup, "main") as work:
                work.step(-1)
            restored.execute("DROP TABLE backup; DELETE FROM members; UPDATE leases SET owner=NULL")
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
