"""The audit of one service: in turns beside its work, or whole at a command."""
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
FIRST_AFTER = 20.0  # seconds: not while everything starts
SHARE = 0.2  # of the time, while it lasts
READ_SECONDS = 10.0  # of reading the log, per turn
LOOKED_THROUGH = 2000  # documents per turn
FACTS_SHARE = 50  # a reading of all facts that took t is not begun again before 50 t
PATIENCE = 15.0  # seconds: the sweeper publishes after 5 to 10, a new owner takes over after 6
AT_ONCE = 500

log = structlog.get_logger(__name__)


class AuditFinding(NamedTuple):
    """`check`: one of CHECKS. `where`: a place and measure, or a document. `what`: in words."""

    check: str
    where: str
    what: str


@dataclass(slots=True)
class AuditReport:
    """`compared`: {check: how many were looked at}. `undecided`: what moved too fast to be compared this time."""

    service: str
    findings: list[AuditFinding] = field(default_factory=list)
    compared: dict[str, int] = field(default_factory=dict)
    undecided: list[str] = field(default_factory=list)


class Auditor:
    """`projector`: asked for at each audit, since another generation may be the live one by then."""

    def __init__(
        self, runner: Runner, store: Store, sequences: SequenceAudit, projector: Callable[[], Projector | None], *,
        metrics: Metrics | None = None,
    ) -> None:
        self.service = runner.service
        self._runner, self._store, self._sequences, self._projector = runner, store, sequences, projector
        self._metrics = metrics
        self._owing: dict[tuple[str, str], tuple[int, float]] = {}
        self._unfinished: dict[str, tuple[tuple[Mismatch, ...], float]] = {}
        self._facts_again = 0.0
        if metrics is not None:
            for check in CHECKS:
                metrics.add(metrics.integrity, 0, check)  # a series that is there from the start can be alerted on

    # --- in turns ----------------------------------------------------------------------------------------------------

    async def run(self, every: float, stopping: asyncio.Event) -> None:
        """Audit every so many seconds until told to stop; what is wrong is counted and logged."""
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
        """One bounded piece of work: figures, what was said since the last turn, outboxes, some more documents."""
        made = AuditReport(self.service)
        await self._figures(made, facts=time.monotonic() >= self._facts_again)
        _unfinished(made, (its for its, since in self._unfinished.values() if time.monotonic() - since >= PATIENCE))
        if await self._sequences.read(READ_SECONDS):
            _gaps(made, await self._sequences.changed())
            _gaps(made, await self._sequences.looked_through(LOOKED_THROUGH))
        else:
            made.undecided.append("sequences: the log is not yet read to its end")
        await self._outboxes(made)
        return made

    def report(self, made: AuditReport) -> None:
        for finding in made.findings:
            log.error("integrity_error", service=self.service, check=finding.check, where=finding.where,
                      what=finding.what)
            if self._metrics is not None:
                self._metrics.add(self._metrics.integrity, 1, finding.check)
        if self._metrics is not None:
            self._metrics.set(self._metrics.audited, now_seconds())

    # --- whole -------------------------------------------------------------------------------------------------------

    async def run_complete(self, *, patience: float = PATIENCE) -> AuditReport:
        """Everything, from the beginning of the log. Waits up to `patience` seconds for what others are just doing."""
        made, until = AuditReport(self.service), time.monotonic() + patience
        await self._sequences.read()
        _gaps(made, [*await self._sequences.changed(), *await self._sequences.looked_through()])
        made.compared["sequences"] = self._sequences.records
        figures = AuditReport(self.service)
        await self._figures(figures, facts=True)
        owing = await self._owing_now(figures)
        while (self._unfinished or owing or figures.undecided) and time.monotonic() < until:
            await asyncio.sleep(0.5)
            figures = AuditReport(self.service)
            await self._figures(figures, facts=True)
            now = await self._owing_now(figures)
            owing = {at: version for at, version in owing.items() if now.get(at) == version}
        _unfinished(figures, (its for its, _ in self._unfinished.values()))
        figures.findings += [_of_outbox(name, key) for name, key in sorted(owing)]
        made.findings += figures.findings
        made.compared |= figures.compared
        made.undecided += figures.undecided
        return made

    # --- each check --------------------------------------------------------------------------------------------------

    async def _figures(self, made: AuditReport, *, facts: bool) -> None:
        projector = self._projector()
        if projector is None:
            return
        found = await projector.audit_journal()
        made.compared["journal"] = found.compared
        made.undecided += [f"journal: {place}" for place in found.undecided]
        made.findings += [_of_figures("journal", m) for m in found.mismatches]
        held, now = self._unfinished, time.monotonic()
        self._unfinished = {
            place: (its, held[place][1] if place in held and held[place][0] == its else now)
            for place, its in _by_place(found.unfinished).items()}
        if not facts:
            return
        began = time.monotonic()
        audited = await projector.audit_facts()
        self._facts_again = time.monotonic() + FACTS_SHARE * (time.monotonic() - began)
        made.compared["facts"] = audited.compared
        made.undecided += [f"facts: {place}" for place in audited.undecided]
        made.findings += [_of_figures("facts", m) for m in audited.mismatches]

    async def _outboxes(self, made: AuditReport) -> None:
        """Two looks, a turn apart: who still owes the same then has been left alone by the sweeper."""
        now, held = time.monotonic(), self._owing
        self._owing = {
            at: (version, held[at][1] if held.get(at, (0, 0.0))[0] == version else now)
            for at, version in (await self._owing_now(made)).items()}
        made.findings += [_of_outbox(*at) for at, (_, since) in sorted(self._owing.items()) if now - since >= PATIENCE]

    async def _owing_now(self, made: AuditReport) -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = {}
        for name, room in self._runner.aggregates.items():
            page = await self._store.find(
                room.codec.name, {"_pending": Between(1, None)}, order="_pending", limit=AT_ONCE)
            found |= {(name, d.id): d.version for d in page.documents}
        made.compared["outboxes"] = len(found)
        return found


def _gaps(made: AuditReport, gaps: Iterable[SequenceGap]) -> None:
    made.findings += [
        AuditFinding("sequences", f"{gap.aggregate}/{gap.key}", f"said, but not in the log: {_numbers(gap.missing)}")
        for gap in dict.fromkeys(gaps)]


def _numbers(missing: Sequence[int]) -> str:
    return ", ".join(map(str, missing[:10])) + (" …" if len(missing) > 10 else "")


def _unfinished(made: AuditReport, lasting: Iterable[Sequence[Mismatch]]) -> None:
    made.findings += [
        _of_figures("journal", m, "the last record was never put everywhere: ") for its in lasting for m in its]


def _of_figures(check: str, m: Mismatch, why: str = "") -> AuditFinding:
    if m.grain == "records":
        return AuditFinding(check, m.place, f"records are missing from the journal: {m.measure}")
    said = "its image gives" if m.grain == "fact" else "facts give" if m.grain == "facts" else "journal says"
    return AuditFinding(check, f"{m.place} {m.grain} {m.measure}", f"{why}{said} {m.journal[:3]}, kept are {m.kept[:3]}")


def _of_outbox(name: str, key: str) -> AuditFinding:
    return AuditFinding("outboxes", f"{name}/{key}", "owes events that nobody publishes")


def _by_place(mismatches: Iterable[Mismatch]) -> dict[str, tuple[Mismatch, ...]]:
    made: dict[str, tuple[Mismatch, ...]] = {}
    for m in mismatches:
        made[m.place] = (*made.get(m.place, ()), m)
    return made
