"""The logs of the small worlds of the projector."""
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

from chassis.domain.projection import CellKey, FactContribution
from tests.chassis.projecting import PROJECTION, Clicked, Moved, letters

A, B = date(2026, 3, 1), date(2026, 3, 2)


def lean(_kind: str, image: Any) -> Iterable[FactContribution]:
    """One cell a fact: the fewest operations that show everything."""
    if image["region"] is not None:
        yield FactContribution(CellKey("amount", date.fromisoformat(image["day"]), ()), 1, image["amount"])


LEAN = replace(PROJECTION, contributions=lean)
BACK = letters(("won", Moved("1", A)), ("moved", Moved("1", B)), ("won", Moved("1", A)))
VOID = letters(("won", Moved("1", A)), ("voided", Moved("1", A, None)))
REUSED = letters(("won", Moved("1", A)), ("won", Moved("1", B)))
CLICKS = letters(("a", Clicked("x")), ("a", Clicked("x")))
