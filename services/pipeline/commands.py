"""Commands of an opportunity. Values are JSON: money `{amount_minor, currency}`, days `YYYY-MM-DD`."""
from collections.abc import Mapping
from typing import Any

from chassis.domain.decider import EMPTY, Command

Changes = Mapping[str, Any]


class OpenOpportunity(Command, frozen=True, kw_only=True):
    """`about` holds standard fields, `lead_id`, `lines`, `dimensions`; `fields` those of the layout.

    `for_lead`: issued for a qualified lead; the business line decides whether to open, an existing deal is unchanged.
    """

    business_line: str | None = None
    pipeline: str | None = None
    stage: str | None = None
    about: Changes = EMPTY
    fields: Changes = EMPTY
    undated: bool = False
    for_lead: bool = False


class ReviseOpportunity(Command, frozen=True, kw_only=True):
    """Merges by RFC 7396: named fields are set, null removes, other fields stay."""

    about: Changes = EMPTY
    fields: Changes = EMPTY


class NameCustomer(Command, frozen=True, kw_only=True):
    """The lead from which this deal comes, or may come, has become this customer."""

    customer_id: str
    business_line: str | None = None


class RequestTransition(Command, frozen=True, kw_only=True):
    """`fields` takes standard ones, those of the layout, and `loss_reason`. `backfill` allows an earlier time."""

    transition: str
    fields: Changes = EMPTY
    checklist: tuple[str, ...] = ()
    note: str | None = None
    backfill: bool = False


class ReportStage(Command, frozen=True, kw_only=True):
    """What a system of record has already done: applied without checks. `about` and `fields` as in a revision."""

    stage: str
    loss_reason: str | None = None
    business_line: str | None = None
    about: Changes = EMPTY
    fields: Changes = EMPTY


class RecordActivity(Command, frozen=True, kw_only=True):
    """`on_lead`: done with the lead from which this deal comes, or may come; `business_line`: that of the activity."""

    activity_id: str
    kind: str
    on_lead: bool = False
    business_line: str | None = None


class VoidActivity(Command, frozen=True, kw_only=True):
    activity_id: str
