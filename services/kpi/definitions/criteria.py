"""The seam to the criteria of the house: a text such as `kind == "visit"` becomes a test of a row's fields."""
import ast
from collections.abc import Callable, Mapping
from typing import Any

from chassis.definitions import Definition, DefinitionError

Test = Callable[[Mapping[str, Any]], bool]


def always(_row: Mapping[str, Any]) -> bool:
    return True


def compile_test(d: Definition, text: str, known: frozenset[str]) -> Test:
    """Raises DefinitionError for what cannot be parsed, and for a field that the row does not have."""
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise DefinitionError(f"{d.path or d.name}: `when`: {error.msg} in {text!r}") from None
    return _boolean(d, tree, known)


def _boolean(d: Definition, node: ast.AST, known: frozenset[str]) -> Test:
    match node:
        case ast.BoolOp(op=op, values=values):
            parts = [_boolean(d, v, known) for v in values]
            if isinstance(op, ast.And):
                return lambda row: all(p(row) for p in parts)
            return lambda row: any(p(row) for p in parts)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = _boolean(d, operand, known)
            return lambda row: not inner(row)
        case ast.Compare(left=ast.Name(id=name), ops=[op], comparators=[right]):
            return _compare(_known(d, name, known), op, _literal(right))
        case ast.Name(id=name):
            field = _known(d, name, known)
            return lambda row: bool(row.get(field))
        case _:
            raise DefinitionError(f"{d.path or d.name}: `when`: {ast.unparse(node)!r} is no criterion")


def _known(d: Definition, name: str, known: frozenset[str]) -> str:
    if name not in known:
        raise DefinitionError(
            f"{d.path or d.name}: `when`: there is no field {name!r}; there are {', '.join(sorted(known))}")
    return name


def _literal(node: ast.expr) -> Any:
    match node:
        case ast.Name(id="null"):
            return None
        case ast.Name(id="true" | "false" as word):
            return word == "true"
        case _:
            return ast.literal_eval(node)


def _compare(field: str, op: ast.cmpop, value: Any) -> Test:
    match op:
        case ast.Eq():
            return lambda row: bool(row.get(field) == value)
        case ast.NotEq():
            return lambda row: bool(row.get(field) != value)
        case ast.GtE():
            return lambda row: row.get(field) is not None and bool(row[field] >= value)
        case ast.Gt():
            return lambda row: row.get(field) is not None and bool(row[field] > value)
        case ast.In():
            return lambda row: row.get(field) in value
        case _:
            raise ValueError(f"{op} is not known")
