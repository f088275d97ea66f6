"""The import command: reads, sends, shows progress and prints a summary."""
import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from chassis.domain.definitions import company_zone
from chassis.runtime.host import load_definitions, open_bus
from chassis.support.settings import Settings
from contracts.topics import TOPICS
from tools.csv_import.mapping import ImportMapping, load_mapping
from tools.csv_import.rows import Tally, events
from tools.csv_import.sender import ApiSink, LogSink, Sink, send

SHOWN = 20


def run_import(name: str, directory: Path, settings: Settings, *, bus: bool, wait: float, console: Console) -> int:
    """Exit status: 0 only when nothing was rejected. Raises DefinitionError, MissingFile, Unreachable."""
    mapping = load_mapping(name, settings.definitions)
    tally = Tally()
    settled = asyncio.run(_run(mapping, directory, settings, tally, bus=bus, wait=wait, console=console))
    summary(mapping, tally, console)
    if not settled:
        console.print(f"[yellow]Everything is in the log, but not all of it was counted within {wait:.0f} s;[/] "
                      "`GET /v1/lag` shows the progress of the services.")
    return 1 if tally.rejected else 0


async def _run(
    mapping: ImportMapping, directory: Path, settings: Settings, tally: Tally, *, bus: bool, wait: float,
    console: Console,
) -> bool:
    imported = list(events(mapping, directory, company_zone(load_definitions(settings)), tally))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=not console.is_terminal) as progress:
        task = progress.add_task(f"import {mapping.name}", total=len(imported))
        async with _sink(settings, bus) as sink:
            await send(imported, sink, tally, lambda n: progress.advance(task, n))
            progress.update(task, description="waiting until it is counted")
            return await sink.settle(wait) if wait else True


@asynccontextmanager
async def _sink(settings: Settings, bus: bool) -> AsyncIterator[Sink]:
    if not bus:
        api = ApiSink(f"http://{settings.http}", settings.credentials())
        try:
            yield api
        finally:
            await api.client.aclose()
        return
    log = open_bus(settings)
    await log.start()
    try:
        await log.ensure_topics({t.name: t.partitions for t in TOPICS.values()})
        yield LogSink(log)
    finally:
        await log.stop()


def summary(mapping: ImportMapping, tally: Tally, console: Console) -> None:
    table = Table(title=f"Import {mapping.name}", show_header=False, title_justify="left")
    for label, count in _lines(mapping, tally):
        table.add_row(label, f"{count:,}")
    console.print(table)
    for r in tally.rejected[:SHOWN]:
        console.print("[red]rejected[/]", escape(f"{r.file}, line {r.line}: {r.code}: {r.message}"), highlight=False,
                      soft_wrap=True)
    if len(tally.rejected) > SHOWN:
        console.print(f"… and {len(tally.rejected) - SHOWN:,} more")


def _lines(mapping: ImportMapping, tally: Tally) -> Iterator[tuple[str, int]]:
    for file, n in tally.rows.items():
        yield f"rows read from {file}", n
    for event, n in tally.events.items():
        yield f"events {event}", n
    yield "events sent", tally.sent
    for text, n in tally.notes.items():
        yield f"noted: {text}", n
    for (name, change), n in mapping.tables.fixed.items():
        yield f"{name} corrected: {change}", n
    for reason, n in tally.skipped.items():
        yield f"left out: {reason}", n
    yield "rows rejected", len(tally.rejected)
