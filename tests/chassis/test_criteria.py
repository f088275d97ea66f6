"""Criteria: what each operator and function gives on any data, and which texts are refused."""
import ast
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Context, Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.domain.criteria import ALWAYS, MAX_DEPTH, MAX_LENGTH, CriterionError, compile_criterion
from tests.support.criteria_truth import TRUTH
from tests.support.effort import examples

DEAL: dict[str, Any] = {
    "score": 60, "country": "DE", "visits": 9, "weeks": 2, "lead": {"source": "web"}, "price": Decimal("19.99"),
    "rate": 0.1, "won": True, "tags": ["vip", "new"], "text": " Ab ", "nothing": None,
    "closed_on": date(2026, 3, 1), "opened_at": datetime(2026, 2, 1, 10, tzinfo=UTC), "Order Date": "2026-03-02",
}


def value(text: str, **more: Any) -> Any:
    return compile_criterion(text).evaluate(DEAL | more)


@pytest.mark.parametrize(("text", "expected"), [
    ("score>=50 and country in ['DE','AT'] and visits>3*weeks and lead.source=='web'", True),
    ("score < 50 or not won", False), ("not (score < 50)", True), ("1 <= visits < 10", True),
    ("1 <= score < 10", False), ("-7 // 2", -4), ("-7 % 2", 1), ("(0 - decimal('7')) // 2", Decimal(-4)),
    ("(0 - decimal('7')) % 2", Decimal(1)),
    ("won == true and True", True), ("won == 1", False), ("score == 60.0", True), ("nothing == null", True),
    ("missing == None", True), ("missing != 5", True), ("missing < 5", False), ("missing >= 5", False),
    ("missing + 1", None), ("-missing", None), ("lead.missing.deeper", None), ("country.code", None),
    ("country in tags", False), ("'vip' in tags", True), ("'vip' not in tags", False), ("'E' in country", True),
    ("missing in ['a']", False), ("missing not in ['a']", True), ("null in [null]", True), ("1 in 5", False),
    ("'10' > 5", False), ("country < 5", False), ("closed_on > date('2026-02-28')", True), ("closed_on > 5", False),
    ("opened_at < closed_on", False), ("price * 3", Decimal("59.97")), ("price + rate", Decimal("20.09")),
    ("price == 19.99", True), ("rate == decimal('0.1')", True), ("7 // 2", 3), ("7 % 4", 3), ("7 / 2", 3.5),
    ("1 / 0", None), ("1 // 0", None), ("price % 0", None), ("price // 5", Decimal(3)), ("won + 1", None),
    ("country + 1", None), ("- (score - 10)", -50), ("+score", 60), ("9007199254740993 + 0", 9007199254740993),
    ("1e308 * 10", None), ("lead['source']", "web"), ("field('Order Date')", "2026-03-02"), ("[score, 1]", (60, 1)),
    ("\n  score >= 50\n  and won\n", True), ("''", ""), ("'a # b'", "a # b"),
])
def test_a_criterion_means_what_it_says(text: str, expected: Any) -> None:
    found = value(text)
    assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize(("text", "expected"), [
    ("len(tags)", 2), ("len('äö')", 2), ("len(5)", None), ("lower(country)", "de"), ("upper('a')", "A"),
    ("strip(text)", "Ab"), ("replace(text, ' ', '')", "Ab"), ("replace('a', '', 'b')", "bab"), ("int('12')", 12),
    ("int(' -3 ')", -3), ("int(3.9)", 3), ("int('x')", None), ("int(won)", None), ("decimal('1.50')", Decimal("1.50")),
    ("decimal('1e5')", None), ("decimal(0.1)", Decimal("0.1")), ("decimal('NaN')", None),
    ("round_half_even(2.5)", 2), ("round_half_even(decimal('3.5'))", 4), ("round_half_even(2.345, 2)", Decimal("2.34")),
    ("round_half_even('7.125', 2)", Decimal("7.12")), ("round_half_even(1, 99)", None), ("abs(0 - 5)", 5),
    ("min(3, 1, 2)", 1), ("max(3, missing, 5)", 5), ("min(missing, null)", None), ("coalesce(missing, 0)", 0),
    ("coalesce(missing, null)", None), ("if_else(score > 5, 'a', 'b')", "a"), ("if_else(missing, 'a', 'b')", "b"),
    ("starts_with(country, 'D')", True), ("ends_with(country, 'D')", False), ("starts_with(5, 'D')", False),
    ("contains(tags, 'vip')", True), ("contains(country, 'E')", True), ("contains(5, 5)", False),
    ("date('2026-03-01T10:00:00Z')", date(2026, 3, 1)), ("date('2026-02-30')", None), ("date('20260301')", None),
    ("date(opened_at)", date(2026, 2, 1)), ("days_between(opened_at, closed_on)", 28),
    ("days_between(closed_on, opened_at)", -28), ("days_between(missing, closed_on)", None),
    ("concat('a', 1, missing, 2.5, won, price)", "a12.5true19.99"), ("concat()", ""),
])
def test_the_functions_compute_or_answer_null(text: str, expected: Any) -> None:
    found = value(text)
    assert found == expected and type(found) is type(expected)


