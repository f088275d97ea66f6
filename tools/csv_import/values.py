"""Functions that expressions of a mapping may call beside the language's own; invalid values reject the row."""
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from chassis.domain.criteria import FUNCTIONS

EXPONENTS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "XOF": 0, "XAF": 0, "UGX": 0, "PYG": 0,
             "BHD": 3, "KWD": 3, "OMR": 3, "JOD": 3, "TND": 3, "IQD": 3, "LYD": 3}
"""ISO 4217 exponents that are not 2."""


Row = Mapping[str, Any]


@dataclass(slots=True)
class Tables:
    """Context of expressions besides their row: lookup files, and counts of applied fixes."""

    by_key: dict[str, dict[str, Row]] = field(default_factory=dict)
    fixes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    fixed: dict[tuple[str, str], int] = field(default_factory=dict)
    slugs: dict[str, str] = field(default_factory=dict)

    def functions(self) -> dict[str, Callable[..., Any]]:
        return {**FUNCTIONS, "slug": self.slug, "money": money, "fix": self.fix, "lookup": self.lookup}

    def slug(self, text: Any) -> str | None:
        """An id out of a name: `Acme Corporation` becomes `acme-corporation`; two names never share one.

        Ids are ASCII only: other characters are replaced by a digest of the name at the end.
        """
        if not isinstance(text, str) or not text.strip():
            return None
        digest = "" if text.isascii() else f"-{hashlib.sha256(text.strip().encode()).hexdigest()[:10]}"
        id = (re.sub(r"[^a-z0-9._:]+", "-", text.strip().lower()).strip("-")[:100] + digest).strip("-")
        if not id:
            raise RowRejected("no_id", f"{text!r} has no letter or digit for an id")
        if self.slugs.setdefault(id, text) != text:
            raise RowRejected("id_taken", f"{text!r} and {self.slugs.get(id)!r} would get the same id {id!r}")
        return id

    def fix(self, name: Any, text: Any) -> Any:
        """The corrected value; counted for the summary."""
        corrected = self.fixes.get(str(name), {}).get(str(text)) if text is not None else None
        if corrected is None:
            return text
        self.fixed[(str(name), f"{text} → {corrected}")] = self.fixed.get((str(name), f"{text} → {corrected}"), 0) + 1
        return corrected

    def lookup(self, file: Any, key: Any, column: Any) -> Any:
        if key is None:
            return None
        row = self.by_key.get(str(file), {}).get(str(key))
        if row is None:
            raise RowRejected("not_found", f"{file} has no row with the key {key!r}")
        return row.get(str(column))


class RowRejected(Exception):
    """This row cannot become an event; the rows around it can."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def money(text: Any, currency: Any) -> dict[str, Any] | None:
    """Minor units of an amount in major units, rounded half-even; None for an empty cell."""
    if text is None or text == "" or not isinstance(currency, str):
        return None
    try:
        exact = Decimal(str(text)).scaleb(EXPONENTS.get(currency, 2))
        return {"amount_minor": int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)), "currency": currency}
    except (InvalidOperation, ValueError):
        raise RowRejected("not_an_amount", f"{text!r} is not an amount") from None
