"""Parses the text of an expression into a Python syntax tree of bounded size; the compiler checks its nodes."""
import ast
import io
import tokenize
import warnings

from chassis.domain.criteria.expression import CriterionError

MAX_LENGTH = 2_000
MAX_DEPTH = 30
CONSTANTS = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}
"""Names that are constants, as in YAML and as in Python."""


def parse(text: str) -> ast.Expression:
    if not isinstance(text, str) or not text.strip():
        raise CriterionError("criterion_empty", "must be an expression such as score >= 50")
    if len(text) > MAX_LENGTH:
        raise CriterionError("criterion_too_long", "must be at most {most} characters", MAX_LENGTH, most=MAX_LENGTH)
    flat = "".join(" " if c in "\r\n\t" else c for c in text).lstrip()
    _refuse_comments(flat, indent_of(text))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(flat, mode="eval")
    except SyntaxError as error:
        position = indent_of(text) + max(error.offset or 1, 1)
        raise CriterionError("criterion_syntax", "{text!r} must be a valid expression: {problem}", position, text=text,
                             problem=error.msg) from None
    except (ValueError, RecursionError, MemoryError):
        raise CriterionError("criterion_characters", "must have no control characters and less nesting") from None
    _check_depth(tree)
    return tree


def _refuse_comments(flat: str, indent: int) -> None:
    """Lines are joined before they are read, so a comment would swallow all that follows it."""
    if "#" not in flat:
        return
    try:
        for token in tokenize.generate_tokens(io.StringIO(flat).readline):
            if token.type == tokenize.COMMENT:
                raise CriterionError("criterion_comment", "must have no comment", indent + token.start[1] + 1)
    except (tokenize.TokenError, SyntaxError):
        return  # the parser has the better message


def indent_of(text: str) -> int:
    return len(text) - len(text.lstrip())


def _check_depth(tree: ast.Expression) -> None:
    """Not recursive, because it protects the recursive functions."""
    pending: list[tuple[ast.AST, int]] = [(tree.body, 1)]
    while pending:
        node, depth = pending.pop()
        if depth > MAX_DEPTH:
            raise CriterionError(
                "criterion_too_deep", "must be nested at most {most} levels", getattr(node, "col_offset", 0) + 1,
                most=MAX_DEPTH)
        pending += [(child, depth + 1) for child in ast.iter_child_nodes(node)]