def test_more_functions_can_be_given_and_what_they_raise_is_null() -> None:
    tables = {"a": {"x": 1}}
    functions: dict[str, Callable[..., Any]] = {"half": lambda n: n / 2, "pick": lambda name, key: tables[name][key]}
    assert compile_criterion("half(score) + pick('a', 'x')", functions=functions).evaluate(DEAL) == 31
    assert compile_criterion("half('x')", functions=functions).evaluate({}) is None
    assert compile_criterion("pick('b', 'x')", functions=functions).evaluate({}) is None


def test_names_are_collected_and_only_known_ones_allowed() -> None:
    expression = compile_criterion("lead.source == 'web' and score > field('Order Date')")
    assert expression.names == {"lead.source", "score", "Order Date"}
    allowed = {"lead", "contact.email", "score"}
    assert compile_criterion("lead.source == contact.email", names=allowed).names == {"lead.source", "contact.email"}
    for text in ("scores > 1", "contact.phone", "contact == 1", "field('x')", "lead.source == leads"):
        with pytest.raises(CriterionError, match="is not a known name; use one of"):
            compile_criterion(text, names=allowed)


@pytest.mark.parametrize(("held", "met"), TRUTH)
def test_a_criterion_is_met_by_true_alone(held: Any, met: bool) -> None:
    assert compile_criterion("a").is_met({"a": held}) is met
    assert compile_criterion("coalesce(missing, a)").is_met({"a": held}) is met
    assert ALWAYS.is_met({"a": held})


@pytest.mark.parametrize(("text", "possible"), [
    ("true", True), ("false", False), ("null", False), ("1", False), ("'yes'", False), ("a", True), ("b", False),
    ("c.d", False), ("field('a')", False), ("a + 1", False), ("-a", False), ("[a]", False), ("not b", True),
    ("b == 1", True), ("b and c", True), ("len(b)", False), ("contains(b, 'x')", True), ("coalesce(b, a)", True),
    ("coalesce(b, 1)", False), ("if_else(a, b, 1)", False), ("if_else(b, a, 1)", True), ("own(b)", True),
])
def test_what_can_never_be_true_is_known_when_it_is_compiled(text: str, possible: bool) -> None:
    assert compile_criterion(text, boolean_names={"a"}, functions={"own": lambda x: x}).can_be_met is possible


def test_any_mapping_will_do_and_is_not_changed() -> None:
    data = MappingProxyType({"lead": MappingProxyType({"score": 5})})
    assert compile_criterion("lead.score > 4").is_met(data)


def test_expressions_of_one_text_are_equal() -> None:
    assert compile_criterion("a > 1") == compile_criterion("a > 1") != compile_criterion("a > 2")
    assert len({compile_criterion("a > 1"), compile_criterion("a > 1")}) == 1


ATTACKS = [
    "__import__('os').system('x')", "open('/etc/passwd')", "eval('1')", "().__class__.__bases__", "a.__class__",
    "a._private", "_a", "field('__class__')", "lead['__class__']", "(lambda: 1)()", "[x for x in y]", "{x for x in y}",
    "{'a': 1}", "(1, 2)", "2 ** 99", "1 << 99", "a | b", "a & b", "a ^ b", "~a", "a @ b", "a if b else c", "f'{a}'",
    "b'x'", "1j", "...", "a is b", "a is not b", "x := 1", "(x := 1)", "a[0]", "a[b]", "a[1:2]", "a()", "a.b()",
    "len.__call__('a')", "len(*tags)", "len(**lead)", "len(a=1)", "len()", "len(1, 2)", "'a' * 9", "'a' + 'b'",
    "'a' % 1", "[1] * 9", "yield", "await a", "print(1)", "data", "globals()", "lambda: 1", "a; b", "a = 1",
    "import os",
    "not", "", "   ", "#", "a # comment", "a # x\n and b", "a and", "(a", "'a", "a b", "99999999999999999999", "1e999",
    "a\x00", "\ud800", "'\\", "a < (b if c else d) < e", "1 < (2 < 3) < 4", "*a", "a.true()", "breakpoint()",
]


