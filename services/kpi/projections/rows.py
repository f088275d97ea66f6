"""What facts yield to be counted, and the local day of an instant. Pure."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_QUARTER = 15 * 60 * 1_000_000
Split = tuple[str | None, str | None, int]
"""Product, category, amount in minor units."""


class Clock:
    """Local days of the company's zone. All zones in use change day on a quarter of an hour, so one of those is asked
    of the zone only once."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._days: dict[int, date] = {}

    def day(self, micros: int) -> date:
        quarter = micros // _QUARTER
        known = self._days.get(quarter)
        if known is None:
            if len(self._days) > 200_000:
                self._days.clear()
            at = _EPOCH + timedelta(microseconds=quarter * _QUARTER)
            known = self._days[quarter] = at.astimezone(self.zone).date()
        return known


@dataclass(slots=True)
class Row:
    """One countable happening. `day` None: not dated. `splits`: the amount by product and category.

    `until`: of a row that lasts, the day on which it ended; None: it still lasts. `pairs`: the products and categories
    under which the row counts as one, when they are others than those of `splits`.
    """

    id: str
    day: date | None
    labels: Mapping[str, str | None]
    fields: Mapping[str, Any]
    currency: str | None = None
    splits: Sequence[Split] = field(default_factory=tuple)
    until: date | None = None
    pairs: Sequence[tuple[str | None, str | None]] | None = None
    made: dict[Any, Any] = field(default_factory=dict)  # labels of cells, made once for all measures of this row


def labels_of(values: Mapping[str, Any], *, owner: Mapping[str, Any] | None = None, **more: str | None,
              ) -> dict[str, str | None]:
    """Labels of a cell. `owner`: whose rep, team and region count, when those of the moment differ from today's."""
    made: dict[str, str | None] = {"business_line": values.get("business_line"), "campaign": values.get("campaign")}
    whose = values if owner is None else owner
    made["region"], made["team"], made["rep"] = whose.get("region"), whose.get("team"), whose.get("rep")
    for name, value in values.items():
        if name[:2] == "d." and name != "d.*":
            made[name[2:]] = value
    made.update(more)
    return made


def split(total: int, lines: Sequence[Sequence[Any]] | None, product: str | None) -> list[Split]:
    """The total by product and category. What the lines leave over is the fact's own product's, of no category.

    Without lines all of it is; with lines that do not add up (a revision gave only a new amount) the rest is.
    """
    made: dict[tuple[str | None, str | None], int] = {}
    for line_product, category, amount in lines or ():
        key = (line_product, category)
        made[key] = made.get(key, 0) + amount
    rest = total - sum(made.values())
    if rest or not made:
        key = (product, None)
        made[key] = made.get(key, 0) + rest
    return [(p, c, a) for (p, c), a in made.items()]
