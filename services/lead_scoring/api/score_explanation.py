"""Contributions of a score in the language of the request; the log has them in English."""
from typing import Any

from chassis.http.i18n import DEFAULT, language, localized, translate
from contracts.lead_scoring import Contribution
from services.lead_scoring.definitions.scorecard import EngagementRule, FitRule, Scorecard

LIMIT = "limit."


def contribution_body(found: Contribution, card: Scorecard | None) -> dict[str, Any]:
    why = found.why if card is None or language() == DEFAULT else _why(found, card)
    return {"rule": found.rule, "points": found.points, "why": why}


def _why(found: Contribution, card: Scorecard) -> str:
    limits = card.limits
    if found.rule in ("limit.total", "limit.floor"):
        return translate(found.rule, found.why, {"most": limits.total, "least": limits.floor})
    if found.rule.startswith(LIMIT):
        what = found.rule.removeprefix(LIMIT)
        most = {**limits.groups, "fit": limits.fit, "engagement": limits.engagement}.get(what)
        return translate("limit", found.why, {"of": what, "most": most})
    rules: list[FitRule | EngagementRule] = [*card.fit, *card.engagement]
    rule = next((r for r in rules if r.name == found.rule), None)
    if rule is None:
        return found.why
    if getattr(rule, "times", 1) == 1 or not rule.points:
        return localized(rule.title, found.why)
    return translate("rule.times", found.why, {"title": rule.title, "n": found.points // rule.points})