@pytest.mark.parametrize("text", [t for t in ATTACKS if t != "data"])
def test_what_is_no_criterion_is_refused(text: str) -> None:
    with pytest.raises(CriterionError):
        compile_criterion(text)


def test_nothing_of_python_is_in_reach_of_a_name() -> None:
    for name in ("data", "open", "len", "op_equal", "call_len", "builtins"):
        assert compile_criterion(name).evaluate({}) is None


@pytest.mark.parametrize("text", [
    "(" * 500 + "1" + ")" * 500, "-" * 1_900 + "1", "not " * 450 + "a", "a." * 600 + "a", "[" * 400 + "]" * 400,
    "1" + "+1" * 900, "a" * (MAX_LENGTH + 1), "len(" * 400 + "a" + ")" * 400,
])
def test_what_is_too_long_or_too_deep_is_refused(text: str) -> None:
    with pytest.raises(CriterionError):
        compile_criterion(text)


def test_the_limits_themselves_are_allowed() -> None:
    assert compile_criterion("a" * MAX_LENGTH).evaluate({}) is None
    assert compile_criterion("-" * (MAX_DEPTH - 2) + "a").evaluate({"a": 1}) == 1


@pytest.mark.parametrize(("text", "position"), [
    ("score > 1 and open('x')", 15), ("  score > 1 and a ** 2", 17), ("'äö' == a and b._c", 15), ("a b", 3),
    ("score >\n nope ^ 1", 10), ("a == 1 # why", 8),
])
def test_an_error_names_the_character(text: str, position: int) -> None:
    with pytest.raises(CriterionError) as caught:
        compile_criterion(text)
    assert caught.value.position == position
    assert f"character {position}" in str(caught.value)


def test_texts_and_numbers_cannot_grow_without_end() -> None:
    text = "a"
    for _ in range(20):
        text = f"replace({text}, 'a', 'aaaaaaaaaaaaaaaaaaaa')"
    assert value(text) is None
    assert value("*".join(["n"] * 25), n=2**4000) is None
    assert value("int(n)", n=Decimal("1e999999")) is None
    assert value("round_half_even(n)", n=Decimal("1e999999")) is None


@pytest.mark.parametrize("odd", [Decimal("sNaN"), Decimal("NaN"), Decimal("Infinity"), float("nan"), float("inf")])
def test_numbers_that_are_none_give_null_and_hold_nothing(odd: Any) -> None:
    for text in ("-n", "+n", "abs(n)", "n + 1", "n * 0", "n // 1", "n % 1", "int(n)", "decimal(n)"):
        assert value(text, n=odd) is None, text
    assert value("n == 1 or n <= 1 and n >= 1", n=odd) is False
    assert value("round_half_even(n)", n=odd) is None
    value("min(n, 1) == max(1, n)", n=odd)


# --- against a reference that walks the tree -------------------------------------------------------------------------

NAMES = ["a", "b", "c.d", "c.e", "missing"]
LEAVES = st.one_of(
    st.sampled_from(NAMES), st.integers(0, 100).map(str), st.sampled_from(["0.5", "2.25", "true", "false", "null"]),
    st.sampled_from(["'x'", "'xy'", "''"]),
)
OPERATORS = ["==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "//", "%", "and", "or"]


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(OPERATORS), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda t: f"(not {t})"), inner.map(lambda t: f"(-{t})"),
        st.tuples(inner, st.sampled_from(["in", "not in"]), st.lists(inner, max_size=3)).map(
            lambda t: f"({t[0]} {t[1]} [{', '.join(t[2])}])"),
    )


TEXTS = st.recursive(LEAVES, _grow, max_leaves=8)
HELD = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text("xyz", max_size=3),
    st.decimals(), st.lists(st.integers(0, 3), max_size=2), st.dates(), st.datetimes(timezones=st.just(UTC)),
    st.datetimes(), st.just(object()),
)
NESTED = st.fixed_dictionaries({"d": HELD, "e": HELD})
DATA = st.fixed_dictionaries({"a": HELD, "b": HELD, "c": st.one_of(HELD, NESTED)})


