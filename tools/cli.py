"""The command line: `triptych COMMAND --help` says what each does. What a command needs is imported when it runs."""
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

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
    simulate: Annotated[bool, typer.Option(help="Let a simulated company live in it")] = False,
    seed: Annotated[int, typer.Option(help="Of the simulated company")] = 1,
    speed: Annotated[float, typer.Option(help="Simulated days per hour of the clock, live part")] = 24.0,
    history_days: Annotated[int, typer.Option(help="Days of the simulated past")] = 400,
    real: Annotated[bool, typer.Option(help="Bring up an Apache Kafka broker of its own (Java 17 and Maven)")] = False,
    processes: Annotated[list[str] | None, typer.Option(
        metavar="SERVICE=N", help="So many processes of a service, which share its partitions; repeatable")] = None,
) -> None:
    """Everything on this machine, one process per service; embedded log and store unless told otherwise."""
    from chassis.support.settings import settings
    from tools.up import run_up

    simulation = {"seed": seed, "speed": speed, "history_days": history_days} if simulate else None
    raise typer.Exit(run_up(
        settings(), simulation=simulation, real=real, console=out, processes=_processes(processes or ())))


def _processes(said: Sequence[str]) -> dict[str, int]:
    from chassis.support.settings import SERVICES
    from contracts.topics import PARTITIONS

    found = {}
    for text in said:
        service, _, number = text.partition("=")
        if service not in SERVICES or not number.isdigit() or not 1 <= int(number) <= PARTITIONS:
            raise InvalidArgument(f"{text!r} does not name one of {', '.join(SERVICES)} and 1 to {PARTITIONS} processes, "
                           "as in pipeline=2.")
        found[service] = int(number)
    return found


@app.command()
def run(service: Annotated[str, typer.Argument(help="lead_scoring, pipeline, segmentation, surveys, kpi or gateway")],
        ) -> None:
    """One service in the foreground, as a container or a unit file would."""
    from chassis.runtime.host import run_process
    from chassis.support.settings import SERVICES, settings

    if service not in (*SERVICES, "gateway"):
        raise InvalidArgument(f"There is no service {service!r}; there are {', '.join(SERVICES)} and gateway.")

    run_process(service, settings(), lambda: None)


@app.command(name="import")
def import_(
    mapping: Annotated[str, typer.Argument(help="The name of a mapping, or a YAML file")],
    directory: Annotated[Path, typer.Argument(help="Where the CSV files lie", exists=True, file_okay=False)],
    bus: Annotated[bool, typer.Option("--bus", help="Straight to the log instead of the public door")] = False,
    wait: Annotated[float, typer.Option(help="Seconds to wait until all is counted; 0: do not")] = 300.0,
) -> None:
    """Turn CSV files into events by a mapping; a second import of the same files changes nothing."""
    from chassis.support.settings import settings
    from tools.importing.command import run_import

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
def check(definitions: Annotated[Path, typer.Argument()] = Path("definitions")) -> None:
    """Read and compile every definition; say what is wrong, with file and line."""
    from chassis.domain.definitions import read_directory
    from chassis.runtime.host import find_service, find_services
    from tools.importing.mapping import compile_mapping

    if not definitions.is_dir():
        raise InvalidArgument(f"There is no directory {definitions}; name the one that holds your definitions.")
    found = read_directory(definitions)
    for service in (*find_services(), find_service("gateway")):
        service.build(found)
    for definition in found.current("mappings"):
        compile_mapping(definition)
    total = sum(len(found.current(kind)) for kind in found.kinds())
    out.print(f"{total} definitions of {len(found.kinds())} kinds are in order.")


@app.command(name="map")
def map_(check: Annotated[bool, typer.Option("--check", help="Fail when ARCHITECTURE.md is stale")] = False) -> None:
    """Write the event map of ARCHITECTURE.md: who says what, who hears it."""
    from tools.event_map import update

    raise typer.Exit(update(check=check, console=out))


@app.command()
def doctor() -> None:
    """What this machine offers: versions, the embedded store, Java and Maven, the running system."""
    from chassis.support.settings import settings
    from tools.doctor import examine

    raise typer.Exit(examine(settings(), out))


@app.command()
def audit(
    services: Annotated[list[str] | None, typer.Argument(help="Only these; default: all")] = None,
) -> None:
    """Whether figures, facts, sequences and outboxes agree, read whole. Exit status 1 when something does not."""
    from chassis.support.settings import settings
    from tools.audit import run_audit

    raise typer.Exit(run_audit(settings(), services or [], out))


@app.command()
def replay(
    service: Annotated[str, typer.Argument(help="One that keeps figures: kpi")],
    drop_others: Annotated[bool, typer.Option("--drop-others", help="Also take away what was counted under other "
                                              "definitions; no service may run with them any more")] = False,
) -> None:
    """Count a service's figures anew from the log, beside the living system, and switch over when all is counted."""
    from chassis.support.settings import settings
    from tools.replay import run_replay

    raise typer.Exit(run_replay(settings(), service, out, foreign=drop_others))


@app.command()
def backup(target: Annotated[Path, typer.Argument(help="A file, or a directory for a file named by the time")]) -> None:
    """Copy an embedded system, log and store and keys, into one file while it works."""
    from chassis.support.settings import settings
    from tools.backup import run_backup

    raise typer.Exit(run_backup(settings(), target, out))


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="What `triptych backup` made")]) -> None:
    """Put a backup into an empty data directory (TRIPTYCH_DATA_DIR)."""
    from chassis.support.settings import settings
    from tools.backup import run_restore

    raise typer.Exit(run_restore(settings(), file, out))


@app.command()
def lag() -> None:
    """How much each service has still to process."""
    from tools.client import ask

    body = ask("GET", "/v1/lag")
    table = Table("service", "records", "complete until")
    for name, found in body["services"].items():
        table.add_row(name, f"{found.get('total', 0):,}", str(found.get("complete_until")))
    out.print(table)


def _check_time(until: str | None) -> None:
    from datetime import datetime

    try:
        datetime.fromisoformat(until or "2026-01-01")
    except ValueError:
        raise InvalidArgument(f"--until {until}: say a time such as 2026-03-31T18:00:00Z.") from None


if __name__ == "__main__":
    main()
