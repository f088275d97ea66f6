"""`triptych keys`: creates and revokes API keys directly in the store, so that the first one needs no API."""
import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Column, Table

from chassis.support.clock import now_seconds
from chassis.support.errors import ActionableError

if TYPE_CHECKING:
    from services.gateway.auth.keys import ApiKey, ApiKeys

app = typer.Typer(no_args_is_help=True, help="API keys of integrations: create, list, revoke.")
out = Console()
T = TypeVar("T")
Names = Annotated[list[str] | None, typer.Option()]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Name of the integration")],
    scope: Annotated[list[str], typer.Option(help="A permission such as events:write; repeatable")],
    days: Annotated[int, typer.Option(min=1, max=366, help="Days until it expires")] = 90,
    rep: Names = None, team: Names = None, region: Names = None, business_line: Names = None,
) -> None:
    """Create a key and print it once; only its hash is stored. --rep, --team, … restrict it to their records."""
    from chassis.http.access import EVERYTHING, Scope

    rows = Scope(reps=tuple(rep or ()), teams=tuple(team or ()), regions=tuple(region or ()),
                 business_lines=tuple(business_line or ()))
    key, record = asyncio.run(_with(lambda keys: keys.create(
        name, scope, days=days, scope=EVERYTHING if rows.is_empty else rows)))
    typer.echo(key)
    permissions = ", ".join(record.permissions)
    typer.echo(f"{record.name}: {permissions} until {_day(record.until)}. The key is not shown again.", err=True)


@app.command(name="list")
def list_() -> None:
    """List all keys without their secrets: state, scopes, last use."""
    table = Table(Column("id", no_wrap=True), "name", "state", "scopes", "until", "last used")
    for key in asyncio.run(_with(lambda keys: keys.find_all())):
        table.add_row(key.id, key.name, key.state(now_seconds()), ", ".join(key.permissions),
                      _day(key.until), _day(key.used_at) if key.used_at else "never")
    out.print(table if table.row_count else "No API keys.")


@app.command()
def revoke(id: Annotated[str, typer.Argument(help="Id as shown by `keys list`")]) -> None:
    """Revoke a key at once."""
    key: ApiKey | None = asyncio.run(_with(lambda keys: keys.revoke(id)))
    if key is None:
        raise UnknownApiKey(f"API key {id!r} does not exist; `triptych keys list` shows all keys.")
    out.print(f"{key.name} ({key.id}) is revoked.")


class UnknownApiKey(ActionableError, ValueError):
    """No API key has this id."""


async def _with(work: "Callable[[ApiKeys], Awaitable[T]]") -> T:
    from chassis.runtime.host import open_ports
    from chassis.support.settings import settings
    from services.gateway.auth.keys import ApiKeys

    async with open_ports(settings()) as (_, store):
        return await work(ApiKeys(store))


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
