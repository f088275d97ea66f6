"""Both ports in one durable SQLite file, for several processes at once: the embedded default."""
from chassis.sqlite.bus import SqliteBus
from chassis.sqlite.database import Database
from chassis.sqlite.store import SqliteStore

__all__ = ["Database", "SqliteBus", "SqliteStore"]
