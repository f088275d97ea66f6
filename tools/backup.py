"""`triptych backup` and `triptych restore`: the running embedded system to one file, and back."""
import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from chassis.adapters.sqlite.backup import BackupContents, InvalidBackup, contents, copy_database, restore
from chassis.runtime.host import DATABASE, VERSION
from chassis.support.clock import utc_now
from chassis.support.errors import ActionableError
from chassis.support.settings import Settings

MOST_BYTES = 1024 * 1024  # of a small file that goes along: keys, marks
LOCK = "up.lock"
TOOLS = {
    "log": "The log is on Kafka: keep three copies of every topic, and copy the cluster with MirrorMaker 2 or "
           "snapshots of its disks.",
    "store": "The store is MongoDB: use mongodump --oplog of a replica set, or snapshots of its disks.",
}
ORDER = ("Copy the store first and the log afterwards: services read again from where a restored store was, but a log "
         "that lies behind the store stops them.")


class NotPossible(ActionableError):
    """The operation would overwrite data or is not supported with these settings."""


def run_backup(settings: Settings, target: Path, console: Console) -> int:
    """Writes the backup to the file, or to a file named by the time in the directory."""
    foreign = _foreign(settings)
    if len(foreign) == 2:
        raise NotPossible(" ".join([*foreign, ORDER]))
    source = settings.data_dir / DATABASE
    if not source.exists():
        raise NotPossible(f"{settings.data_dir} has no embedded system.")
    if target.is_dir():
        target = target / f"triptych-{utc_now():%Y%m%dT%H%M%SZ}.db"
    if target.exists():
        raise NotPossible(f"{target} exists already; choose another file.")
    target.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    about = {"taken_at": utc_now().isoformat(timespec="seconds"), "release": VERSION}
    made = copy_database(source, target, about, _small_files(settings.data_dir))
    _tell(console, made, f"{target} ({target.stat().st_size / 1e6:,.1f} MB, {time.monotonic() - began:.1f} s)")
    console.print("It contains the keys and all data of this installation: protect it like the system itself.")
    for sentence in [*foreign, ORDER] if foreign else []:
        console.print(f"[yellow]{sentence}[/]", highlight=False)
    return 0


def run_restore(settings: Settings, file: Path, console: Console) -> int:
    """Restores into the data directory, which must be empty and not in use."""
    foreign = _foreign(settings)
    if len(foreign) == 2:
        raise NotPossible(" ".join([*foreign, ORDER]))
    if not file.is_file():
        raise NotPossible(f"{file} does not exist.")
    try:
        found = contents(file)
        with _alone(settings.data_dir):
            there = sorted(p.name for p in settings.data_dir.iterdir() if p.name != LOCK)
            if there:
                raise NotPossible(f"{settings.data_dir} is not empty ({', '.join(there[:3])}): a restore overwrites "
                                  "nothing. Move it away, or choose another TRIPTYCH_DATA_DIR.")
            for name, body in found.files.items():
                _write(settings.data_dir / name, body)
            restore(file, settings.data_dir / DATABASE)  # last: without it the directory holds no system
    except InvalidBackup as error:
        raise NotPossible(str(error)) from None
    _tell(console, found, str(settings.data_dir))
    console.print("Restored. Events published after the backup are missing: let the source systems publish them again; "
                  "repeated events change nothing.", highlight=False)
    for sentence in foreign:
        console.print(f"[yellow]{sentence}[/]", highlight=False)
    return 0


def _foreign(settings: Settings) -> list[str]:
    return [*([TOOLS["log"]] if settings.kafka else []), *([TOOLS["store"]] if settings.mongo else [])]


def _small_files(directory: Path) -> dict[str, bytes]:
    """Keys and markers beside the database: without the keys, links already sent would not open."""
    left_out = (DATABASE, LOCK)
    return {
        path.name: path.read_bytes() for path in sorted(directory.iterdir())
        if path.is_file() and not path.name.startswith(left_out) and not path.name.endswith((".partial", ".log"))
        and path.stat().st_size <= MOST_BYTES}


def _write(path: Path, body: bytes) -> None:
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(body)


@contextlib.contextmanager
def _alone(directory: Path) -> Iterator[None]:
    directory.mkdir(parents=True, exist_ok=True)
    lock = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise NotPossible(f"A system is running on {directory}; stop it first.") from None
    try:
        yield
    finally:
        os.close(lock)


def _tell(console: Console, found: BackupContents, where: str) -> None:
    table = Table(show_header=False)
    table.add_row("where", where)
    table.add_row("taken at", found.about.get("taken_at", "?"))
    table.add_row("release", found.about.get("release", "?"))
    table.add_row("log", f"{found.records:,} records, identity {found.identity}")
    table.add_row("documents", f"{sum(found.documents.values()):,} in {len(found.documents)} collections")
    table.add_row("files", ", ".join(found.files) or "none")
    console.print(table)
