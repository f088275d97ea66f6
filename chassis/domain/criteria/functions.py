"""The functions that criteria may call: pure, bounded, None for what cannot be computed."""
from collections.abc import Callable, Mapping
from datetime import date as Date
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from re import ASCII, fullmatch
from typing import Any

from chassis.domain.criteria.values import MAX_TEXT, as_decimal, equal, finite, is_number, less

_NUMBER = r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?"


def _whole(value: Any) -> Any:
    """int(x): a whole number, a number cut off towards zero, or a text that is a number."""
    number = _decimal(value)
    return None if number is None or number.adjusted() > 60 else int(number)


def _decimal(value: Any) -> Any:
    """decimal(x): exact; of a text with digits and at most one point."""
    if isinstance(value, str):
        text = value.strip()
        return Decimal(text) if fullmatch(_NUMBER, text, ASCII) else None
    return as_decimal(value) if is_number(value) and finite(value) is not None else None


def _round_half_even(value: Any, digits: Any = 0) -> Any:
    """round_half_even(x, digits=0): a whole number for 0 digits, else a decimal; banker's rounding."""
    number = _decimal(value)
    if number is None or number.adjusted() > 60 or not isinstance(digits, int) or not 0 <= digits <= 12:
        return None
    rounded = number.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN) if number.adjusted() < 15 else None
    if rounded is None:
        return int(number.to_integral_value(ROUND_HALF_EVEN)) if digits == 0 else None
    return int(rounded) if digits == 0 else rounded


def _date(value: Any) -> Any:
    """date(x): the day of a text YYYY-MM-DD (what follows `T` or a blank is left out), of a day or of an instant."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, str) and fullmatch(r"\d{4}-\d\d-\d\d([T ].{0,40})?", value, ASCII):
        return Date.fromisoformat(value[:10])
    return value if isinstance(value, Date) else None


def _days_between(start: Any, end: Any) -> Any:
    """days_between(start, end): whole days, negative when `end` lies before."""
    first, last = _date(start), _date(end)
    return None if first is None or last is None else (last - first).days


def _concat(*parts: Any) -> Any:
    """concat(a, b, ...): texts and numbers joined; what is missing is left out."""
    text = "".join(_shown(part) for part in parts if part is not None)
    return text if len(text) <= MAX_TEXT else None


def _shown(part: Any) -> str:
    if isinstance(part, bool):
        return "true" if part else "false"
    return str(part) if isinstance(part, (str, int, float, Decimal, Date)) else ""


def _replace(text: Any, old: Any, new: Any) -> Any:
    if not (isinstance(text, str) and isinstance(old, str) and isinstance(new, str)):
        return None
    grown = len(text) + text.count(old) * (len(new) - len(old))
    return text.replace(old, new) if grown <= MAX_TEXT else None


def _length(value: Any) -> Any:
    return len(value) if isinstance(value, (str, list, tuple, set, frozenset, Mapping)) else None


def _absolute(value: Any) -> Any:
    if isinstance(value, Decimal):
        return finite(value.copy_abs())
    return finite(abs(value)) if is_number(value) else None


def _smallest(*values: Any) -> Any:
    """min(a, b, ...): of those that are not null."""
    return _extreme(values, less)


def _largest(*values: Any) -> Any:
    """max(a, b, ...): of those that are not null."""
    return _extreme(values, lambda a, b: less(b, a))


def _extreme(values: tuple[Any, ...], before: Callable[[Any, Any], bool]) -> Any:
    best = None
    for value in values:
        if value is not None and (best is None or before(value, best)):
            best = value
    return best


def _coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _if_else(condition: Any, then: Any, otherwise: Any) -> Any:
    return then if condition else otherwise


def _contains(whole: Any, part: Any) -> bool:
    """contains(text, part) or contains(list, item)."""
    if isinstance(whole, str):
        return isinstance(part, str) and part in whole
    return isinstance(whole, (list, tuple, set, frozenset)) and any(equal(item, part) for item in whole)


def _of_text(method: Callable[[str], str]) -> Callable[[Any], Any]:
    def apply(value: Any) -> Any:
        return method(value) if isinstance(value, str) else None

    return apply


def _starts_with(text: Any, part: Any) -> bool:
    return isinstance(text, str) and isinstance(part, str) and text.startswith(part)


def _ends_with(text: Any, part: Any) -> bool:
    return isinstance(text, str) and isinstance(part, str) and text.endswith(part)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "len": _length, "lower": _of_text(str.lower), "upper": _of_text(str.upper), "strip": _of_text(str.strip),
    "replace": _replace, "int": _whole, "decimal": _decimal, "round_half_even": _round_half_even, "abs": _absolute,
    "min": _smallest, "max": _largest, "coalesce": _coalesce, "if_else": _if_else, "starts_with": _starts_with,
    "ends_with": _ends_with, "contains": _contains, "date": _date, "days_between": _days_between, "concat": _concat,
}
