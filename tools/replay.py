"""`triptych replay SERVICE`: rebuilds its figures from the log beside the running system, then switches over."""
import asyncio
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from chassis.runtime.application import Application
from chassis.runtime.host import configure_logs, load_definitions, open_ports
from chassis.runtime.rebuild import CLOSE, LOOK_SECONDS, Rebuild, RebuildResult
from chassis.service.discovery import find_service
from chassis.support.settings import Settings
from tools.audit import require_existing_system


def run_replay(settings: Settings, service: str, console: Console, *, foreign: bool = False) -> int:
    """Exit status 0 when the rebuilt generation is live."""
    require_existing_system(settings)
    configure_logs(settings.model_copy(update={"log_level": "warning"}), "replay")
    return asyncio.run(replay(settings, service, console, foreign))


async def replay(settings: Settings, service: str, console: Console, foreign: bool) -> int:
    definitions, began = load_definitions(settings), time.monotonic()
    async with open_ports(settings) as (bus, store):
        application = Application(find_service(service), settings, store, bus, definitions)
        rebuild = Rebuild(application)
        await application.start()  # prepares, but joins no group
        async with rebuild.running():
            records = await _wait_until_caught_up(rebuild, console)
            seconds = time.monotonic() - began
            switched = await rebuild.switch()
        dropped = await rebuild.clean_up(foreign=foreign)
        others = await application.generations.foreign()
    _print_result(console, switched, records, seconds, dropped)
    if others:
        console.print(f"Generations of other definitions remain: {', '.join(others)}. Once every service is restarted, "
                      "--drop-others removes them.", highlight=False)
    return 0


async def _wait_until_caught_up(rebuild: Rebuild, console: Console) -> int:
    """Shows progress; returns the number of records in the log."""
    columns = (TextColumn("counting {task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task(rebuild.generation, total=None)
        while True:
            remaining, records = await rebuild.remaining()
            progress.update(bar, completed=records - remaining, total=records)
            if remaining <= CLOSE:
                return records
            await asyncio.sleep(LOOK_SECONDS)


def _print_result(console: Console, switched: RebuildResult, records: int, seconds: float, dropped: int) -> None:
    console.print(
        f"{records:,} records processed in {seconds:.1f} s. Generation {switched.now} is live; {switched.before} "
        f"is removed ({dropped:,} documents).", highlight=False)
    compared = switched.compared
    for location in compared.undecided:
        console.print(f"[yellow]not compared[/] {location}: it changed too fast", highlight=False)
    if not compared.differences:
        console.print(f"All {compared.measures} measures are unchanged.", highlight=False)
        return
    table = Table("measure", "n before", "n now", "sum before", "sum now", "members before", "members now")
    for measure, before, now in compared.differences:
        table.add_row(measure, *(f"{value:,}" for pair in zip(before, now, strict=True) for value in pair))
    console.print("[yellow]These measures changed:[/]")
    console.print(table)
