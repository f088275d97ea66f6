"""`triptych groups`: consumer groups, their lag, and removal of retired ones."""
import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from chassis.support.errors import ActionableError

app = typer.Typer(no_args_is_help=True, help="List consumer groups with their lag; remove retired ones.")
out = Console()


class InUse(ActionableError):
    """The group is in use or belongs to a service of this release."""


@app.command(name="list")
def listed() -> None:
    """Each group with its members and its lag on the topics that it has started to read."""
    table = Table("group", "members", "lag", "topics", "")
    for name, members, lag, topics, known in asyncio.run(_listed()):
        table.add_row(name, str(members), f"{lag:,}", str(topics), "" if known else "no service of this release")
    out.print(table if table.row_count else "No consumer group reads this log.")


@app.command()
def remove(
    group: str,
    force: Annotated[bool, typer.Option("--force", help="Also one that belongs to a service of this release: it will "
                                        "read the whole log again")] = False,
) -> None:
    """Delete the committed offsets of a retired group, so that log retention does not wait for it."""
    asyncio.run(_remove(group, force))
    out.print(f"Group {group} is removed.", highlight=False)


async def _listed() -> list[tuple[str, int, int, int, bool]]:
    from chassis.runtime.host import consumer_groups_by_topic, open_ports
    from chassis.support.settings import settings
    from tools.audit import require_existing_system

    require_existing_system(settings())
    known = consumer_groups_by_topic()
    own = {group for groups in known.values() for group in groups}
    rows = []
    async with open_ports(settings()) as (bus, _):
        topics = list(known)
        ends = await bus.end_offsets(topics)
        for name, members in (await bus.groups()).items():
            committed = await bus.committed(name, topics)
            started = {partition.topic for partition in committed}
            lag = sum(end - committed.get(p, 0) for p, end in ends.items() if p.topic in started)
            rows.append((name, members, lag, len(started), name in own))
    return sorted(rows)


async def _remove(group: str, force: bool) -> None:
    from chassis.ports import GroupInUse
    from chassis.runtime.host import consumer_groups_by_topic, open_ports
    from chassis.support.settings import settings
    from tools.audit import require_existing_system

    require_existing_system(settings())
    if not force and group in {g for groups in consumer_groups_by_topic().values() for g in groups}:
        raise InUse(
            f"{group} belongs to a service of this release; with --force the service reads the whole log again."
        )
    async with open_ports(settings()) as (bus, _):
        if group not in await bus.groups():
            raise InUse(f"Group {group!r} does not exist; `triptych groups list` shows all groups.")
        try:
            await bus.remove_group(group)
        except GroupInUse:
            raise InUse(f"Group {group} has members; stop its consumers first.") from None
