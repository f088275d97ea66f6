"""Contributions of a score in the language of the request; published events carry them in English."""
from typing import Any

from chassis.http.i18n import DEFAULT, language, localized, translate
from contracts.lead_scoring import Contribution
from services.lead_scoring.definitions.scorecard import EngagementRule, FitRule, Scorecard

LIMIT = "limit."


def contribution_body(contribution: Contribution, card: Scorecard | None) -> dict[str, Any]:
    why = contribution.why if card is None or language() == DEFAULT else _why(contribution, card)
    return {"rule": contribution.rule, "points": contribution.points, "why": why}


def _why(contribution: Contribution, card: Scorecard) -> str:
    limits = card.limits
    if contribution.rule in ("limit.total", "limit.floor"):
        return translate(contribution.rule, contribution.why, {"most": limits.total, "least": limits.floor})
    if contribution.rule.startswith(LIMIT):
        what = contribution.rule.removeprefix(LIMIT)
        most = {**limits.groups, "fit": limits.fit, "engagement": limits.engagement}.get(what)
        return translate("limit", contribution.why, {"of": what, "most": most})
    rules: list[FitRule | EngagementRule] = [*card.fit, *card.engagement]
    rule = next((r for r in rules if r.name == contribution.rule), None)
    if rule is None:
        return contribution.why
    if getattr(rule, "times", 1) == 1 or not rule.points:
        return localized(rule.title, contribution.why)
    return translate("rule.times", contribution.why, {"title": rule.title, "n": contribution.points // rule.points})
