"""Auditor of one service: bounded passes beside its work, or a complete audit on request."""
import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog

from chassis.aggregates import Runner
from chassis.ports import Between, Store
from chassis.projections import Mismatch, Projector
from chassis.runtime.audit.sequence_audit import SequenceAudit, SequenceGap
from chassis.support.clock import now_seconds
from chassis.support.cooperative import limit_share
from chassis.support.metrics import Metrics

CHECKS = ("journal", "facts", "sequences", "outboxes")
FIRST_AFTER = 20.0  # seconds: not while the system starts
SHARE = 0.2  # of the process's time during a pass
READ_SECONDS = 10.0  # of reading the log, per pass
CHECKED_DOCUMENTS = 2000  # per pass
FACTS_SHARE = 50  # an audit of all facts that took t is repeated after 50 t at the earliest
PATIENCE = 15.0  # seconds: pending outboxes are published after 5 to 10, a new owner takes over after 6
AT_ONCE = 500

log = structlog.get_logger(__name__)


class AuditFinding(NamedTuple):
    """`check`: one of CHECKS. `where`: a partition and measure, or a document. `what`: the fault, for people."""

    check: str
    where: str
    what: str


@dataclass(slots=True)
class AuditReport:
    """`compared`: {check: number of items}. `undecided`: what changed too fast to be compared this time."""

    service: str
    findings: list[AuditFinding] = field(default_factory=list)
    compared: dict[str, int] = field(default_factory=dict)
    undecided: list[str] = field(default_factory=list)


class Auditor:
    """`projector` returns the live generation's projector, which may change between audits."""

    def __init__(
        self, runner: Runner, store: Store, sequences: SequenceAudit, projector: Callable[[], Projector | None], *,
        metrics: Metrics | None = None,
    ) -> None:
        self.service = runner.service
        self._runner, self._store, self._sequences, self._projector = runner, store, sequences, projector
        self._metrics = metrics
        self._pending: dict[tuple[str, str], tuple[int, float]] = {}
        self._unfinished: dict[str, tuple[tuple[Mismatch, ...], float]] = {}
        self._facts_again = 0.0
        if metrics is not None:
            for check in CHECKS:
                metrics.add(metrics.integrity, 0, check)  # a series must exist from the start for alerts on it

    # --- bounded passes ----------------------------------------------------------------------------------------------

    async def run(self, every: float, stopping: asyncio.Event) -> None:
        """Audit every `every` seconds until `stopping`; findings are counted and logged."""
        wait = min(FIRST_AFTER, every)
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), wait)
            if stopping.is_set():
                return
            try:
                with limit_share(SHARE):
                    self.report(await self.run_once())
            except Exception as error:
                log.warning("audit_failed", service=self.service, error=f"{type(error).__name__}: {error}")
            wait = every

    async def run_once(self) -> AuditReport:
        """One bounded pass: figures, events published since the last pass, outboxes, the next documents."""
        report = AuditReport(self.service)
        await self._figures(report, facts=time.monotonic() >= self._facts_again)
        _unfinished(report, (its for its, since in self._unfinished.values() if time.monotonic() - since >= PATIENCE))
        if await self._sequences.read(READ_SECONDS):
            _gaps(report, await self._sequences.check_changed())
            _gaps(report, await self._sequences.check_documents(CHECKED_DOCUMENTS))
        else:
            report.undecided.append("sequences: the log is not read to its end yet")
        await self._outboxes(report)
        return report

    def report(self, report: AuditReport) -> None:
        """Log and count the findings."""
        for finding in report.findings:
            log.error("integrity_error", service=self.service, check=finding.check, where=finding.where,
                      what=finding.what)
            if self._metrics is not None:
                self._metrics.add(self._metrics.integrity, 1, finding.check)
        if self._metrics is not None:
            self._metrics.set(self._metrics.audited, now_seconds())

    # --- complete ----------------------------------------------------------------------------------------------------

    async def run_complete(self, *, patience: float = PATIENCE) -> AuditReport:
        """Audit everything from the beginning of the log. Waits up to `patience` seconds for unfinished work."""
        report, until = AuditReport(self.service), time.monotonic() + patience
        await self._sequences.read()
        _gaps(report, [*await self._sequences.check_changed(), *await self._sequences.check_documents()])
        report.compared["sequences"] = self._sequences.records
        figures = AuditReport(self.service)
        await self._figures(figures, facts=True)
        pending = await self._pending_outboxes(figures)
        while (self._unfinished or pending or figures.undecided) and time.monotonic() < until:
            await asyncio.sleep(0.5)
            figures = AuditReport(self.service)
            await self._figures(figures, facts=True)
            now = await self._pending_outboxes(figures)
            pending = {at: version for at, version in pending.items() if now.get(at) == version}
        _unfinished(figures, (its for its, _ in self._unfinished.values()))
        figures.findings += [_of_outbox(name, key) for name, key in sorted(pending)]
        report.findings += figures.findings
        report.compared |= figures.compared
        report.undecided += figures.undecided
        return report

    # --- each check --------------------------------------------------------------------------------------------------

    async def _figures(self, report: AuditReport, *, facts: bool) -> None:
        projector = self._projector()
        if projector is None:
            return
        found = await projector.audit_journal()
        report.compared["journal"] = found.compared
        report.undecided += [f"journal: {partition}" for partition in found.undecided]
        report.findings += [_of_figures("journal", m) for m in found.mismatches]
        known, now = self._unfinished, time.monotonic()
        self._unfinished = {
            partition: (its, known[partition][1] if known.get(partition, ((), 0.0))[0] == its else now)
            for partition, its in _by_partition(found.unfinished).items()}
        if not facts:
            return
        began = time.monotonic()
        audited = await projector.audit_facts()
        self._facts_again = time.monotonic() + FACTS_SHARE * (time.monotonic() - began)
        report.compared["facts"] = audited.compared
        report.undecided += [f"facts: {partition}" for partition in audited.undecided]
        report.findings += [_of_figures("facts", m) for m in audited.mismatches]

    async def _outboxes(self, report: AuditReport) -> None:
        """Compares two passes: an outbox still pending at the same version was not published by the scheduler."""
        now, known = time.monotonic(), self._pending
        self._pending = {
            at: (version, known[at][1] if known.get(at, (0, 0.0))[0] == version else now)
            for at, version in (await self._pending_outboxes(report)).items()}
        report.findings += [
            _of_outbox(*at) for at, (_, since) in sorted(self._pending.items()) if now - since >= PATIENCE]

    async def _pending_outboxes(self, report: AuditReport) -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = {}
        for name, store in self._runner.aggregates.items():
            page = await self._store.find(
                store.codec.name, {"_pending": Between(1, None)}, order="_pending", limit=AT_ONCE)
            found |= {(name, d.id): d.version for d in page.documents}
        report.compared["outboxes"] = len(found)
        return found


