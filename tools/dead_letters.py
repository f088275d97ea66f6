"""`triptych dead-letters`: records that could not be processed: list, show, replay, discard."""
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tools.client import call

PATH = "/v1/dead-letters"
MAX_BATCH = 200
NONE = "No dead letters."

app = typer.Typer(
    no_args_is_help=True, help="Records that could not be processed: list them with the reason, replay or discard them."
)
out = Console()

Where = Annotated[list[str] | None, typer.Option("--where", help="name=value, repeatable: service, topic, "
                                                 "code, status, event_type, event_source, event_id, …")]


@app.command(name="list")
def listed(
    service: Annotated[str | None, typer.Option()] = None, topic: Annotated[str | None, typer.Option()] = None,
    code: Annotated[str | None, typer.Option()] = None, status: Annotated[str | None, typer.Option()] = None,
    where: Where = None, limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
) -> None:
    """List dead letters with their reasons, oldest first."""
    conditions = conditions_of(where, service=service, topic=topic, code=code, status=status)
    items = call("GET", PATH, params={**conditions, "limit": limit})["items"]
    out.print(_table(items) if items else NONE)


@app.command()
def show(id: str) -> None:
    """Show one dead letter with its original record."""
    out.print_json(data=call("GET", f"{PATH}/{id}"))


@app.command()
def stats() -> None:
    """Counts per service by status; open ones by code and topic."""
    body = call("GET", f"{PATH}/stats")
    table = Table("service", "count by", "value", "number")
    for service, counts in body["services"].items():
        for what in ("status", "code", "topic"):
            for value, n in counts[what].items():
                table.add_row(service, what, value, f"{n:,}")
    out.print(table if table.row_count else NONE)


@app.command()
def replay(
    id: Annotated[str | None, typer.Argument(help="One dead letter; or use --where")] = None,
    with_file: Annotated[Path | None, typer.Option("--with", help="Corrected event or data (JSON) to replay instead",
                                                   exists=True, dir_okay=False)] = None,
    where: Where = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most this many; default: all that match")] = None,
    rate: Annotated[float, typer.Option(min=0.0, help="At most this many per second; 0: unlimited")] = 0.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show which")] = False,
) -> None:
    """Replay one or many dead letters in the service that could not process them, once the cause is fixed.

    The command is idempotent. After three replays a dead letter must be corrected or discarded.
    """
    if (id is None) == (not where):
        raise typer.BadParameter("Give the id of one dead letter, or --where with a condition.")
    if id is not None:
        body = {"with": _read(with_file)} if with_file else {}
        out.print_json(data=call("GET", f"{PATH}/{id}") if dry_run else call("POST", f"{PATH}/{id}/replay", body))
        return
    if with_file:
        raise typer.BadParameter("--with corrects one dead letter: give its id.")
    conditions = conditions_of(where)
    if dry_run:
        request = {"where": conditions, "limit": min(limit or 1000, 1000), "dry_run": True}
        preview = call("POST", f"{PATH}/replay", request)
        out.print(_table(preview["items"]) if preview["items"] else NONE)
        out.print(f"{preview['matched']:,} open; {len(preview['items']):,} would be replayed"
                  f"{_limit_text(preview['refused'])}.", highlight=False)
        return
    n, refused = 0, list[Any]()
    for response in _replay_batches(conditions, limit, rate):
        n, refused = n + len(response["items"]), response["refused"]
    out.print(f"{n:,} replayed{_limit_text(refused)}.", highlight=False)
    raise typer.Exit(1 if refused else 0)


@app.command()
def discard(id: str, reason: Annotated[str, typer.Option()]) -> None:
    """Discard one dead letter; the reason is stored."""
    out.print_json(data=call("POST", f"{PATH}/{id}/discard", {"reason": reason}))


def conditions_of(where: list[str] | None, **named: str | None) -> dict[str, str]:
    conditions = {name: value for name, value in named.items() if value is not None}
    for condition in where or ():
        name, equals, value = condition.partition("=")
        if not equals or not name.strip():
            raise typer.BadParameter(f"--where {condition}: must be name=value.")
        conditions[name.strip()] = value.strip()
    return conditions


def _replay_batches(where: Mapping[str, str], limit: int | None, rate: float) -> Iterator[Any]:
    """Responses of the gateway, at most `rate` dead letters a second, until none remains to replay."""
    first = {"where": where, "limit": 1, "dry_run": True}
    before = call("POST", f"{PATH}/replay", first)["at"]  # those that fail again are not replayed again
    remaining, due = limit, time.monotonic()
    while remaining is None or remaining > 0:
        size = MAX_BATCH if not rate else max(1, min(MAX_BATCH, int(rate)))
        time.sleep(max(0.0, due - time.monotonic()))
        size = size if remaining is None else min(size, remaining)
        response = call("POST", f"{PATH}/replay", {"where": where, "limit": size, "before": before})
        yield response
        n = len(response["items"])
        if not n:
            return
        remaining = None if remaining is None else remaining - n
        due = max(due, time.monotonic()) + (n / rate if rate else 0.0)


def _limit_text(refused: list[Any]) -> str:
    return f"; {len(refused):,} have reached the limit of three replays: correct them (--with) or discard them" if (
        refused) else ""


def _table(items: list[Any]) -> Table:
    table = Table("id", "service", "position", "code", "error", "status")
    for i in items:
        position = f"{i.get('topic')}/{i.get('partition')}@{i.get('offset')}"
        table.add_row(i["id"], str(i.get("service")), position, *(str(i.get(n)) for n in ("code", "error", "status")))
    return table


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise typer.BadParameter(f"{file} is not JSON: {error}") from None