@given(TEXTS, DATA)
@settings(max_examples=examples(500), deadline=None)
def test_compiled_and_interpreted_agree_on_any_data(text: str, data: dict[str, Any]) -> None:
    try:
        expression = compile_criterion(text)
    except CriterionError as error:
        assert "only numbers" in str(error)
        return
    found, expected = expression.evaluate(data), reference(ast.parse(text, mode="eval").body, data)
    assert repr(found) == repr(expected)


@given(st.text(max_size=40))
@settings(max_examples=examples(300), deadline=None)
def test_any_text_is_compiled_or_refused(text: str) -> None:
    try:
        compile_criterion(text).evaluate({})
    except CriterionError as error:
        assert 1 <= error.position <= max(len(text) + 1, 1)


def reference(node: Any, data: dict[str, Any]) -> Any:
    """The rules again, written for reading: no tables, no compiling."""
    match node:
        case ast.Constant():
            return node.value
        case ast.Name(id=name):
            return {"true": True, "false": False}.get(name) if name in ("true", "false", "null") else data.get(name)
        case ast.Attribute(value=ast.Name(id=name), attr=part):
            held = data.get(name)
            return held.get(part) if isinstance(held, dict) else None
        case ast.List(elts=items):
            return tuple(reference(item, data) for item in items)
        case ast.BoolOp(op=op, values=parts):
            held = [bool(reference(part, data)) for part in parts]
            return all(held) if isinstance(op, ast.And) else any(held)
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return not reference(inner, data)
        case ast.UnaryOp(operand=inner):
            return _negated(_n(reference(inner, data)))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _compared(op, reference(left, data), reference(right, data))
        case ast.BinOp(left=left, op=op, right=right):
            return _reckoned(op, _n(reference(left, data)), _n(reference(right, data)))
    raise AssertionError(ast.dump(node))


def _n(held: Any) -> Any:
    return held if type(held) in (int, float, Decimal) else None


def _negated(n: Any) -> Any:
    if n is None or (isinstance(n, int) and abs(n) >= 2**4096) or not Decimal(n).is_finite():
        return None
    return n.copy_negate() if isinstance(n, Decimal) else -n


def _same(a: Any, b: Any) -> bool:
    if a is None or b is None or type(a) is bool or type(b) is bool:
        return a is b
    if {type(a), type(b)} == {float, Decimal}:
        a, b = _exact(a), _exact(b)
    try:
        return bool(a == b)
    except InvalidOperation:
        return False


def _exact(n: Any) -> Decimal:
    return Decimal(str(n)) if type(n) is float else Decimal(n)


def _compared(op: Any, a: Any, b: Any) -> bool:
    match op:
        case ast.Eq():
            return _same(a, b)
        case ast.NotEq():
            return not _same(a, b)
        case ast.In():
            return any(_same(a, one) for one in b)
        case ast.NotIn():
            return not any(_same(a, one) for one in b)
    if _n(a) is not None and _n(b) is not None:
        if Decimal in (type(a), type(b)):
            a, b = _exact(a), _exact(b)
    elif type(a) is not type(b) or type(a) not in (str, date, datetime):
        return False
    try:
        below, level = bool(a < b), bool(a == b)
    except (TypeError, InvalidOperation):
        return False
    if isinstance(op, ast.Lt):
        return below
    if isinstance(op, ast.LtE):
        return below or level
    above = bool(a > b)
    return above if isinstance(op, ast.Gt) else above or level


def _reckoned(op: Any, a: Any, b: Any) -> Any:
    if a is None or b is None:
        return None
    exact, context = Decimal in (type(a), type(b)), Context(prec=34)
    if exact:
        a, b = _exact(a), _exact(b)
    try:
        match op:
            case ast.Add():
                made = context.add(a, b) if exact else a + b
            case ast.Sub():
                made = context.subtract(a, b) if exact else a - b
            case ast.Mult():
                made = context.multiply(a, b) if exact else a * b
            case ast.Div():
                made = context.divide(a, b) if exact else a / b
            case ast.FloorDiv():
                made = _floored(context, a, b)[0] if exact else a // b
            case _:
                made = _floored(context, a, b)[1] if exact else a % b
    except (ArithmeticError, ValueError):
        return None
    if isinstance(made, int):
        return made if abs(made) < 2**4096 else None
    return made if Decimal(made).is_finite() else None


def _floored(context: Context, a: Decimal, b: Decimal) -> tuple[Decimal, Decimal]:
    whole, rest = context.divmod(a, b)
    if rest != 0 and (rest > 0) is not (b > 0):
        return context.subtract(whole, Decimal(1)), context.add(rest, b)
    return whole, rest
