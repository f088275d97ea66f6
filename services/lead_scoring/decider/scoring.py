"""The score of a lead: a function of what is known of it and of its scorecard. Contributions add up to the score."""
from collections.abc import Iterable
from datetime import datetime

from contracts.lead_scoring import Contribution
from services.lead_scoring.definitions import EngagementRule, FitRule, Scorecard
from services.lead_scoring.state import Lead, Marks, Scored, Signal, view

Counted = list[tuple[Contribution, str | None]]  # a contribution and the group that it counts in


def score(card: Scorecard, lead: Lead, at: datetime | None = None) -> Scored:
    """The score now; `at`: as it was then, by all that is known of it now."""
    known = view(lead, at)
    fit = _limited([_of_fit(rule) for rule in card.fit if rule.holds(known)], card.limits.fit, "fit", card)
    done = [(_of_engagement(rule, n), rule.group) for rule in card.engagement if (n := times(rule, lead, at))]
    engagement = _limited(done, card.limits.engagement, "engagement", card)
    reasons = [*fit, *engagement]
    reasons += _bounded(_sum(reasons), card)
    total = _sum(reasons)
    return Scored(score=total, grade=card.grade(total), fit=_sum(fit), engagement=_sum(engagement), model=card.ref,
                  contributions=tuple(reasons))


def _of_fit(rule: FitRule) -> tuple[Contribution, str | None]:
    return Contribution(rule=rule.name, points=rule.points, why=rule.why), rule.group


def _of_engagement(rule: EngagementRule, n: int) -> Contribution:
    why = rule.why if rule.times == 1 else f"{rule.why} ({n} {'time' if n == 1 else 'times'})"
    return Contribution(rule=rule.name, points=rule.points * n, why=why)


def _limited(counted: Counted, most: int | None, section: str, card: Scorecard) -> list[Contribution]:
    """The contributions, and one more for each limit that is exceeded: what it takes away, and why."""
    reasons = [contribution for contribution, _ in counted]
    for group, limit in card.limits.groups.items():
        over = _sum(c for c, g in counted if g == group) - limit
        if over > 0:
            reasons.append(_limit(group, limit, over))
    over = 0 if most is None else _sum(reasons) - most
    if over > 0:
        reasons.append(_limit(section, most or 0, over))
    return reasons


def _limit(what: str, most: int, over: int) -> Contribution:
    return Contribution(rule=f"limit.{what}", points=-over, why=f"{what} counts at most {most} points")


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


def happened(rule: EngagementRule, lead: Lead, until: datetime | None = None) -> list[datetime]:
    """When what the rule counts happened, as far as it may count at all: what is voided does not."""
    if rule.on == "engagement":
        found = list(lead.marks.get(rule.name, {}).values())
    else:
        found = [s.at for s in lead.signals.values() if rule.name in s.rules and not _voided(s, until)]
    return found if until is None else [at for at in found if at <= until]


def _voided(signal: Signal, until: datetime | None) -> bool:
    return signal.voided_at is not None and (until is None or signal.voided_at <= until)


def times(rule: EngagementRule, lead: Lead, at: datetime | None = None) -> int:
    found, now = happened(rule, lead, at), at or lead.as_of
    if rule.within is not None and now is not None:
        found = [then for then in found if then + rule.within > now]
    return len(found) if rule.times is None else min(len(found), rule.times)


def kept(rule: EngagementRule, marks: Marks) -> Marks:
    """As many engagements as the rule counts: the oldest, and the newest where they cease to count after a time.

    A repeat is either among them, and known, or would not be kept, and is no matter.
    """
    n, ordered = rule.times or 1, sorted(marks.items(), key=lambda mark: (mark[1], mark[0]))
    return dict(ordered[:n] if rule.within is None else ordered[-n:])


# --- since when ------------------------------------------------------------------------------------------------------


def reached_at(card: Scorecard, lead: Lead) -> datetime | None:
    """When the threshold was first reached while the lead was open, by all that is known now, in the order of time."""
    return next((at for at in _moments(card, lead) if score(card, lead, at).score >= card.qualify_at), None)


def _moments(card: Scorecard, lead: Lead) -> list[datetime]:
    """When the score can have changed."""
    if lead.captured_at is None:
        return []
    signals = [at for rule in card.engagement for at in happened(rule, lead)]
    voided = [at for s in lead.signals.values() if s.voided_at for at in (s.at, s.voided_at)]
    said = [s.at for path in lead.fields.values() for s in path]
    found = {lead.captured_at, *signals, *voided, *said}
    return sorted(at for at in found if at >= lead.captured_at and (lead.closed_at is None or at < lead.closed_at))


def next_expiry(card: Scorecard, lead: Lead) -> datetime | None:
    """When the next signal ceases to count; None: nothing that counts ever does."""
    ends = [at + rule.within for rule in card.engagement if rule.within is not None for at in happened(rule, lead)]
    ahead = [end for end in ends if lead.as_of is None or end > lead.as_of]
    return min(ahead, default=None)
