"""What one may ask of an opportunity. Values are JSON: money `{amount_minor, currency}`, days `YYYY-MM-DD`."""
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chassis.decider import Command

Changes = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOpportunity(Command):
    """`about` holds standard fields, `lead_id`, `lines`, `dimensions`; `fields` those of the layout.

    `for_lead`: asked by a qualified lead, so the line's switch decides and a deal that stands is left alone.
    """

    business_line: str | None = None
    pipeline: str | None = None
    stage: str | None = None
    about: Changes = field(default_factory=dict)
    fields: Changes = field(default_factory=dict)
    undated: bool = False
    for_lead: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviseOpportunity(Command):
    """Merges by RFC 7396: what is named is set, null removes, what is not named stays."""

    about: Changes = field(default_factory=dict)
    fields: Changes = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NameCustomer(Command):
    """The lead that this deal comes, or may come, from is a customer now."""

    customer_id: str
    business_line: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTransition(Command):
    """`fields` takes standard ones, those of the layout, and `loss_reason`. `backfill` lifts the rule on order."""

    transition: str
    fields: Changes = field(default_factory=dict)
    checklist: tuple[str, ...] = ()
    note: str | None = None
    backfill: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportStage(Command):
    """What a system of record already did: applied as it is. `about` and `fields` as in a revision."""

    stage: str
    loss_reason: str | None = None
    business_line: str | None = None
    about: Changes = field(default_factory=dict)
    fields: Changes = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordActivity(Command):
    """`on_lead`: done with the lead that this deal comes, or may come, from; `business_line`, if it says which."""

    activity_id: str
    kind: str
    on_lead: bool = False
    business_line: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidActivity(Command):
    activity_id: str
