"""Hypothesis strategies: valid events of every registered class, and damaged wire forms of them."""
import types
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st

from chassis.messages import codec
from contracts.kinds import BY_NAME, ID_PATTERN, INT64_MAX, Contract, fields_of

IDS = st.text("abcXYZ019._:-", min_size=1, max_size=12)
NAMES = st.text("abcdefgh_", min_size=1, max_size=6)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(datetime(1970, 1, 3), datetime(2100, 1, 1), timezones=st.one_of(st.just(UTC), ZONES))  # noqa: DTZ001
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=5,
)


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a field's annotation."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _annotated(args[0], args[1:])
    if origin is Literal:
        return st.sampled_from(args)
    if origin in (Union, types.UnionType):
        return st.one_of(*map(values, args))
    if origin is tuple:
        return st.lists(values(args[0]), max_size=3).map(tuple)
    if origin is not None and issubclass(origin, Mapping):
        return st.dictionaries(NAMES, values(args[1]), max_size=3)
    if isinstance(hint, type) and issubclass(hint, Contract):
        nested: st.SearchStrategy[Any] = objects(hint)
        return nested
    return _SIMPLE[hint]


_SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXTS, bool: st.booleans(), int: st.integers(-(2**53), 2**53), type(None): st.none(), Any: JSON,
    float: st.floats(-1e9, 1e9, allow_nan=False), date: st.dates(date(1970, 1, 1)), datetime: INSTANTS,
}


def _annotated(base: Any, notes: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    meta = next((note for note in notes if isinstance(note, msgspec.Meta)), None)
    if meta is None or base is datetime:
        return values(base)
    if base is int:
        return st.integers(meta.ge, INT64_MAX)  # type: ignore[arg-type]
    pattern = str(meta.pattern).replace(r"\Z", "$")
    return IDS if pattern == ID_PATTERN else st.from_regex(pattern.removesuffix("$"), fullmatch=True)


@cache
def objects(cls: Any) -> st.SearchStrategy[Any]:
    hints = get_type_hints(cls, include_extras=True)
    parts = {f.name: values(hints[f.name]) for f in fields_of(cls) if f.name != "given"}
    required = {f.name: parts[f.name] for f in fields_of(cls) if f.name in parts and f.default is ...}
    optional = {name: part for name, part in parts.items() if name not in required}
    return st.fixed_dictionaries(required, optional=optional).map(lambda fields: cls(**fields))


@cache
def events(cls: Any) -> st.SearchStrategy[Any]:
    """Events of the class; `given` of a patch names its fields."""
    strategy = objects(cls)
    if "given" not in {f.name for f in fields_of(cls)}:
        return strategy
    names = [f.name for f in fields_of(cls) if f.name != "given"]
    return st.tuples(strategy, st.sets(st.sampled_from(names))).map(lambda pair: _given(cls, *pair))


def _given(cls: Any, event: Any, nulls: set[str]) -> Any:
    required = {f.name for f in fields_of(cls) if f.default is ...}
    present = {f.name for f in fields_of(cls) if f.name != "given" and getattr(event, f.name) is not None}
    names = {f.name: getattr(event, f.name) for f in fields_of(cls) if f.name != "given"}
    return cls(**names, given=tuple(n for n in names if n in present | nulls | required))


any_event = st.sampled_from(sorted(BY_NAME)).flatmap(lambda name: events(BY_NAME[name].cls))


@st.composite
def damaged(draw: st.DrawFn) -> tuple[type, Any]:
    """(class, wire form) in which one value may have been replaced, removed or added."""
    event = draw(any_event)
    wire = codec.to_wire(event)
    at: Any = wire
    while True:
        steps = list(at) if isinstance(at, dict) else list(range(len(at)))
        step = draw(st.sampled_from(steps)) if steps else draw(NAMES)
        inner = at[step] if steps else None
        if isinstance(inner, (dict, list)) and inner and draw(st.booleans()):
            at = inner
            continue
        if isinstance(at, list) or draw(st.booleans()):
            at[step] = draw(UNEXPECTED_VALUES)
        else:
            at.pop(step, None)
        return type(event), wire


UNEXPECTED_VALUES = st.one_of(JSON, st.sampled_from([
    "", "a\n", "a b", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00Z", "2026-01-01 00:00:00+01:00",
    "2026-02-30", "1767225600", "1e3", "01", "1.", "true", "EUR", "eur", "x" * 129, 2**63, -1, 1.0, 1.5, True, [], {},
    {"amount_minor": 1, "currency": "EUR"}, {"kind": "lead", "id": "a"}, {"kind": "order", "id": "a"},
]))
