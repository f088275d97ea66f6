"""Compiles expressions: text to a checked tree to code. Only listed nodes pass: expressions cannot reach Python."""
import ast
import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from chassis.domain.criteria import values
from chassis.domain.criteria.expression import Criterion, CriterionError, Expression
from chassis.domain.criteria.functions import FUNCTIONS
from chassis.domain.criteria.parser import CONSTANTS, indent_of, parse
from chassis.domain.criteria.truth import can_be_true

_LARGEST = 2**63 - 1
_COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: values.equal, ast.NotEq: values.unequal, ast.Lt: values.less, ast.LtE: values.at_most,
    ast.Gt: values.more, ast.GtE: values.at_least, ast.In: values.within, ast.NotIn: values.not_within,
}
_ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: values.add, ast.Sub: values.subtract, ast.Mult: values.multiply, ast.Div: values.divide,
    ast.FloorDiv: values.divide_whole, ast.Mod: values.remainder,
}
_SIGNS: dict[type, Callable[[Any], Any]] = {ast.USub: values.negative, ast.UAdd: values.positive}


def compile_criterion(
    text: str, *, names: Collection[str] | None = None, boolean_names: Collection[str] | None = None,
    functions: Mapping[str, Callable[..., Any]] | None = None,
) -> Criterion:
    """Compile a condition. Raises CriterionError.

    `names`: what may be looked up, dotted or not; one that is named covers what lies below it. None: anything.
    `boolean_names`: those whose values are true or false; None: unknown, so any may be.
    `functions`: more of them, beside the standard ones; they should be pure, and what they raise becomes None.
    """
    body, used, run = _compile(text, names, functions)
    return Criterion(text, used, run, can_be_true(body, boolean_names))


def compile_expression(
    text: str, *, names: Collection[str] | None = None, functions: Mapping[str, Callable[..., Any]] | None = None,
) -> Expression:
    """Compile an expression for its value; parameters as in `compile_criterion`. Raises CriterionError."""
    _, used, run = _compile(text, names, functions)
    return Expression(text, used, run)


def _compile(
    text: str, names: Collection[str] | None, functions: Mapping[str, Callable[..., Any]] | None,
) -> tuple[ast.expr, frozenset[str], Callable[[Mapping[str, Any]], Any]]:
    tree = parse(text)
    checker = _Checker(text, names, {**FUNCTIONS, **(functions or {})})
    body = checker.translate(tree.body)
    arguments = ast.arguments(posonlyargs=[], args=[ast.arg("data")], kwonlyargs=[], kw_defaults=[], defaults=[])
    program = ast.fix_missing_locations(ast.Expression(ast.Lambda(arguments, body)))
    # What is compiled is only what `translate` made: calls of our own functions, constants, and/or/not.
    run = eval(compile(program, "<criterion>", "eval"), {"__builtins__": {}, **checker.used})
    return tree.body, frozenset(checker.names), run


