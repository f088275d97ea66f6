"""The score of a lead: a function of what is known of it and of its scorecard. Contributions add up to the score."""
from collections.abc import Iterable
from datetime import datetime

from contracts.lead_scoring import Contribution
from services.lead_scoring.definitions import EngagementRule, FitRule, Scorecard
from services.lead_scoring.state import Lead, Scored, view

Counted = list[tuple[Contribution, str | None]]  # a contribution and the group that it counts in


def score(card: Scorecard, lead: Lead) -> Scored:
    known = view(lead)
    fit = _limited([_of_fit(rule) for rule in card.fit if rule.holds(known)], card.limits.fit, "fit", card)
    done = [(_of_engagement(rule, n), rule.group) for rule in card.engagement if (n := times(rule, lead))]
    engagement = _limited(done, card.limits.engagement, "engagement", card)
    kept = [*fit, *engagement]
    kept += _bounded(_sum(kept), card)
    total = _sum(kept)
    return Scored(score=total, grade=card.grade(total), fit=_sum(fit), engagement=_sum(engagement), model=card.ref,
                  contributions=tuple(kept))


def _of_fit(rule: FitRule) -> tuple[Contribution, str | None]:
    return Contribution(rule=rule.name, points=rule.points, why=rule.why), rule.group


def _of_engagement(rule: EngagementRule, n: int) -> Contribution:
    why = rule.why if rule.times == 1 else f"{rule.why} ({n} {'time' if n == 1 else 'times'})"
    return Contribution(rule=rule.name, points=rule.points * n, why=why)


def _limited(counted: Counted, most: int | None, section: str, card: Scorecard) -> list[Contribution]:
    """The contributions, and one more for each limit that is exceeded: what it takes away, and why."""
    kept = [contribution for contribution, _ in counted]
    for group, limit in card.limits.groups.items():
        over = _sum(c for c, g in counted if g == group) - limit
        if over > 0:
            kept.append(Contribution(rule=f"limit.{group}", points=-over, why=f"{group} counts at most {limit} points"))
    over = 0 if most is None else _sum(kept) - most
    if over > 0:
        kept.append(Contribution(rule=f"limit.{section}", points=-over, why=f"{section} counts at most {most} points"))
    return kept


def _bounded(total: int, card: Scorecard) -> list[Contribution]:
    most, least = card.limits.total, card.limits.floor
    if most is not None and total > most:
        return [Contribution(rule="limit.total", points=most - total, why=f"a score is at most {most} points")]
    if least is not None and total < least:
        return [Contribution(rule="limit.floor", points=least - total, why=f"a score is at least {least} points")]
    return []


def _sum(contributions: Iterable[Contribution]) -> int:
    return sum(c.points for c in contributions)


# --- how often a rule counts -----------------------------------------------------------------------------------------


def happened(rule: EngagementRule, lead: Lead) -> list[datetime]:
    """When what the rule counts happened, as far as it may count at all (not voided; of engagements the newest)."""
    if rule.on == "engagement":
        return list(lead.marks.get(rule.name, {}).values())
    return [s.at for s in lead.signals.values() if not s.voided and rule.name in s.rules]


def times(rule: EngagementRule, lead: Lead) -> int:
    found = happened(rule, lead)
    if rule.within is not None and lead.as_of is not None:
        found = [at for at in found if at + rule.within > lead.as_of]
    return len(found) if rule.times is None else min(len(found), rule.times)


def next_expiry(card: Scorecard, lead: Lead) -> datetime | None:
    """When the next signal ceases to count; None: nothing that counts ever does."""
    ends = [at + rule.within for rule in card.engagement if rule.within is not None for at in happened(rule, lead)]
    ahead = [end for end in ends if lead.as_of is None or end > lead.as_of]
    return min(ahead, default=None)
