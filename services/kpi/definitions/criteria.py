"""The criterion of a measure: a text such as `kind == "visit"` becomes a test of a row's fields."""
from collections.abc import Callable, Mapping
from typing import Any

from chassis.domain.criteria import CriterionError, compile_criterion
from chassis.domain.definitions import Definition, DefinitionError

Test = Callable[[Mapping[str, Any]], bool]


def always(_row: Mapping[str, Any]) -> bool:
    return True


def compile_test(d: Definition, text: str, known: frozenset[str]) -> Test:
    """Raises DefinitionError for what cannot be parsed, and for a field that the row does not have."""
    try:
        evaluate = compile_criterion(text, names=known).evaluate
    except CriterionError as error:
        raise DefinitionError(f"{d.path or d.name}: `when`: {error}") from None
    return lambda row: evaluate(row) is True