class _Checker:
    """One text's tree, rewritten node by node; a node that has no rule here is refused."""

    def __init__(
        self, text: str, allowed: Collection[str] | None, functions: Mapping[str, Callable[..., Any]],
    ) -> None:
        self.text, self.functions = text, functions
        self.allowed = None if allowed is None else frozenset(allowed)
        self.names: set[str] = set()
        self.used: dict[str, Callable[..., Any]] = {}

    def translate(self, node: ast.expr) -> ast.expr:
        rule = getattr(self, f"_{type(node).__name__.lower()}", None)
        if rule is None:
            raise self._not_supported(node, type(node).__name__)
        translated: ast.expr = rule(node)
        return translated

    def _error(self, node: ast.AST, code: str, template: str, **params: Any) -> CriterionError:
        start = self.text.lstrip().encode()[:getattr(node, "col_offset", 0)]
        return CriterionError(
            code, template, indent_of(self.text) + len(start.decode("utf-8", "ignore")) + 1, **params)

    def _not_supported(self, node: ast.AST, what: str) -> CriterionError:
        return self._error(
            node, "criterion_unsupported", "{what} is not supported; use and, or, not, comparisons, + - * / // %, and "
            "functions", what=what)

    def _constant(self, node: ast.Constant) -> ast.expr:
        value = node.value
        if isinstance(value, (bool, str)) or value is None:
            return ast.Constant(value)
        in_range = isinstance(value, int) and value <= _LARGEST
        if in_range or (isinstance(value, float) and values.finite(value) is not None):
            return ast.Constant(value)
        raise self._error(node, "criterion_constant", "a constant must be a text or a number of up to 18 digits")

    def _name(self, node: ast.Name) -> ast.expr:
        if node.id in CONSTANTS:
            return ast.Constant(CONSTANTS[node.id])
        return self._look_up(node, (node.id,))

    def _attribute(self, node: ast.Attribute) -> ast.expr:
        return self._look_up(node, self._path(node))

    def _subscript(self, node: ast.Subscript) -> ast.expr:
        return self._look_up(node, self._path(node))

    def _path(self, node: ast.expr) -> tuple[str, ...]:
        """The steps of `a.b['c d']`; anything but names and texts in it is refused."""
        if isinstance(node, ast.Name):
            return (node.id,)
        if isinstance(node, ast.Attribute):
            return (*self._path(node.value), node.attr)
        key = node.slice if isinstance(node, ast.Subscript) else None
        if isinstance(node, ast.Subscript) and isinstance(key, ast.Constant) and isinstance(key.value, str):
            return (*self._path(node.value), key.value)
        raise self._error(
            node, "criterion_path", "a point or a bracket must follow a name, as in contact.email")

    def _look_up(self, node: ast.expr, path: tuple[str, ...]) -> ast.expr:
        for step in path:
            if step.startswith("_") or "\x00" in step:
                raise self._error(
                    node, "criterion_private_name", "{value!r} must not begin with an underscore", value=step)
        if self.allowed is not None and not any(prefix in self.allowed for prefix in _prefixes(path)):
            raise self._error(node, "criterion_unknown_name", "{value!r} is not a known name; use one of {allowed}",
                              value=".".join(path), allowed=sorted(self.allowed))
        self.names.add(".".join(path))
        if len(path) == 1:
            read = ast.Attribute(ast.Name("data", ast.Load()), "get", ast.Load())
            return ast.Call(read, [ast.Constant(path[0])], [])
        steps = ast.Tuple([ast.Constant(step) for step in path], ast.Load())
        return self._call_node(values.look_up, ast.Name("data", ast.Load()), steps)

    def _boolop(self, node: ast.BoolOp) -> ast.expr:
        return _truth(ast.BoolOp(node.op, [self.translate(value) for value in node.values]))

    def _unaryop(self, node: ast.UnaryOp) -> ast.expr:
        operand = self.translate(node.operand)
        if isinstance(node.op, ast.Not):
            return ast.UnaryOp(ast.Not(), operand)
        if type(node.op) not in _SIGNS:
            raise self._not_supported(node, type(node.op).__name__)
        return self._call_node(_SIGNS[type(node.op)], operand)

    def _binop(self, node: ast.BinOp) -> ast.expr:
        compute = _ARITHMETIC.get(type(node.op))
        if compute is None:
            raise self._not_supported(node, type(node.op).__name__)
        for side in (node.left, node.right):
            if isinstance(side, ast.List) or (isinstance(side, ast.Constant) and not values.is_number(side.value)):
                raise self._error(
                    side, "criterion_arithmetic", "arithmetic needs only numbers; concat(...) joins texts")
        return self._call_node(compute, self.translate(node.left), self.translate(node.right))

    def _compare(self, node: ast.Compare) -> ast.expr:
        """`1 <= x < 5` reads x twice, so the middle of a chain must be a name or a number."""
        for middle in node.comparators[:-1]:
            if not isinstance(middle, (ast.Name, ast.Attribute, ast.Constant)):
                raise self._error(
                    middle, "criterion_chain", "the middle of a chain must be one name; join two comparisons by `and`")
        sides = [node.left, *node.comparators]
        pairs = [self._pair(node, op, a, b) for op, a, b in zip(node.ops, sides, sides[1:], strict=False)]
        return pairs[0] if len(pairs) == 1 else ast.BoolOp(ast.And(), pairs)

    def _pair(self, node: ast.expr, op: ast.cmpop, left: ast.expr, right: ast.expr) -> ast.expr:
        compare = _COMPARISONS.get(type(op))
        if compare is None:
            raise self._error(node, "criterion_is", "`is` is not supported; use ==")
        return self._call_node(compare, self.translate(left), self.translate(right))

    def _list(self, node: ast.List) -> ast.expr:
        return ast.Tuple([self.translate(item) for item in node.elts], ast.Load())

    def _call(self, node: ast.Call) -> ast.expr:
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise self._error(
                node, "criterion_call", "a call must be a function's name and values in parentheses")
        name = node.func.id
        if name == "field":
            return self._field(node)
        if name not in self.functions:
            raise self._error(
                node, "criterion_unknown_function", "{value!r} is not a known function; use one of {allowed}",
                value=name, allowed=sorted(self.functions))
        if any(isinstance(value, ast.Starred) for value in node.args):
            raise self._not_supported(node, "Starred")
        function = self.functions[name]
        try:
            inspect.signature(function).bind(*node.args)
        except TypeError as error:
            raise self._error(
                node, "criterion_arguments", "{value}: {problem}", value=name, problem=str(error)) from None
        return self._call_node(_total(function), *map(self.translate, node.args), name=f"call_{name}")

    def _field(self, node: ast.Call) -> ast.expr:
        """field('Order Date'): a key of the data that is not a name."""
        if len(node.args) != 1 or not isinstance(node.args[0], ast.Constant) or not isinstance(node.args[0].value, str):
            raise self._error(node, "criterion_field", "field('...') must have one text in quotes")
        return self._look_up(node, (node.args[0].value,))

    def _call_node(self, function: Callable[..., Any], *operands: ast.expr, name: str = "") -> ast.expr:
        name = name or f"op_{function.__name__}_{id(function):x}"
        self.used[name] = function
        return ast.Call(ast.Name(name, ast.Load()), list(operands), [])


def _prefixes(path: tuple[str, ...]) -> Iterator[str]:
    return (".".join(path[:size]) for size in range(1, len(path) + 1))


def _truth(node: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), ast.UnaryOp(ast.Not(), node))


def _total(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError):
            return None

    return call
