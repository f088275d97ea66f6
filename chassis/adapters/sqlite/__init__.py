"""Both ports in one durable SQLite file, for several processes at once: the embedded default."""
from chassis.adapters.sqlite.bus import SqliteBus
from chassis.adapters.sqlite.database import Database
from chassis.adapters.sqlite.store import SqliteStore

__all__ = ["Database", "SqliteBus", "SqliteStore"]
