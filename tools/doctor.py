"""`triptych doctor`: what this machine provides for `triptych up` and for the tests, and what is missing."""
import importlib.util
import platform
import shutil
import socket

from rich.console import Console
from rich.table import Table

from chassis.service.addresses import management_port
from chassis.service.discovery import find_services
from chassis.support.settings import Settings

SAFE_SQLITE = (3, 51, 3)


def examine(settings: Settings, console: Console) -> int:
    """Exit status 1 when something prevents `triptych up`."""
    import apsw

    names = [service.name for service in find_services()]
    sqlite = tuple(int(p) for p in apsw.sqlite_lib_version().split("."))
    rows = [
        ("Python", platform.python_version(), True),
        ("SQLite of the embedded log and store", ".".join(map(str, sqlite)), sqlite >= SAFE_SQLITE),
        ("log", settings.kafka or f"embedded, {settings.data_dir}", True),
        ("store", _without_password(settings.mongo) or f"embedded, {settings.data_dir}", True),
        ("public address", f"http://{settings.http} {_port_state(settings.http)}", True),
        ("ports of the services", f"{settings.first_port}–{max(management_port(settings, n) for n in names)}", True),
        ("definitions", str(settings.definitions), settings.definitions.is_dir()),
        ("Java (only for --real and the real tests)", shutil.which("java") or "not found", None),
        ("Maven (likewise)", shutil.which("mvn") or "not found", None),
        ("MongoDB-compatible server for tests", "found" if importlib.util.find_spec("secantus") or shutil.which(
            "secantusd-py") else "not found", None),
    ]
    table = Table(show_header=False)
    for name, value, good in rows:
        table.add_row({True: "[green]✓[/]", False: "[red]✗[/]", None: "·"}[good], name, value)
    console.print(table)
    console.print("services: " + ", ".join(names))
    return 0 if all(good is not False for _, _, good in rows) else 1


def _port_state(http: str) -> str:
    host, _, port = http.rpartition(":")
    try:
        with socket.create_connection((host or "127.0.0.1", int(port)), timeout=0.3):
            return "(in use)"
    except OSError:
        return "(free)"


def _without_password(url: str | None) -> str | None:
    if url is None or "@" not in url:
        return url
    scheme, _, rest = url.partition("://")
    return f"{scheme}://…@{rest.rpartition('@')[2]}"
