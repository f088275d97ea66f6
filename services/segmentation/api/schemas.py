"""Response schemas of the segmentation routes."""
from datetime import date
from typing import Any

from chassis.http.responses import Title, TypedDict
from contracts.kinds import Contact, Money
from contracts.segmentation import Profile


class Standing(TypedDict):
    """A customer's segment in one segmentation: since which day, evaluated as of which day, by which model version."""

    segment: str
    since: date
    as_of: date
    profile: Profile
    model: str


class _Customer(TypedDict):
    customer_id: str
    name: str | None
    business_line: str | None
    region: str | None
    team: str | None
    rep_id: str | None
    dimensions: dict[str, str]
    attributes: dict[str, Any]
    contacts: list[Contact]
    merged_into: str | None
    purchases: int
    spent: list[Money]
    first_purchase_on: date | None
    last_purchase_on: date | None


class Customer(_Customer):
    """`segments`: by the name of the segmentation."""

    segments: dict[str, Standing]


class Placement(TypedDict):
    segment: str
    profile: Profile


class CustomerAsOf(_Customer):
    """`segments`: those of that day; null when the customer had no purchase by then."""

    as_of: date
    segments: dict[str, Placement | None]


class Cutoffs(TypedDict):
    recency_days: list[int]
    frequency: list[int]
    monetary_minor: list[int]


class Segment(TypedDict):
    name: str
    title: Title
    members: int


class Segments(TypedDict):
    """`segmentation`: name@version; `customers`: number in all segments."""

    items: list[Segment]
    next: None
    segmentation: str
    as_of: date | None
    cutoffs: Cutoffs
    customers: int


class MatrixCell(TypedDict):
    """`fm`: the mean of frequency and money, rounded up."""

    r: int
    fm: int
    customers: int
    monetary_minor: int


class Matrix(TypedDict):
    cells: list[MatrixCell]
    segmentation: str
    as_of: date | None


class Member(TypedDict):
    customer_id: str
    name: str | None
    segment: str
    profile: Profile


class MemberPage(TypedDict):
    """`members`: how many there are on all pages."""

    items: list[Member]
    next: str | None
    members: int
    as_of: date | None


class Recomputed(TypedDict):
    version: int
    as_of: date
    cutoffs: Cutoffs
