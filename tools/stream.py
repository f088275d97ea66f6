"""`triptych stream`: continue with a topic whose log was re-created or truncated."""
import asyncio
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from chassis.support.errors import ActionableError

if TYPE_CHECKING:
    from chassis.runtime.topic_epochs import EpochStarted

app = typer.Typer(no_args_is_help=True, help="Continue with a topic whose log was re-created or truncated.")
out = Console()


class UnknownTopic(ActionableError):
    """No service of this release consumes the topic."""


@app.callback()
def _callback() -> None:
    """Makes Typer treat a single command as a command group."""


@app.command(name="bump-epoch")
def bump_epoch(
    topics: Annotated[list[str], typer.Argument(help="Topics whose log was replaced; `all`: every topic")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation")] = False,
) -> None:
    """Start a new epoch of topics: consumers read the current log from its beginning.

    Processed events remain and are recognised by their ids. Unread records of the old log are lost.
    """
    if not yes:
        typer.confirm(f"Unread records of {', '.join(topics)} are skipped. Continue?", abort=True)
    for started in asyncio.run(_bump(topics)):
        out.print(f"{started.service} reads {', '.join(started.topics)} from the beginning"
                  + (f"; {started.published:,} pending events are published" if started.published else "") + ".",
                  highlight=False)


async def _bump(topics: list[str]) -> "list[EpochStarted]":
    from chassis.runtime.application import Application
    from chassis.runtime.host import consumer_groups_by_topic, load_definitions, open_ports
    from chassis.runtime.topic_epochs import TopicInUse, begin_epoch
    from chassis.service.discovery import find_service, internal_names
    from chassis.support.settings import settings
    from tools.audit import require_existing_system

    known = consumer_groups_by_topic()
    selected = list(known) if topics == ["all"] else topics
    if unknown := sorted(set(selected) - known.keys()):
        raise UnknownTopic(f"No service consumes {', '.join(unknown)}; consumed topics: {', '.join(sorted(known))}.")
    require_existing_system(settings())
    groups = {group for topic in selected for group in known[topic]}
    started = []
    async with open_ports(settings()) as (bus, store):
        applications = [Application(find_service(name), settings(), store, bus, load_definitions(settings()))
                        for name in internal_names()]
        reading = await bus.groups()
        if busy := [a.service for a in applications if a.group in groups and reading.get(a.group, 0)]:
            raise TopicInUse(f"{', '.join(busy)} consume the topics;", "stop all services first.")
        for application in applications:
            if application.group in groups:
                await application.start()  # prepares, but joins no group
                started.append(await begin_epoch(application, selected))
    return started
