"""What one may ask of an opportunity. Values are JSON: money `{amount_minor, currency}`, days `YYYY-MM-DD`."""
from collections.abc import Mapping
from typing import Any

from chassis.domain.decider import EMPTY, Command

Changes = Mapping[str, Any]


class OpenOpportunity(Command, frozen=True, kw_only=True):
    """`about` holds standard fields, `lead_id`, `lines`, `dimensions`; `fields` those of the layout.

    `for_lead`: asked by a qualified lead, so the line's switch decides and a deal that stands is left alone.
    """

    business_line: str | None = None
    pipeline: str | None = None
    stage: str | None = None
    about: Changes = EMPTY
    fields: Changes = EMPTY
    undated: bool = False
    for_lead: bool = False


class ReviseOpportunity(Command, frozen=True, kw_only=True):
    """Merges by RFC 7396: what is named is set, null removes, what is not named stays."""

    about: Changes = EMPTY
    fields: Changes = EMPTY


class NameCustomer(Command, frozen=True, kw_only=True):
    """The lead that this deal comes, or may come, from is a customer now."""

    customer_id: str
    business_line: str | None = None


class RequestTransition(Command, frozen=True, kw_only=True):
    """`fields` takes standard ones, those of the layout, and `loss_reason`. `backfill` lifts the rule on order."""

    transition: str
    fields: Changes = EMPTY
    checklist: tuple[str, ...] = ()
    note: str | None = None
    backfill: bool = False


class ReportStage(Command, frozen=True, kw_only=True):
    """What a system of record already did: applied as it is. `about` and `fields` as in a revision."""

    stage: str
    loss_reason: str | None = None
    business_line: str | None = None
    about: Changes = EMPTY
    fields: Changes = EMPTY


class RecordActivity(Command, frozen=True, kw_only=True):
    """`on_lead`: done with the lead that this deal comes, or may come, from; `business_line`, if it says which."""

    activity_id: str
    kind: str
    on_lead: bool = False
    business_line: str | None = None


class VoidActivity(Command, frozen=True, kw_only=True):
    activity_id: str
