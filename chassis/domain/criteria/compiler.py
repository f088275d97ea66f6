"""Text to a checked tree to compiled code: only what is listed here passes, and nothing of Python's own is in reach."""
import ast
import inspect
import io
import tokenize
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from chassis.domain.criteria import values
from chassis.domain.criteria.functions import FUNCTIONS

MAX_LENGTH = 2_000
MAX_DEPTH = 30
_LARGEST = 2**63 - 1
_CONSTANTS = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}
_COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: values.equal, ast.NotEq: values.unequal, ast.Lt: values.less, ast.LtE: values.at_most,
    ast.Gt: values.more, ast.GtE: values.at_least, ast.In: values.within, ast.NotIn: values.not_within,
}
_ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: values.add, ast.Sub: values.subtract, ast.Mult: values.multiply, ast.Div: values.divide,
    ast.FloorDiv: values.divide_whole, ast.Mod: values.remainder,
}
_SIGNS: dict[type, Callable[[Any], Any]] = {ast.USub: values.negative, ast.UAdd: values.positive}


class CriterionError(ValueError):
    """The text is no criterion; `position` is the character (from 1) at which it goes wrong."""

    def __init__(self, message: str, position: int = 1) -> None:
        super().__init__(f"{message} (at character {position})")
        self.position = position


class Expression:
    """A checked criterion. `names`: the dotted names it looks up. Two of the same text are equal."""

    __slots__ = ("_run", "names", "text")

    def __init__(self, text: str, names: frozenset[str], run: Callable[[Mapping[str, Any]], Any]) -> None:
        self.text, self.names, self._run = text, names, run

    def evaluate(self, data: Mapping[str, Any]) -> Any:
        """Its value for this data; never raises."""
        return self._run(data)

    def holds(self, data: Mapping[str, Any]) -> bool:
        """Whether its value counts as true: not null, false, 0, or an empty text or list."""
        return bool(self._run(data))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


def compile_criterion(
    text: str, *, names: Collection[str] | None = None, functions: Mapping[str, Callable[..., Any]] | None = None,
) -> Expression:
    """Check and compile. Raises CriterionError.

    `names`: what may be looked up, dotted or not; one that is named covers what lies below it. None: anything.
    `functions`: more of them, beside the usual ones; they should be pure, and what they raise becomes None.
    """
    tree = _parse(text)
    checker = _Checker(text, names, {**FUNCTIONS, **(functions or {})})
    body = checker.translate(tree.body)
    arguments = ast.arguments(posonlyargs=[], args=[ast.arg("data")], kwonlyargs=[], kw_defaults=[], defaults=[])
    program = ast.fix_missing_locations(ast.Expression(ast.Lambda(arguments, body)))
    # What is compiled is only what `translate` made: calls of our own functions, constants, and/or/not.
    run = eval(compile(program, "<criterion>", "eval"), {"__builtins__": {}, **checker.used})
    return Expression(text, frozenset(checker.names), run)


def _parse(text: str) -> ast.Expression:
    if not isinstance(text, str) or not text.strip():
        raise CriterionError("a criterion is a text that says something")
    if len(text) > MAX_LENGTH:
        raise CriterionError(f"is {len(text)} characters long, the limit is {MAX_LENGTH}", MAX_LENGTH)
    flat = "".join(" " if c in "\r\n\t" else c for c in text).lstrip()
    _refuse_comments(flat, _indent(text))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(flat, mode="eval")
    except SyntaxError as error:
        raise CriterionError(f"cannot be read: {error.msg}", _indent(text) + max(error.offset or 1, 1)) from None
    except (ValueError, RecursionError, MemoryError):
        raise CriterionError("cannot be read: too deep, or with characters that have no place here") from None
    _check_depth(tree)
    return tree


