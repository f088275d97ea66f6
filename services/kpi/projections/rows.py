"""What row functions read and build with: a fact's image in its context, local days, labels, amounts by line. Pure."""
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from chassis.domain.projection import Image
from services.kpi.definitions.rows import LineAmount, RelatedDefinitions, row

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_QUARTER = 15 * 60 * 1_000_000


class LocalDays:
    """Local days of the company's zone. All zones in use change day on a quarter of an hour, so the zone computes each
    of those only once."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._days: dict[int, date] = {}

    def day(self, micros: int) -> date:
        """`micros`: microseconds since 1970-01-01T00:00Z."""
        quarter = micros // _QUARTER
        known = self._days.get(quarter)
        if known is None:
            if len(self._days) > 200_000:
                self._days.clear()
            at = _EPOCH + timedelta(microseconds=quarter * _QUARTER)
            known = self._days[quarter] = at.astimezone(self.zone).date()
        return known


class FactContext(NamedTuple):
    """What facts are read with: the company's local days, and what rows need of other definitions."""

    days: LocalDays
    related: RelatedDefinitions


class FactImage(NamedTuple):
    """One fact: its id and its image."""

    id: str
    image: Image
    context: FactContext

    def day(self, micros: int) -> date:
        return self.context.days.day(micros)


fact_row = partial(row, read=FactImage)
"""`@row` for functions that read a `FactImage`."""


def cell_labels(values: Mapping[str, Any], *, owner: Mapping[str, Any] | None = None, **more: str | None,
                ) -> dict[str, str | None]:
    """{dimension: label}. `owner`: whose rep, team and region count, when those of the moment differ from today's."""
    labels: dict[str, str | None] = {"business_line": values.get("business_line"), "campaign": values.get("campaign")}
    whose = values if owner is None else owner
    labels["region"], labels["team"], labels["rep"] = whose.get("region"), whose.get("team"), whose.get("rep")
    for name, value in values.items():
        if name[:2] == "d." and name != "d.*":
            labels[name[2:]] = value
    labels.update(more)
    return labels


def split_by_line(total: int, lines: Sequence[Sequence[Any]] | None, product: str | None) -> list[LineAmount]:
    """The total by product and category, in minor units. The remainder of the lines goes to the fact's own product,
    without a category: all of it without lines; the difference where lines do not add up (a revision gave only a new
    amount)."""
    parts: dict[tuple[str | None, str | None], int] = {}
    for line_product, category, amount in lines or ():
        key = (line_product, category)
        parts[key] = parts.get(key, 0) + amount
    rest = total - sum(parts.values())
    if rest or not parts:
        key = (product, None)
        parts[key] = parts.get(key, 0) + rest
    return [(p, c, a) for (p, c), a in parts.items()]