def _gaps(report: AuditReport, gaps: Iterable[SequenceGap]) -> None:
    report.findings += [
        AuditFinding(
            "sequences", f"{gap.aggregate}/{gap.key}", f"published, but missing from the log: {_numbers(gap.missing)}")
        for gap in dict.fromkeys(gaps)]


def _numbers(missing: Sequence[int]) -> str:
    return ", ".join(map(str, missing[:10])) + (" …" if len(missing) > 10 else "")


def _unfinished(report: AuditReport, lasting: Iterable[Sequence[Mismatch]]) -> None:
    report.findings += [
        _of_figures("journal", m, "the last record was never applied everywhere: ") for its in lasting for m in its]


def _of_figures(check: str, m: Mismatch, prefix: str = "") -> AuditFinding:
    if m.grain == "records":
        return AuditFinding(check, m.partition, f"records are missing from the journal: {m.measure}")
    origin = "image gives" if m.grain == "fact" else "facts give" if m.grain == "facts" else "journal gives"
    return AuditFinding(
        check, f"{m.partition} {m.grain} {m.measure}",
        f"{prefix}{origin} {m.journal[:3]}, stored are {m.stored[:3]}")


def _of_outbox(name: str, key: str) -> AuditFinding:
    return AuditFinding("outboxes", f"{name}/{key}", "has unpublished events")


def _by_partition(mismatches: Iterable[Mismatch]) -> dict[str, tuple[Mismatch, ...]]:
    grouped: dict[str, tuple[Mismatch, ...]] = {}
    for m in mismatches:
        grouped[m.partition] = (*grouped.get(m.partition, ()), m)
    return grouped
