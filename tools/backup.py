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

MAX_FILE_BYTES = 1024 * 1024  # of a file beside the database that is backed up: keys, markers
LOCK = "up.lock"
EXTERNAL_BACKUPS = {
    "log": "The log is on Kafka: keep three copies of every topic, and copy the cluster with MirrorMaker 2 or "
           "snapshots of its disks.",
    "store": "The store is MongoDB: use mongodump --oplog of a replica set, or snapshots of its disks.",
}
RESTORE_ORDER = (
    "Copy the store first and the log afterwards: services continue at the offsets of a restored store, and stop when "
    "the log ends before them.")


class NotPossible(ActionableError):
    """The operation would overwrite data, or these settings do not support it."""


def run_backup(settings: Settings, target: Path, console: Console) -> int:
    """Writes the backup to the file, or to a file named by the time in the directory."""
    external = _external_systems(settings)
    if len(external) == 2:
        raise NotPossible(" ".join([*external, RESTORE_ORDER]))
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
    backup = copy_database(source, target, about, _small_files(settings.data_dir))
    size, seconds = target.stat().st_size / 1e6, time.monotonic() - began
    _print_contents(console, backup, f"{target} ({size:,.1f} MB, {seconds:.1f} s)")
    console.print("It contains the keys and all data of this installation: protect it like the system itself.")
    for sentence in [*external, RESTORE_ORDER] if external else []:
        console.print(f"[yellow]{sentence}[/]", highlight=False)
    return 0


def run_restore(settings: Settings, file: Path, console: Console) -> int:
    """Restores into the data directory, which must be empty and not in use."""
    external = _external_systems(settings)
    if len(external) == 2:
        raise NotPossible(" ".join([*external, RESTORE_ORDER]))
    if not file.is_file():
        raise NotPossible(f"{file} does not exist.")
    try:
        backup = contents(file)
        with _exclusive_lock(settings.data_dir):
            existing = sorted(p.name for p in settings.data_dir.iterdir() if p.name != LOCK)
            if existing:
                raise NotPossible(f"{settings.data_dir} is not empty ({', '.join(existing[:3])}): a restore overwrites "
                                  "nothing. Move it away, or choose another TRIPTYCH_DATA_DIR.")
            for name, body in backup.files.items():
                _write(settings.data_dir / name, body)
            restore(file, settings.data_dir / DATABASE)  # last: without it the directory holds no system
    except InvalidBackup as error:
        raise NotPossible(str(error)) from None
    _print_contents(console, backup, str(settings.data_dir))
    console.print("Restored. Events published after the backup are missing: let the source systems publish them again; "
                  "repeated events change nothing.", highlight=False)
    for sentence in external:
        console.print(f"[yellow]{sentence}[/]", highlight=False)
    return 0


def _external_systems(settings: Settings) -> list[str]:
    log, store = EXTERNAL_BACKUPS["log"], EXTERNAL_BACKUPS["store"]
    return [*([log] if settings.kafka else []), *([store] if settings.mongo else [])]


def _small_files(directory: Path) -> dict[str, bytes]:
    """Keys and markers beside the database: without the keys, links already sent would not open."""
    left_out = (DATABASE, LOCK)
    return {
        path.name: path.read_bytes() for path in sorted(directory.iterdir())
        if path.is_file() and not path.name.startswith(left_out) and not path.name.endswith((".partial", ".log"))
        and path.stat().st_size <= MAX_FILE_BYTES}


def _write(path: Path, body: bytes) -> None:
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(body)


@contextlib.contextmanager
def _exclusive_lock(directory: Path) -> Iterator[None]:
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


def _print_contents(console: Console, backup: BackupContents, where: str) -> None:
    table = Table(show_header=False)
    table.add_row("location", where)
    table.add_row("taken at", backup.about.get("taken_at", "?"))
    table.add_row("release", backup.about.get("release", "?"))
    table.add_row("log", f"{backup.records:,} records, identity {backup.identity}")
    table.add_row("documents", f"{sum(backup.documents.values()):,} in {len(backup.documents)} collections")
    table.add_row("files", ", ".join(backup.files) or "none")
    console.print(table)