def _refuse_comments(flat: str, indent: int) -> None:
    """Lines are joined before they are read, so a comment would swallow all that follows it."""
    if "#" not in flat:
        return
    try:
        for token in tokenize.generate_tokens(io.StringIO(flat).readline):
            if token.type == tokenize.COMMENT:
                raise CriterionError("a criterion has no comments", indent + token.start[1] + 1)
    except (tokenize.TokenError, SyntaxError):
        return  # the parser says better what is wrong with it


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _check_depth(tree: ast.Expression) -> None:
    """Without recursion: it guards what recurses."""
    waiting: list[tuple[ast.AST, int]] = [(tree.body, 1)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise CriterionError(f"is nested more than {MAX_DEPTH} deep", getattr(node, "col_offset", 0) + 1)
        waiting += [(child, depth + 1) for child in ast.iter_child_nodes(node)]


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
            raise self._error(node, f"{type(node).__name__} is not part of this language")
        made: ast.expr = rule(node)
        return made

    def _error(self, node: ast.AST, message: str) -> CriterionError:
        start = self.text.lstrip().encode()[:getattr(node, "col_offset", 0)]
        return CriterionError(message, _indent(self.text) + len(start.decode("utf-8", "ignore")) + 1)

    def _constant(self, node: ast.Constant) -> ast.expr:
        value = node.value
        if isinstance(value, (bool, str)) or value is None:
            return ast.Constant(value)
        in_range = isinstance(value, int) and value <= _LARGEST
        if in_range or (isinstance(value, float) and values.finite(value) is not None):
            return ast.Constant(value)
        raise self._error(node, "is no text and no number of up to 18 digits")

    def _name(self, node: ast.Name) -> ast.expr:
        if node.id in _CONSTANTS:
            return ast.Constant(_CONSTANTS[node.id])
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
        raise self._error(node, "a point or a bracket only follows a name: contact.email")

    def _look_up(self, node: ast.expr, path: tuple[str, ...]) -> ast.expr:
        for step in path:
            if step.startswith("_") or "\x00" in step:
                raise self._error(node, f"{step!r}: a name does not begin with an underscore")
        if self.allowed is not None and not any(prefix in self.allowed for prefix in _prefixes(path)):
            raise self._error(node, f"there is no {'.'.join(path)!r} here")
        self.names.add(".".join(path))
        if len(path) == 1:
            read = ast.Attribute(ast.Name("data", ast.Load()), "get", ast.Load())
            return ast.Call(read, [ast.Constant(path[0])], [])
        steps = ast.Tuple([ast.Constant(step) for step in path], ast.Load())
        return self._made(values.look_up, ast.Name("data", ast.Load()), steps)

    def _boolop(self, node: ast.BoolOp) -> ast.expr:
        return _truth(ast.BoolOp(node.op, [self.translate(value) for value in node.values]))

    def _unaryop(self, node: ast.UnaryOp) -> ast.expr:
        operand = self.translate(node.operand)
        if isinstance(node.op, ast.Not):
            return ast.UnaryOp(ast.Not(), operand)
        if type(node.op) not in _SIGNS:
            raise self._error(node, f"{type(node.op).__name__} is not part of this language")
        return self._made(_SIGNS[type(node.op)], operand)

    def _binop(self, node: ast.BinOp) -> ast.expr:
        compute = _ARITHMETIC.get(type(node.op))
        if compute is None:
            raise self._error(node, f"{type(node.op).__name__} is not part of this language")
        for side in (node.left, node.right):
            if isinstance(side, ast.List) or (isinstance(side, ast.Constant) and not values.is_number(side.value)):
                raise self._error(side, "only numbers are reckoned with; concat(...) joins texts")
        return self._made(compute, self.translate(node.left), self.translate(node.right))

    def _compare(self, node: ast.Compare) -> ast.expr:
        """`1 <= x < 5` reads x twice, so what stands in the middle of a chain is a name or a number."""
        for middle in node.comparators[:-1]:
            if not isinstance(middle, (ast.Name, ast.Attribute, ast.Constant)):
                raise self._error(middle, "the middle of a chain is one name; else join two comparisons by `and`")
        sides = [node.left, *node.comparators]
        pairs = [self._pair(node, op, a, b) for op, a, b in zip(node.ops, sides, sides[1:], strict=False)]
        return pairs[0] if len(pairs) == 1 else ast.BoolOp(ast.And(), pairs)

    def _pair(self, node: ast.expr, op: ast.cmpop, left: ast.expr, right: ast.expr) -> ast.expr:
        compare = _COMPARISONS.get(type(op))
        if compare is None:
            raise self._error(node, "`is` is not part of this language; use ==")
        return self._made(compare, self.translate(left), self.translate(right))

    def _list(self, node: ast.List) -> ast.expr:
        return ast.Tuple([self.translate(item) for item in node.elts], ast.Load())

    def _call(self, node: ast.Call) -> ast.expr:
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise self._error(node, "a call is a function's name and values in parentheses")
        name = node.func.id
        if name == "field":
            return self._field(node)
        if name not in self.functions:
            raise self._error(node, f"there is no function {name!r}")
        if any(isinstance(value, ast.Starred) for value in node.args):
            raise self._error(node, "Starred is not part of this language")
        function = self.functions[name]
        try:
            inspect.signature(function).bind(*node.args)
        except TypeError as error:
            raise self._error(node, f"{name}: {error}") from None
        return self._made(_total(function), *map(self.translate, node.args), name=f"call_{name}")

    def _field(self, node: ast.Call) -> ast.expr:
        """field('Order Date'): a key of the data that is no name."""
        if len(node.args) != 1 or not isinstance(node.args[0], ast.Constant) or not isinstance(node.args[0].value, str):
            raise self._error(node, "field('...') takes one text in quotes")
        return self._look_up(node, (node.args[0].value,))

    def _made(self, function: Callable[..., Any], *operands: ast.expr, name: str = "") -> ast.expr:
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
