"""Score of a lead: a pure function of its fields, its signals and its scorecard. Contributions add up to the score."""
from collections.abc import Iterable
from datetime import datetime

from contracts.lead_scoring import Contribution
from services.lead_scoring.definitions.scorecard import EngagementRule, FitRule, Scorecard
from services.lead_scoring.state.model import EngagementTimes, LatestScore, LeadState, Signal, field_values

Counted = list[tuple[Contribution, str | None]]  # a contribution and the group that it counts in


def score(card: Scorecard, lead: LeadState, at: datetime | None = None) -> LatestScore:
    """The score now; `at`: the score of that time, by all facts known now."""
    known = field_values(lead, at)
    fit_rules = [_fit_contribution(rule) for rule in card.fit if rule.when.is_met(known)]
    engagement_rules = [(_engagement_contribution(rule, n), rule.group) for rule in card.engagement
                        if (n := times_counted(rule, lead, at))]
    fit = _with_limits(fit_rules, card.limits.fit, "fit", card)
    engagement = _with_limits(engagement_rules, card.limits.engagement, "engagement", card)
    reasons = [*fit, *engagement]
    reasons += _total_limit(_sum(reasons), card)
    total = _sum(reasons)
    return LatestScore(score=total, grade=card.grade(total), fit=_sum(fit), engagement=_sum(engagement),
                       model=card.ref, contributions=tuple(reasons))


def _fit_contribution(rule: FitRule) -> tuple[Contribution, str | None]:
    return Contribution(rule=rule.name, points=rule.points, why=rule.why), rule.group


def _engagement_contribution(rule: EngagementRule, n: int) -> Contribution:
    why = rule.why if rule.times == 1 else f"{rule.why} ({n} {'time' if n == 1 else 'times'})"
    return Contribution(rule=rule.name, points=rule.points * n, why=why)


def _with_limits(counted: Counted, most: int | None, section: str, card: Scorecard) -> list[Contribution]:
    """The contributions, and one negative contribution per exceeded limit."""
    reasons = [contribution for contribution, _ in counted]
    for group, limit in card.limits.groups.items():
        over = _sum(c for c, g in counted if g == group) - limit
        if over > 0:
            reasons.append(_limit_contribution(group, limit, over))
    over = 0 if most is None else _sum(reasons) - most
    if over > 0:
        reasons.append(_limit_contribution(section, most or 0, over))
    return reasons


def _limit_contribution(what: str, most: int, over: int) -> Contribution:
    return Contribution(rule=f"limit.{what}", points=-over, why=f"{what} counts at most {most} points")


def _total_limit(total: int, card: Scorecard) -> list[Contribution]:
    most, least = card.limits.total, card.limits.floor
    if most is not None and total > most:
        return [Contribution(rule="limit.total", points=most - total, why=f"a score is at most {most} points")]
    if least is not None and total < least:
        return [Contribution(rule="limit.floor", points=least - total, why=f"a score is at least {least} points")]
    return []


def _sum(contributions: Iterable[Contribution]) -> int:
    return sum(c.points for c in contributions)


# --- how often a rule counts -----------------------------------------------------------------------------------------


def signal_times(rule: EngagementRule, lead: LeadState, until: datetime | None = None) -> list[datetime]:
    """Times of the signals that the rule counts; voided ones do not count."""
    if rule.on == "engagement":
        times = list(lead.marks.get(rule.name, {}).values())
    else:
        times = [s.at for s in lead.signals.values() if rule.name in s.rules and not _voided(s, until)]
    return times if until is None else [at for at in times if at <= until]


def _voided(signal: Signal, until: datetime | None) -> bool:
    return signal.voided_at is not None and (until is None or signal.voided_at <= until)


def times_counted(rule: EngagementRule, lead: LeadState, at: datetime | None = None) -> int:
    times, now = signal_times(rule, lead, at), at or lead.as_of
    if rule.within is not None and now is not None:
        times = [then for then in times if then + rule.within > now]
    return len(times) if rule.times is None else min(len(times), rule.times)


def counted_engagements(rule: EngagementRule, marks: EngagementTimes) -> EngagementTimes:
    """As many engagements as the rule counts: the oldest, or the newest where they expire.

    A repeat is either among them, and recognised by its id, or does not count anyway.
    """
    n, ordered = rule.times or 1, sorted(marks.items(), key=lambda mark: (mark[1], mark[0]))
    return dict(ordered[:n] if rule.within is None else ordered[-n:])


# --- threshold and expiry --------------------------------------------------------------------------------------------


def reached_at(card: Scorecard, lead: LeadState) -> datetime | None:
    """When the threshold was first reached while the lead was open, by all facts known now; None: never."""
    return next((at for at in _change_times(card, lead) if score(card, lead, at).score >= card.qualify_at), None)


def _change_times(card: Scorecard, lead: LeadState) -> list[datetime]:
    """Times at which the score may have changed, while the lead was open."""
    if lead.captured_at is None:
        return []
    signals = [at for rule in card.engagement for at in signal_times(rule, lead)]
    voided = [at for s in lead.signals.values() if s.voided_at for at in (s.at, s.voided_at)]
    stamped = [value.at for values in lead.fields.values() for value in values]
    times = {lead.captured_at, *signals, *voided, *stamped}
    return sorted(at for at in times if at >= lead.captured_at and (lead.closed_at is None or at < lead.closed_at))


def next_expiry(card: Scorecard, lead: LeadState) -> datetime | None:
    """When the next counted signal expires; None: none does."""
    ends = [at + rule.within for rule in card.engagement if rule.within is not None for at in signal_times(rule, lead)]
    ahead = [end for end in ends if lead.as_of is None or end > lead.as_of]
    return min(ahead, default=None)
