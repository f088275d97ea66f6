"""The tables of the file. A batch of records is one row: few rows to write, few to read."""
import time
import uuid
from typing import Literal

import apsw

LAYOUT = 2  # 1 had no table `begins`
SHIFT = 40  # batches.id = place << SHIFT | offset of the last record in it

_TABLES = """
CREATE TABLE IF NOT EXISTS facts(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS places(
    id INTEGER PRIMARY KEY, topic TEXT NOT NULL, partition INTEGER NOT NULL,
    next INTEGER NOT NULL DEFAULT 0, at INTEGER NOT NULL DEFAULT 0, UNIQUE(topic, partition)) STRICT;
CREATE TABLE IF NOT EXISTS batches(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS begins(place INTEGER PRIMARY KEY, offset INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS members(
    team TEXT NOT NULL, member TEXT NOT NULL, seen INTEGER NOT NULL, PRIMARY KEY(team, member)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS leases(
    team TEXT NOT NULL, number INTEGER NOT NULL, owner TEXT, generation INTEGER NOT NULL,
    PRIMARY KEY(team, number)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS commits(
    team TEXT NOT NULL, place INTEGER NOT NULL, next INTEGER NOT NULL,
    PRIMARY KEY(team, place)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS collections(name TEXT PRIMARY KEY, fields TEXT NOT NULL) STRICT;
"""


def prepare(connection: apsw.Connection, sync: Literal["normal", "full"]) -> None:
    """Creates missing tables. Raises RuntimeError for a layout of a later release."""
    _write_ahead(connection)
    connection.execute(f"PRAGMA synchronous={sync}")
    connection.execute("PRAGMA journal_size_limit=67108864")
    layout = connection.pragma("user_version")
    if layout == LAYOUT:
        return
    if layout > LAYOUT:
        raise RuntimeError(f"this file has layout {layout}; this release supports {LAYOUT}")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(_TABLES)
    connection.execute("INSERT OR IGNORE INTO facts VALUES('identity', ?)", (str(uuid.uuid4()),))
    connection.execute(f"PRAGMA user_version={LAYOUT}")
    connection.execute("COMMIT")


def _write_ahead(connection: apsw.Connection) -> None:
    """Switches a new file to write-ahead logging, which needs exclusive access that SQLite does not wait for."""
    until = time.monotonic() + 10
    while True:
        try:
            if connection.pragma("journal_mode", "wal") == "wal":
                return
        except (apsw.BusyError, apsw.LockedError):
            pass
        if time.monotonic() > until:
            raise apsw.BusyError("the file cannot be switched to write-ahead logging")
        time.sleep(0.01)
