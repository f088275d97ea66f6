"""The command line. Each command imports what it needs when it runs, so that `--help` is quick."""
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from chassis.http.i18n import LANGUAGES
from chassis.service.discovery import service_names
from chassis.support.errors import ActionableError
from tools import consumer_groups, dead_letters, keys, stream

app = typer.Typer(
    name="triptych", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="Set the targets, watch the process, see the results. 定指标，盯过程，看结果。",
)
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(consumer_groups.app, name="groups")
app.add_typer(keys.app, name="keys")
app.add_typer(stream.app, name="stream")
out = Console()
err = Console(stderr=True)


def main() -> None:
    """Runs a command: an `ActionableError` is one line on stderr and exit status 1; a defect shows its traceback."""
    try:
        app()
    except ActionableError as error:
        err.print("[red]triptych:[/]", escape(str(error)), highlight=False, markup=True, soft_wrap=True)
        sys.exit(1)


class InvalidArgument(ActionableError):
    """An argument or option of the command line is invalid."""


@app.command()
def up(
    simulate: Annotated[bool, typer.Option(help="Simulate a company that uses it")] = False,
    seed: Annotated[int, typer.Option(help="Seed of the simulated company")] = 1,
    speed: Annotated[float, typer.Option(help="Simulated days per hour, once the history is written")] = 24.0,
    history_days: Annotated[int, typer.Option(help="Days of simulated history")] = 400,
    real: Annotated[bool, typer.Option(help="Start an Apache Kafka broker too (needs Java 17 and Maven)")] = False,
    processes: Annotated[list[str] | None, typer.Option(
        metavar="SERVICE=N", help="Number of processes of a service, which share its partitions; repeatable")] = None,
) -> None:
    """Run everything on this machine, one process per service; with the embedded log and store by default."""
    from chassis.support.settings import settings
    from tools.up import run_up

    simulation = {"seed": seed, "speed": speed, "history_days": history_days} if simulate else None
    raise typer.Exit(run_up(
        settings(), simulation=simulation, real=real, console=out, processes=_processes(processes or ())))


def _processes(options: Sequence[str]) -> dict[str, int]:
    from chassis.service.discovery import internal_names
    from contracts.topics import PARTITIONS

    processes = {}
    for text in options:
        service, _, number = text.partition("=")
        if service not in internal_names() or not number.isdigit() or not 1 <= int(number) <= PARTITIONS:
            raise InvalidArgument(f"--processes {text!r}: must be SERVICE=N,",
                                  f"with one of {', '.join(internal_names())} and N from 1 to {PARTITIONS}.")
        processes[service] = int(number)
    return processes


@app.command()
def run(service: Annotated[str, typer.Argument(help=f"One of {', '.join(service_names())}")]) -> None:
    """Run one service in the foreground, as in a container or a unit file."""
    from chassis.runtime.host import run_process
    from chassis.support.settings import settings

    run_process(service, settings(), lambda: None)


@app.command(name="import")
def import_(
    mapping: Annotated[str, typer.Argument(help="The name of a mapping, or a YAML file")],
    directory: Annotated[Path, typer.Argument(help="Directory of the CSV files", exists=True, file_okay=False)],
    bus: Annotated[bool, typer.Option("--bus", help="Append to the log instead of sending to the gateway")] = False,
    wait: Annotated[float, typer.Option(help="Seconds to wait until everything is processed; 0: do not wait")] = 300.0,
) -> None:
    """Turn CSV files into events by a mapping; a second import of the same files changes nothing."""
    from chassis.support.settings import settings
    from tools.csv_import.command import run_import

    raise typer.Exit(run_import(mapping, directory, settings(), bus=bus, wait=wait, console=out))


