"""What was done to the system and what came of it, as JSON and as Markdown; what was not proven stands there loudly."""
import json
import os
import platform
import re
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from chassis.support.clock import today
from tests.faults.profiles import Profile

REPORTS = Path(__file__).parents[2] / "docs" / "reports"


NOWHERE = {
    "F6": "a store that is killed, steps down or rolls back: there is no fault test of it yet",
    "F8": "a full or read-only disk: there is no fault test of it yet",
    "F16": "a soak of hours with a fault every few minutes: there is none yet",
}


ROWS = {
    "embedded": ("F1", "F2", "F3", "F4", "F9", "F10–F12", "F13", "F14"),
    "Kafka": ("F1–F4, F10", "F5", "F7", "F13", "F14"),
    "MongoDB": ("F2",),
}
"""What a whole run has a row of."""


@dataclass(eq=False)
class Result:
    """One fault. `recoveries`: seconds from each fault until all that lay in the log at that moment was taken in."""

    fault: str
    title: str
    adapters: str = "embedded"
    injected: int = 0
    events: int = 0
    copies_in: int = 0
    hostile: int = 0
    outputs: int = 0
    duplicates: int = 0
    duplicates_by_type: dict[str, int] = field(default_factory=dict)
    hits: dict[str, int] = field(default_factory=dict)  # failpoint -> how often a process died there
    recoveries: list[float] = field(default_factory=list)
    bound: float | None = None  # of each recovery, in seconds
    differences: Sequence[str] = ()
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    verdict: str = "not proven"

    def settle(self) -> None:
        late = sum(self.bound is not None and s > self.bound for s in self.recoveries)
        exact = "exact" if not self.differences else "NOT EXACT"
        self.verdict = f"{exact}, {late} of {len(self.recoveries)} recoveries LATE" if late else exact

    def fail(self, why: str) -> None:
        """The test did not pass; unless the verdict says already why not, it says so now."""
        if self.verdict in ("exact", "not proven") or self.verdict.startswith("stops"):
            self.verdict = f"{self.verdict}, but FAILED" if self.verdict != "not proven" else "FAILED"
            self.notes.append(why)


@dataclass
class Report:
    profile: Profile
    results: list[Result] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=lambda: dict(NOWHERE))  # what was not done -> why
    seconds: float = 0.0  # of the whole run, or of all its parts
    parts: bool = False
    ran: set[str] = field(default_factory=set)  # names of the tests that were not skipped

    def write(self) -> None:
        """`docs/reports/faults.md` and `.json`; the long profile beside it."""
        REPORTS.mkdir(parents=True, exist_ok=True)
        (self.path("md")).write_text(self.markdown())
        (self.path("json")).write_text(json.dumps(self.facts(), indent=1) + "\n")

    def path(self, ending: str) -> Path:
        stem = "faults" if self.profile.name == "ci" else f"faults-{self.profile.name}"
        return REPORTS / f"{stem}.{ending}"

    def beside(self, before: "Report") -> "Report":
        """This part of a run beside the parts that were run before: what both did, the later has done."""
        done = {(r.fault, r.title, r.adapters) for r in self.results}
        kept = [r for r in before.results if (r.fault, r.title, r.adapters) not in done]
        missing = {**{what: why for what, why in before.missing.items() if what not in self.ran}, **self.missing}
        results = sorted([*kept, *self.results], key=_order)
        return Report(self.profile, results, missing, sum(r.seconds for r in results), parts=True)

    def before(self) -> "Report":
        """What earlier parts of the same profile have left."""
        found: dict[str, Any] = json.loads(self.path("json").read_text()) if self.path("json").exists() else {}
        if found.get("profile") != asdict(self.profile):
            return Report(self.profile)
        return Report(self.profile, [Result(**each) for each in found["results"]], found["not_proven_here"],
                      found["seconds"])

    def _not_run(self) -> dict[str, str]:
        done = {(r.fault, kind) for r in self.results for kind in ROWS if r.adapters.startswith(kind)}
        return {f"{fault} on {kind}": "not run in this profile yet"
                for kind, faults in ROWS.items() for fault in faults if (fault, kind) not in done}

    def facts(self) -> dict[str, object]:
        return {"profile": asdict(self.profile), "on": today().isoformat(), "machine": machine(),
                "seconds": round(self.seconds, 1), "results": [asdict(r) for r in self.results],
                "not_proven_here": self.missing}

    def markdown(self) -> str:
        lines = [
            f"# Faults, profile `{self.profile.name}`", "",
            "Written by `make faults`" + ("" if self.profile.name == "ci" else f" `PROFILE={self.profile.name}`")
            + (f", scaled to {self.profile.scale}," if self.profile.scale != 1 else "")
            + f" on {today().isoformat()}, on {machine()}, in {_minutes(self.seconds)}"
            + (", in parts" if self.parts else "") + ". What each fault is: `tests/faults/`.", "",
            "Exact means: every figure, document, list, target, funnel, segment and survey result equals what an "
            "independent program reckons from the ledger of what was said, to the unit; what the services said has "
            "no gap in its numbers and one content per id, first heard in order; the dead letters are those that were "
            "planted, with their codes; the journal adds up to the cells; nothing is owed any more. The embedded "
            "log has no broker that F5 could kill: its commits and its folding are failpoints of F2.", "",
            "| fault | on | injected | events | bad | copies sent | outputs | copies among them | recovery p50, max | "
            "bound | took | verdict |", "|---|---|---:|---:|---:|---:|---:|---:|---|---|---:|---|"]
        lines += [_row(r) for r in self.results]
        notes = [f"- **{r.fault}**: {note}" for r in self.results for note in r.notes]
        lines += ["", *notes] if notes else []
        wrong = [f"- **{r.fault}** {d}" for r in self.results for d in r.differences]
        lines += ["", "## What was not exact", "", *wrong] if wrong else []
        missing = {**self.missing, **(self._not_run() if self.parts else {})}
        if missing:
            lines += ["", "## NOT PROVEN HERE", "", *(f"- **{what}**: {why}" for what, why in missing.items())]
        return "\n".join(lines) + "\n"


def _order(r: Result) -> tuple[str, int]:
    return r.adapters, int(re.match(r"F(\d+)", r.fault)[1])  # type: ignore[index]


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d} minutes"


def _row(r: Result) -> str:
    recovery = f"{statistics.median(r.recoveries):.1f} s, {max(r.recoveries):.1f} s" if r.recoveries else "–"
    bound = f"{r.bound:.0f} s" if r.bound else "–"
    return (f"| {r.fault} {r.title} | {r.adapters} | {r.injected:,} | {r.events:,} | {r.hostile:,} | {r.copies_in:,} | "
            f"{r.outputs:,} | {r.duplicates:,} | {recovery} | {bound} | {r.seconds:.0f} s | **{r.verdict}** |")


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return (f"{os.cpu_count()} cores, {memory} GiB of memory, {platform.system()}, "
            f"Python {platform.python_version()}, shared with other work")
