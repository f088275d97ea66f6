"""The fields of a deal: the standard ones that every line has, those of the layout, and whether a value fits one."""
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

from contracts.crm import DealKind, ForecastCategory
from contracts.kinds import ID_PATTERN, INT64_MAX

FieldType = Literal["text", "number", "integer", "boolean", "date", "money", "choice", "choices"]


@dataclass(frozen=True, slots=True)
class OptionDefinition:
    """A named entry of a list: an option of a choice, a loss reason, an item of a checklist."""

    name: str
    title: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FieldDefinition:
    """A field of a deal. `required`: no requested transition but one to a lost stage goes through without it."""

    name: str
    type: FieldType
    label: Mapping[str, str]
    required: bool = False
    options: tuple[OptionDefinition, ...] = ()


def _field(name: str, kind: FieldType, en: str, zh: str, options: tuple[str, ...] = ()) -> FieldDefinition:
    made = tuple(OptionDefinition(o, {"en": o}) for o in options)
    return FieldDefinition(name, kind, {"en": en, "zh": zh}, options=made)


STANDARD: Mapping[str, FieldDefinition] = {f.name: f for f in (
    _field("amount", "money", "Amount", "金额"),
    _field("expected_close_on", "date", "Expected close", "预计成交日期"),
    _field("customer_id", "text", "Customer", "客户"),
    _field("rep_id", "text", "Owner", "负责人"),
    _field("region", "text", "Region", "区域"),
    _field("team", "text", "Team", "团队"),
    _field("product_id", "text", "Product", "产品"),
    _field("campaign_id", "text", "Campaign", "营销活动"),
    _field("forecast_category", "choice", "Forecast category", "预测类别", get_args(ForecastCategory)),
    _field("deal_kind", "choice", "Kind of deal", "商机类型", get_args(DealKind)),
)}
LOSS_LABEL: Mapping[str, str] = {"en": "Loss reason", "zh": "输单原因"}
ACTIVITIES: Mapping[str, Mapping[str, str]] = {
    "call": {"en": "call", "zh": "电话"}, "email": {"en": "email", "zh": "邮件"},
    "visit": {"en": "visit", "zh": "拜访"},
    "meeting": {"en": "meeting", "zh": "会议"}, "demo": {"en": "demo", "zh": "演示"},
    "follow_up": {"en": "follow-up", "zh": "跟进"}, "quote": {"en": "quote", "zh": "报价"},
    "task": {"en": "task", "zh": "任务"}, "other": {"en": "other", "zh": "其他"}}
LOSS_REASON = "loss_reason"  # travels with the fields of a transition, and belongs to the closing
IDS = frozenset({"customer_id", "rep_id", "product_id", "campaign_id"})
MAX_TEXT = 2_000


def misfit(field: FieldDefinition, value: Any) -> str | None:
    """Why a JSON value does not fit the field, as in "must be a number"; None when it fits. Null fits: it empties."""
    if value is None:
        return None
    if field.name in IDS and field is STANDARD.get(field.name):
        return None if isinstance(value, str) and re.fullmatch(ID_PATTERN, value) else "must be an id"
    return CHECKS[field.type](field, value)


def _text(_definition: FieldDefinition, value: Any) -> str | None:
    fits = isinstance(value, str) and len(value) <= MAX_TEXT
    return None if fits else f"must be a string of at most {MAX_TEXT} characters"


def _number(_definition: FieldDefinition, value: Any) -> str | None:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= INT64_MAX  # NaN does not
    return None if fits else "must be a number"


def _integer(_definition: FieldDefinition, value: Any) -> str | None:
    return None if _whole(value) else "must be a whole number"


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= INT64_MAX


def _boolean(_definition: FieldDefinition, value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _date(_definition: FieldDefinition, value: Any) -> str | None:
    if isinstance(value, date):
        return None
    try:
        date.fromisoformat(value)
    except (TypeError, ValueError):
        return "must be a date such as 2026-09-14"
    return None


def _money(_definition: FieldDefinition, value: Any) -> str | None:
    fits = (
        isinstance(value, Mapping) and set(value) == {"amount_minor", "currency"} and _whole(value["amount_minor"])
        and isinstance(value["currency"], str) and re.fullmatch("[A-Z]{3}", value["currency"])
    )
    return None if fits else "must be an amount such as {amount_minor: 1200, currency: EUR}"


def _choice(field: FieldDefinition, value: Any) -> str | None:
    names = [o.name for o in field.options]
    return None if value in names else f"must be one of {', '.join(names)}"


def _choices(field: FieldDefinition, value: Any) -> str | None:
    if not isinstance(value, list | tuple):
        return "must be a list"
    return next((found for v in value if (found := _choice(field, v))), None)


CHECKS = {"text": _text, "number": _number, "integer": _integer, "boolean": _boolean, "date": _date, "money": _money,
          "choice": _choice, "choices": _choices}
