"""`triptych stream`: going on with a topic whose log was made anew or cut short."""
import asyncio
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from chassis.support.errors import ActionableError

if TYPE_CHECKING:
    from chassis.runtime.topic_epochs import EpochStarted

app = typer.Typer(no_args_is_help=True, help="Go on with a topic whose log was made anew or cut short.")
out = Console()


class UnknownTopic(ActionableError):
    """No service of this release hears it."""


@app.callback()
def _apart() -> None:
    """A group of commands, also while it has one only."""


@app.command(name="bump-epoch")
def bump_epoch(
    topics: Annotated[list[str], typer.Argument(help="Whose log is another one now; `all`: of every topic")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
) -> None:
    """Begin a new epoch of topics: their readers read the log as it is now, from its beginning.

    What the services have taken in stays, and is known again by its id. What the old log held unread is lost.
    """
    if not yes:
        typer.confirm(f"What the services had not read yet of {', '.join(topics)} is given up. Go on?", abort=True)
    for begun in asyncio.run(_bump(topics)):
        out.print(f"{begun.service} reads {', '.join(begun.topics)} from the beginning"
                  + (f"; {begun.published:,} events that it owed are published" if begun.published else "") + ".",
                  highlight=False)


async def _bump(topics: list[str]) -> "list[EpochStarted]":
    from chassis.runtime.application import Application
    from chassis.runtime.host import definitions_of, ports, readers
    from chassis.runtime.topic_epochs import TopicInUse, begin_epoch
    from chassis.service.discovery import find_service, internal_names
    from chassis.support.settings import settings
    from tools.audit import refuse_nothing

    known = readers()
    wanted = list(known) if topics == ["all"] else topics
    if unknown := sorted(set(wanted) - known.keys()):
        raise UnknownTopic(f"No service hears {', '.join(unknown)}; there are {', '.join(sorted(known))}.")
    refuse_nothing(settings())
    concerned = {group for topic in wanted for group in known[topic]}
    made = []
    async with ports(settings()) as (bus, store):
        applications = [Application(find_service(name), settings(), store, bus, definitions_of(settings()))
                        for name in internal_names()]
        reading = await bus.groups()
        if busy := [a.service for a in applications if a.group in concerned and reading.get(a.group, 0)]:
            raise TopicInUse(f"{', '.join(busy)} consume the topics;", "stop all services first.")
        for application in applications:
            if application.group in concerned:
                await application.start()  # prepares, but joins no group
                made.append(await begin_epoch(application, wanted))
    return made
