"""Criteria: the expression language in which business people state conditions, as in `score >= 50 and lost == false`.

    criterion = compile_criterion("amount.amount_minor > 3 * limit and not lost", names={"amount", "limit", "lost"})
    criterion.is_met({"amount": {"amount_minor": 900}, "limit": 100})  # True

Syntax: and, or, not; == != < <= > >=; in, not in with [lists] or texts; + - * / // % on numbers; texts in quotes; true,
false, null (True, False, None too); dotted names looked up in nested mappings, `name['odd key']` and
`field('Order Date')` for keys that are not names; the functions of `chassis.domain.criteria.functions`.

Evaluation never raises and never loops: what is missing, of the wrong type or not computable is None. With None every
comparison is false but == and !=; arithmetic gives None. Texts are not numbers, and true is not 1. A criterion is met
when its value is `true`, in every service alike (docs/decisions/0038-one-truth-of-criteria.md).
"""
from chassis.domain.criteria.compiler import compile_criterion, compile_expression
from chassis.domain.criteria.expression import Criterion, CriterionError, Expression
from chassis.domain.criteria.functions import FUNCTIONS
from chassis.domain.criteria.parser import MAX_DEPTH, MAX_LENGTH

ALWAYS = compile_criterion("true")
"""The criterion that is met by anything."""

__all__ = (
    "ALWAYS", "FUNCTIONS", "MAX_DEPTH", "MAX_LENGTH", "Criterion", "CriterionError", "Expression", "compile_criterion",
    "compile_expression",
)
