"""`triptych groups`: who reads the log, how far, and forgetting those that are retired."""
import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from chassis.support.errors import ActionableError

app = typer.Typer(no_args_is_help=True, help="Who reads the log, and how far; forget those that are retired.")
out = Console()


class InUse(ActionableError):
    """The group is one that is needed."""


@app.command(name="list")
def listed() -> None:
    """Each with its members, and how many records it has not read of the topics that it has begun."""
    table = Table("group", "members", "behind", "topics", "")
    for name, members, behind, topics, known in asyncio.run(_listed()):
        table.add_row(name, str(members), f"{behind:,}", str(topics), "" if known else "no service of this release")
    out.print(table if table.row_count else "No group reads this log.")


@app.command()
def remove(
    group: str,
    force: Annotated[bool, typer.Option("--force", help="Also one that belongs to a service of this release: it will "
                                        "read the whole log again")] = False,
) -> None:
    """Forget how far a retired group has read, so that a bounded log need not wait for it."""
    asyncio.run(_remove(group, force))
    out.print(f"{group} is forgotten.", highlight=False)


async def _listed() -> list[tuple[str, int, int, int, bool]]:
    from chassis.runtime.host import ports, readers
    from chassis.support.settings import settings
    from tools.audit import refuse_nothing

    refuse_nothing(settings())
    known = readers()
    ours = {group for groups in known.values() for group in groups}
    made = []
    async with ports(settings()) as (bus, _):
        topics = list(known)
        ends = await bus.end_offsets(topics)
        for name, members in (await bus.groups()).items():
            committed = await bus.committed(name, topics)
            begun = {place.topic for place in committed}
            behind = sum(end - committed.get(place, 0) for place, end in ends.items() if place.topic in begun)
            made.append((name, members, behind, len(begun), name in ours))
    return sorted(made)


async def _remove(group: str, force: bool) -> None:
    from chassis.ports import GroupInUse
    from chassis.runtime.host import ports, readers
    from chassis.support.settings import settings
    from tools.audit import refuse_nothing

    refuse_nothing(settings())
    if not force and group in {g for groups in readers().values() for g in groups}:
        raise InUse(f"{group} belongs to a service of this release; --force makes it read the whole log again.")
    async with ports(settings()) as (bus, _):
        if group not in await bus.groups():
            raise InUse(f"There is no group {group!r}; `triptych groups list` names them.")
        try:
            await bus.remove_group(group)
        except GroupInUse:
            raise InUse(f"{group} has members: stop what runs in it first.") from None