@app.command()
def simulate(
    seed: Annotated[int, typer.Option()] = 1,
    until: Annotated[str | None, typer.Option(help="End of the history, RFC 3339; default now")] = None,
    history_days: Annotated[int, typer.Option()] = 400,
    speed: Annotated[float, typer.Option(help="Simulated days per hour once live; 0: history only")] = 24.0,
    out_file: Annotated[Path | None, typer.Option("--out", help="Write CloudEvents (JSON lines) instead of publishing")]
    = None,
) -> None:
    """A seeded company: the same seed and --until give the same events."""
    from chassis.support.settings import settings
    from tools.simulation.command import run_simulation

    _check_time(until)
    raise typer.Exit(run_simulation(settings(), seed=seed, until=until, history_days=history_days, speed=speed,
                                    out_file=out_file, console=out))


@app.command()
def check(
    definitions: Annotated[Path, typer.Argument(help="Directory of the definitions")] = Path("definitions"),
    language: Annotated[str | None, typer.Option(help="en or zh; default: from LC_ALL, LC_MESSAGES or LANG")] = None,
) -> None:
    """Read and compile every definition; print every fault as file:line:column. Exit status 1 when there is one."""
    from tools.definition_check import check_definitions, preferred_language, report

    if not definitions.is_dir():
        raise InvalidArgument(f"Directory {definitions} does not exist; name the directory of your definitions.")
    if language is not None and language not in LANGUAGES:
        raise InvalidArgument(f"--language {language}: use one of {', '.join(LANGUAGES)}.")
    result = check_definitions(definitions)
    console = err if result.faults else out
    for line in report(result, preferred_language(language)):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    if result.faults:
        raise typer.Exit(1)


@app.command(name="map")
def map_(check: Annotated[bool, typer.Option("--check", help="Fail when ARCHITECTURE.md is stale")] = False) -> None:
    """Write the event map of ARCHITECTURE.md: who publishes and who consumes each event."""
    from tools.event_map import update

    raise typer.Exit(update(check=check, console=out))


@app.command()
def doctor() -> None:
    """Show what this machine provides: versions, the embedded store, Java and Maven, the running system."""
    from chassis.support.settings import settings
    from tools.doctor import examine

    raise typer.Exit(examine(settings(), out))


@app.command()
def audit(
    services: Annotated[list[str] | None, typer.Argument(help="Services to audit; default: all")] = None,
) -> None:
    """Check figures, facts, sequences and outboxes against each other. Exit status 1 when something differs."""
    from chassis.support.settings import settings
    from tools.audit import run_audit

    raise typer.Exit(run_audit(settings(), services or [], out))


@app.command()
def replay(
    service: Annotated[str, typer.Argument(help="A service with a projection")],
    drop_others: Annotated[bool, typer.Option("--drop-others", help="Also delete the figures of other definitions; no "
                                              "service may run with those any more")] = False,
) -> None:
    """Rebuild a service's figures from the log, beside the running system, and switch over when they are complete."""
    from chassis.support.settings import settings
    from tools.replay import run_replay

    raise typer.Exit(run_replay(settings(), service, out, foreign=drop_others))


@app.command()
def backup(target: Annotated[Path, typer.Argument(help="A file, or a directory for a file named by time")]) -> None:
    """Copy a running embedded system (log, store, keys) into one file."""
    from chassis.support.settings import settings
    from tools.backup import run_backup

    raise typer.Exit(run_backup(settings(), target, out))


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="A file of `triptych backup`")]) -> None:
    """Restore a backup into an empty data directory (TRIPTYCH_DATA_DIR)."""
    from chassis.support.settings import settings
    from tools.backup import run_restore

    raise typer.Exit(run_restore(settings(), file, out))


@app.command()
def lag() -> None:
    """Show how many records each service has still to process."""
    from tools.client import call

    body = call("GET", "/v1/lag")
    table = Table("service", "records", "complete until")
    for name, progress in body["services"].items():
        table.add_row(name, f"{progress.get('total', 0):,}", str(progress.get("complete_until")))
    out.print(table)


def _check_time(until: str | None) -> None:
    from datetime import datetime

    try:
        datetime.fromisoformat(until or "2026-01-01")
    except ValueError:
        raise InvalidArgument(f"--until {until}: must be a time such as 2026-03-31T18:00:00Z.") from None


if __name__ == "__main__":
    main()
