"""`triptych audit`: checks stored data for consistency, for all services, beside a running or a stopped system."""
import asyncio
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from chassis.runtime.application import Application
from chassis.runtime.audit import AuditReport
from chassis.runtime.host import DATABASE, configure_logs, load_definitions, open_ports
from chassis.service.discovery import find_service, internal_names
from chassis.support.errors import ActionableError
from chassis.support.settings import Settings


class NoSystemFound(ActionableError):
    """There is no log and store of a system at the configured location."""


def require_existing_system(settings: Settings) -> None:
    """Raises NoSystemFound; otherwise opening the ports would create an empty system."""
    if not (settings.kafka and settings.mongo) and not (settings.data_dir / DATABASE).exists():
        raise NoSystemFound(f"No system has used {settings.data_dir}.")


def run_audit(settings: Settings, services: Sequence[str], console: Console) -> int:
    """Prints a line per finding; exit status 1 when there is any."""
    require_existing_system(settings)
    configure_logs(settings.model_copy(update={"log_level": "warning"}), "audit")
    reports = asyncio.run(audit(settings, services or internal_names()))
    table = Table("service", "journal", "facts", "records read", "wrong", "undecided")
    for report in reports:
        counts = [f"{report.compared[n]:,}" if n in report.compared else "–" for n in ("journal", "facts", "sequences")]
        table.add_row(report.service, *counts, f"{len(report.findings):,}", f"{len(report.undecided):,}")
    console.print(table)
    for report in reports:
        for finding in report.findings:
            console.print(f"[red]{report.service} {finding.check}[/] {finding.where}: {finding.what}", highlight=False)
        for location in report.undecided:
            console.print(
                f"[yellow]{report.service} undecided[/] {location}: it changed during the whole check; repeat it while "
                "there is less traffic",
                highlight=False,
            )
    wrong = sum(len(report.findings) for report in reports)
    console.print("No inconsistencies found." if not wrong else f"{wrong:,} inconsistencies found.", highlight=False)
    return 1 if wrong else 0


async def audit(settings: Settings, services: Sequence[str]) -> list[AuditReport]:
    definitions = load_definitions(settings)
    reports = []
    async with open_ports(settings) as (bus, store):
        for name in services:
            application = Application(find_service(name), settings, store, bus, definitions)
            await application.start()  # prepares, but joins no group
            reports.append(await application.auditor.run_complete())
    return reports
