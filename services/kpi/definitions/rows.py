"""The rows that facts yield, by name, and what a measure may say about them.

A fact is one document; a row is one happening of it that can be counted on a day: the opening of a deal, its closing,
each entry into a stage. A measure names the row it counts (`row: deal.closing`) and its criterion speaks of the row's
fields. The images behind the rows are made and read in `services/kpi/projections`.
"""
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.kpi.definitions.measure import LINE, Source


@dataclass(frozen=True, slots=True)
class RowShape:
    """`fields`: what criteria, `value` and `member` may name. `labels`: dimensions beside the standard and declared
    ones. `lines`: whether the amount can be split by product and category."""

    fields: frozenset[str]
    labels: frozenset[str] = frozenset()
    lines: bool = False
    period: bool = False  # the row lasts: it has a day of entering and one of leaving


def _shape(fields: str, labels: str = "", *, lines: bool = False, period: bool = False,
           ) -> RowShape:
    own = frozenset(labels.split()) | (frozenset(LINE) if lines else frozenset())
    return RowShape(frozenset(fields.split()), own, lines, period)


_DEAL = "pipeline deal_kind campaign"

ROWS: Mapping[str, RowShape] = {
    "lead.capture": _shape("lead_id source", "source campaign"),
    "lead.conversion": _shape("lead_id customer_id", "source campaign"),
    "lead.loss": _shape("lead_id reason", "source campaign"),
    "lead_score.qualification": _shape("lead_id score", "source campaign"),
    "deal.opening": _shape("opportunity_id customer_id lead_id amount", _DEAL, lines=True),
    "deal.closing": _shape(
        "opportunity_id customer_id status amount days loss_reason", _DEAL + " loss_reason", lines=True),
    "deal.standing": _shape(
        "opportunity_id stage forecast_category amount", _DEAL + " stage forecast_category expected_close_period",
        lines=True, period=True),
    "deal.stage_entry": _shape("opportunity_id stage first converted open outside_blueprint", _DEAL + " stage"),
    "deal.stage_exit": _shape("opportunity_id stage to days", _DEAL + " stage to"),
    "order.placing": _shape("order_id customer_id amount tax cancelled", "campaign", lines=True),
    "order.refund": _shape("order_id customer_id refund_id amount", "campaign", lines=True),
    "invoice.issue": _shape("invoice_id customer_id amount tax cancelled", "campaign"),
    "payment.receipt": _shape("payment_id customer_id amount", "campaign"),
    "activity.done": _shape(
        "activity_id kind direction duration_seconds outcome effective subject_kind subject_id customer_id",
        "kind outcome direction campaign"),
    "survey.invitation": _shape("invitation_id survey channel", "survey department"),
    "survey.answer": _shape("invitation_id survey invited complete", "survey department"),
    "survey.score": _shape(
        "survey question question_kind score respondent_kind", "survey question department"),
}
"""`amount` is money; `days` whole local days. `deal.closing` and `order.placing` give net amounts as they now stand;
`order.placing.cancelled`, `deal.closing.status` (won, lost) are for criteria. `survey.answer` lies on the day of its
invitation, `survey.score` on the day of the answer."""


def source_of(row: str) -> Source:
    return Source(row, row.split(".", 1)[0])


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What other kinds of definitions say that measures lean on; all may be missing."""

    stages: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # pipeline or business line -> stage -> order
    questions: Mapping[tuple[str, str], str] = field(default_factory=dict)  # (survey, question) -> its kind, e.g. nps
