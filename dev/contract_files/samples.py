"""One event of each type as a structured CloudEvent: every field filled, the same on every machine."""
import types
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from chassis.messages import envelope
from contracts.crm import Answer, Fields
from contracts.kinds import Attributes, Contract, EventType, Line, Money, Subject, fields_of
from contracts.topics import ENTERPRISE, TOPICS

TIME = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
EURO = Money(amount_minor=120_000, currency="EUR")
_TEXTS: Mapping[str, str] = {
    "business_line": "hardware", "pipeline": "hardware", "region": "North", "team": "North 1", "source": "web",
    "rep_id": "rep-7", "manager_id": "rep-1", "employee_id": "rep-7", "actor_id": "rep-7", "campaign_id": "spring-2026",
    "name": "Ada Lindqvist", "email": "ada@example.com", "phone": "+46 8 000 00", "company": "Example AB",
    "language": "sv", "role": "buyer", "login": "ada", "department": "Sales", "reason": "budget", "channel": "email",
    "purpose": "newsletter", "segment": "champions", "category": "laptops", "series": "pro", "quantity": "2",
    "market": "nordics", "period": "2026-Q1", "base": "EUR", "quote": "SEK", "rate": "11.25", "survey": "after_deal",
    "stage": "proposal", "from": "qualified", "to": "proposal", "stage_before": "proposal", "transition": "propose",
    "note": "Asked for by phone.", "loss_reason": "price", "outcome": "reached", "grade": "A", "currency": "EUR",
    "blueprint": "hardware@1", "model": "standard@1", "level": "first", "kind": "notify", "rule": "cooldown",
    "measure": "signed_amount", "value": "1000000", "expected": "900000", "low": "700000", "high": "1100000",
    "before": "900000", "url": "/s/invitation-5", "code": "field_missing", "path": "/fields/amount",
    "message": "The amount is missing.", "why": "Asked for a demonstration.", "command_id": "command-9",
}
_NUMBERS = {"score": 72, "fit": 40, "engagement": 32, "points": 12, "r": 5, "f": 4, "m": 4, "duration_seconds": 540,
            "recency_days": 12, "frequency": 6, "monetary_minor": 480_000, "amount_minor": 120_000, "units": 5_000,
            "capacity_open_deals": 25, "version": 3, "amount_minor_before": 100_000}
_MAPPINGS: Mapping[str, Mapping[str, Any]] = {
    "dimensions": {"sector": "retail"}, "external_ids": {"erp": "A/4711"}, "scope": {"business_line": "hardware"},
    "attributes": {"employees": 120, "industry": "retail"}, "properties": {"page": "/pricing"},
    "fields": {"next_step": "Send the offer"}, "result": {"ticket": "T-1"}, "parameters": {"template": "won"},
    "answers": {"nps": 9, "comment": "Quick answers."}, "before": {"nps": 6}, "cutoffs": {"recency": (10, 30, 60, 120)},
    "params": {"label": {"en": "Amount", "zh": "金额"}},
}


def sample(kind: EventType) -> dict[str, Any]:
    """A structured event of the type, as builtins."""
    owner = TOPICS[kind.topic].owner
    is_own = owner != ENTERPRISE
    extensions = {"sequence": 1, "correlationid": "sample", "causationid": "sample-0"} if is_own else {}
    source = f"/triptych/{owner}" if is_own else "/crm/example"
    return envelope.to_structured(event_of(kind.cls), id="sample-1", source=source, time=TIME, extensions=extensions)


def event_of(cls: Any) -> Any:
    """An instance with every field filled; for a patch all of them given."""
    names = [f.name for f in fields_of(cls) if f.name != "given"]
    hints = get_type_hints(cls, include_extras=True)
    values = {name: _value(name.rstrip("_"), hints[name]) for name in names}
    if "lines" in values and "amount" in values:
        values["lines"] = _lines()
    return cls(**values, **({"given": tuple(names)} if len(names) < len(fields_of(cls)) else {}))


def _lines() -> tuple[Line, ...]:
    """They add up to the amount."""
    parts = (("product-1", 70_000), ("product-2", 50_000))
    return tuple(
        Line(product_id=name, category="laptops", quantity="1", amount=Money(amount_minor=amount, currency="EUR"))
        for name, amount in parts)


def _value(name: str, hint: Any) -> Any:
    origin, args = get_origin(hint), get_args(hint)
    if hint in (Attributes, Fields, Answer) or (origin is not None and isinstance(origin, type)
                                                and issubclass(origin, Mapping)):
        return dict(_MAPPINGS[name])
    if origin is Annotated:
        return _text(name, args) if args[0] is str else _value(name, args[0])
    if origin in (Union, types.UnionType):
        return _value(name, args[0])
    if origin is Literal:
        return args[0]
    if origin is tuple:
        return _lines() if args[0] is Line else (_value(name, args[0]),)
    if isinstance(hint, type) and issubclass(hint, Contract):
        return EURO if hint is Money else Subject(kind="lead", id="lead-1") if hint is Subject else event_of(hint)
    return _plain(name, hint)


def _text(name: str, args: tuple[Any, ...]) -> str:
    """An id without an entry of its own is called after its field."""
    if name in _TEXTS:
        return _TEXTS[name]
    constrained = any(isinstance(note, msgspec.Meta) for note in args[1:])
    stem = name.removesuffix("_id").removeprefix("into_").replace("_", "-")
    return f"{stem}-{2 if name.startswith('into_') else 1}" if constrained else stem


def _plain(name: str, hint: Any) -> Any:
    samples: dict[Any, Any] = {
        str: _TEXTS.get(name, name), int: _NUMBERS.get(name, 1), float: 0.25, bool: name != "undated",
        date: date(2026, 3, 31), datetime: TIME,
    }
    return samples[hint]
