"""Rows of the report: one measurement each, as a Markdown table and as JSON."""
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table

BEGIN, END = "<!-- table: written by `make bench` -->", "<!-- end of table -->"
HEAD = ("", "work", "measured", "goal", "", "by")


@dataclass(frozen=True, slots=True)
class Row:
    """`value` against `goal`: at least it, or with `most` at most it. `of`: unit of the value."""

    id: str
    work: str
    value: float
    of: str
    goal: float | None = None
    most: bool = False
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value <= self.goal if self.most else self.value >= self.goal

    def cells(self) -> list[str]:
        goal = "" if self.goal is None else f"{'≤' if self.most else '≥'} {_number(self.goal)}"
        detail = ", ".join(f"{name} {_number(value)}" for name, value in self.detail.items())
        return [self.id, self.work, f"{_number(self.value)} {self.of}", goal, _MARKS[self.met], detail]


_MARKS = {True: "✓", False: "✗", None: ""}


def _number(value: Any) -> str:
    if not isinstance(value, int | float):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(rows: Sequence[Row]) -> Table:
    result = Table(*HEAD, title="Every result was exact")
    for row in rows:
        result.add_row(*row.cells())
    return result


def write(rows: Sequence[Row], page: Path) -> None:
    """The table between its marks in the page (made when it is missing), and JSON beside it."""
    lines = [f"| {' | '.join(HEAD)} |", "|---" * len(HEAD) + "|", *(f"| {' | '.join(r.cells())} |" for r in rows)]
    text = page.read_text(encoding="utf-8") if page.exists() else f"# Speed\n\n{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text("\n".join([before + BEGIN, *lines, END]) + after, encoding="utf-8")
    records = [asdict(row) | {"met": row.met} for row in rows]
    page.with_suffix(".json").write_text(json.dumps(records, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
