"""Operators on values: total functions with the result None where nothing can be computed."""
import math
import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Context, Decimal
from typing import Any

MAX_TEXT = 65_536
MAX_BITS = 4_096
_CONTEXT = Context(prec=34)
_COMPUTATION_ERRORS = (TypeError, ValueError, ArithmeticError)


def _whole_part(a: Decimal, b: Decimal) -> Decimal:
    """Rounded down, as whole numbers are."""
    quotient, rest = _CONTEXT.divmod(a, b)
    return _CONTEXT.subtract(quotient, Decimal(1)) if rest and (rest < 0) != (b < 0) else quotient


def _rest(a: Decimal, b: Decimal) -> Decimal:
    """Of the sign of `b`, as with whole numbers."""
    rest = _CONTEXT.remainder(a, b)
    return _CONTEXT.add(rest, b) if rest and (rest < 0) != (b < 0) else rest


_DECIMAL: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "add": _CONTEXT.add, "sub": _CONTEXT.subtract, "mul": _CONTEXT.multiply, "truediv": _CONTEXT.divide,
    "floordiv": _whole_part, "mod": _rest,
}


def look_up(data: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if not isinstance(data, Mapping):
            return None
        data = data.get(name)
    return data


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def as_decimal(value: Any) -> Decimal:
    """A float by its shortest text: 0.1 is the decimal 0.1, as its author meant."""
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def finite(value: Any) -> Any:
    """A number that can be used further; None for infinities, not-a-number, and wholes of thousands of digits."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    return value if value.bit_length() <= MAX_BITS else None


# --- comparing -------------------------------------------------------------------------------------------------------


def equal(a: Any, b: Any) -> bool:
    if a is None or b is None or isinstance(a, bool) or isinstance(b, bool):
        return type(a) is type(b) and bool(a == b)
    try:
        if {type(a), type(b)} == {float, Decimal}:
            return as_decimal(a) == as_decimal(b)
        return bool(a == b)
    except _COMPUTATION_ERRORS:
        return False


def unequal(a: Any, b: Any) -> bool:
    return not equal(a, b)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def holds(a: Any, b: Any) -> bool:
        kind = type(a)
        if kind is not type(b) or kind not in _PLAIN:
            if not (is_number(a) and is_number(b)):
                return False
            if isinstance(a, Decimal) or isinstance(b, Decimal):
                try:
                    a, b = as_decimal(a), as_decimal(b)
                except _COMPUTATION_ERRORS:
                    return False
        try:
            return compare(a, b)
        except _COMPUTATION_ERRORS:
            return False

    return holds


_PLAIN = frozenset({int, str, float, date, datetime})
less, at_most = _ordered(operator.lt), _ordered(operator.le)
more, at_least = _ordered(operator.gt), _ordered(operator.ge)


def within(a: Any, b: Any) -> bool:
    """One of a list, or a part of a text."""
    if isinstance(b, str):
        return isinstance(a, str) and a in b
    return isinstance(b, (list, tuple, set, frozenset)) and any(equal(a, item) for item in b)


def not_within(a: Any, b: Any) -> bool:
    return not within(a, b)


# --- arithmetic ------------------------------------------------------------------------------------------------------


def _arithmetic(compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    exact = _DECIMAL[compute.__name__]

    def result(a: Any, b: Any) -> Any:
        if not (is_number(a) and is_number(b)):
            return None
        try:
            if isinstance(a, Decimal) or isinstance(b, Decimal):
                return finite(exact(as_decimal(a), as_decimal(b)))
            return finite(compute(a, b))
        except _COMPUTATION_ERRORS:
            return None

    return result


add, subtract, multiply = _arithmetic(operator.add), _arithmetic(operator.sub), _arithmetic(operator.mul)
divide, divide_whole = _arithmetic(operator.truediv), _arithmetic(operator.floordiv)
remainder = _arithmetic(operator.mod)


def negative(a: Any) -> Any:
    if isinstance(a, Decimal):
        return finite(a.copy_negate())
    return finite(-a) if is_number(a) else None


def positive(a: Any) -> Any:
    return finite(a) if is_number(a) else None
