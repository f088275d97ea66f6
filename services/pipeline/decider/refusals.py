"""Refusals: for every reason its code, JSON pointer, values and English text, each written here only.

Texts in other languages are made from the code and the values (`chassis.http.i18n`) when a request is answered.
"""
from collections.abc import Mapping
from typing import Any

from contracts.pipeline import Reason
from services.pipeline.definitions.fields import ACTIVITIES, LOSS_LABEL, LOSS_REASON, FieldDefinition

ENGLISH: Mapping[str, str] = {
    "action_missing": "{activity}: {done} of {count} done since the stage was entered",
    "already_closed": "The deal is {status}; allowed transitions: {allowed}",
    "criteria_not_met": "The deal does not meet the criteria of this transition",
    "field_invalid": "{label} does not meet the check of this transition",
    "field_required": "{label} is required",
    "field_unknown": "Field {name!r} is not defined; use the fields of the business line's layout",
    "loss_reason_required": "Loss reason is required: one of {reasons}",
    "no_blueprint": "No blueprint of business line {line!r} accepts a deal with these values",
    "no_such_opportunity": "Opportunity does not exist; open it first",
    "not_from_this_stage": "Transition {transition!r} does not start from stage {stage!r}. Allowed: {allowed}",
    "out_of_order": "The deal was changed later, at {changed_at}; send a later occurred_at",
    "report_incomplete": "Opportunity does not exist, and the report does not name the business line to open it in",
    "unknown_business_line": "Business line {line!r} is not defined",
    "unknown_loss_reason": "{label} must be one of {reasons}",
    "unknown_pipeline": "Pipeline {pipeline!r} is not defined for this business line",
    "unknown_stage": "Stage {stage!r} is not defined in blueprint {blueprint}",
    "unknown_transition": "Transition {transition!r} is not defined. Allowed from stage {stage!r}: {allowed}",
}


def pointer(*steps: str) -> str:
    """JSON pointer (RFC 6901)."""
    return "".join("/" + s.replace("~", "~0").replace("/", "~1") for s in steps)


def refusal(code: str, path: str, *, text: str | None = None, **values: Any) -> Reason:
    """The reason of this code. `text`: the key of another English text than the code's."""
    words = {name: _english(value) for name, value in values.items()}
    return Reason(code=code, path=path, message=ENGLISH[text or code].format(**words), params=values or None)


def _english(value: Any) -> Any:
    if isinstance(value, Mapping):
        return value.get("en") or next(iter(value.values()), "")
    return ", ".join(value) or "none" if isinstance(value, list | tuple) else value


def own_text(reason: Reason, title: Mapping[str, str] | None) -> Reason:
    """The reason in the blueprint's own words, where it has some."""
    if title is None:
        return reason
    return Reason(code=reason.code, path=reason.path, message=title["en"],
                  params={**(reason.params or {}), "says": title})


def field_unknown(name: str) -> Reason:
    return refusal("field_unknown", pointer("fields", name), name=name)


def field_invalid(form: FieldDefinition, problem: str) -> Reason:
    """`problem`: the result of `misfit` for the value."""
    return Reason(code="field_invalid", path=pointer("fields", form.name), message=f"{form.label['en']} {problem}",
                  params=label_and_type(form))


def field_required(form: FieldDefinition) -> Reason:
    return refusal("field_required", pointer("fields", form.name), **label_and_type(form))


def label_and_type(form: FieldDefinition) -> dict[str, Any]:
    return {"label": form.label, "type": form.type}


def loss_reason_required(names: list[str]) -> Reason:
    return refusal("loss_reason_required", pointer("fields", LOSS_REASON), reasons=names)


def loss_reason_invalid(names: list[str]) -> Reason:
    return refusal("field_invalid", pointer("fields", LOSS_REASON), text="unknown_loss_reason", label=LOSS_LABEL,
                   type="choice", reasons=names)


def action_missing(kind: str, done: int, count: int) -> Reason:
    return refusal("action_missing", pointer("actions", kind), activity=ACTIVITIES[kind], done=done, count=count)


NO_SUCH_OPPORTUNITY = refusal("no_such_opportunity", "/opportunity_id")
