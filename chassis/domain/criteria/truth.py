"""Whether an expression can be true at all, judged by its outermost node."""
import ast
import inspect
from collections.abc import Collection

from chassis.domain.criteria.functions import FUNCTIONS
from chassis.domain.criteria.parser import CONSTANTS

_BOOLEAN_FUNCTIONS = frozenset(
    name for name, function in FUNCTIONS.items() if inspect.signature(function).return_annotation is bool)
_CHOOSING_FUNCTIONS = {"coalesce": 0, "if_else": 1}  # from this argument on, one is the result


def can_be_true(node: ast.expr, boolean_names: Collection[str] | None) -> bool:
    """Whether the value of a checked tree can be `true`, judged by its outermost node."""
    match node:
        case ast.Constant(value=value):
            return value is True
        case ast.Name(id=name) if name in CONSTANTS:
            return CONSTANTS[name] is True
        case ast.Name() | ast.Attribute() | ast.Subscript():
            return boolean_names is None or (isinstance(node, ast.Name) and node.id in boolean_names)
        case ast.BinOp() | ast.UnaryOp(op=ast.USub() | ast.UAdd()) | ast.List():
            return False
        case ast.Call(func=ast.Name(id="field")):
            return boolean_names is None
        case ast.Call(func=ast.Name(id=name), args=given) if name in _CHOOSING_FUNCTIONS:
            return any(can_be_true(argument, boolean_names) for argument in given[_CHOOSING_FUNCTIONS[name]:])
        case ast.Call(func=ast.Name(id=name)):
            return name in _BOOLEAN_FUNCTIONS or name not in FUNCTIONS
    return True
