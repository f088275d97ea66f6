"""The language in which business people say when something holds: `score >= 50 and country in ['DE', 'AT']`.

    expression = compile_criterion("amount.amount_minor > 3 * limit and not lost", names={"amount", "limit", "lost"})
    expression.evaluate({"amount": {"amount_minor": 900}, "limit": 100})  # True

and, or, not; == != < <= > >=; in, not in with [lists] or texts; + - * / // % on numbers; texts in quotes; true, false,
null (True, False, None too); dotted names looked up in nested mappings, `name['odd key']` and `field('Order Date')` for
keys that are no names; the functions of `chassis.domain.criteria.functions`.

Evaluation never raises and never loops: what is missing, of the wrong type or not computable is None. With None every
comparison is False but == and !=; arithmetic gives None. Texts are no numbers, and true is not 1.
"""
from chassis.domain.criteria.compiler import MAX_DEPTH, MAX_LENGTH, CriterionError, Expression, compile_criterion
from chassis.domain.criteria.functions import FUNCTIONS

__all__ = ("FUNCTIONS", "MAX_DEPTH", "MAX_LENGTH", "CriterionError", "Expression", "compile_criterion")
