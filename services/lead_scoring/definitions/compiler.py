"""Compiles scorecards: validates each file, its rules against each other, and its criteria; reports every fault."""
from collections.abc import Mapping, Sequence
from datetime import timedelta

from chassis.domain.criteria import ALWAYS, Criterion
from chassis.domain.definitions import Definitions, FaultCollector, FaultReporter, compile_versions
from chassis.domain.definitions.schema import load
from services.lead_scoring.definitions.schema import EngagementRuleYaml, FitRuleYaml, ScorecardYaml
from services.lead_scoring.definitions.scorecard import EngagementRule, FitRule, Limits, Scorecard, Scorecards

KIND = "scorecards"
FIT_NAMES = frozenset({"source", "contact", "attributes", "dimensions", "business_line", "region", "team", "rep_id",
                       "customer_id", "product_id", "campaign_id"})
SIGNAL_NAMES = frozenset({"kind", "direction", "outcome", "effective", "duration_seconds", "properties", "campaign_id"})


def compile_scorecards(definitions: Definitions) -> Scorecards:
    """Raises DefinitionError with every fault of every scorecard."""
    faults = FaultCollector()
    compiled = compile_versions(definitions, KIND, compile_scorecard, faults)
    lines: dict[str, str] = {}
    for name, card in compiled.current.items():
        other = lines.setdefault(card.business_line, name)
        definition = definitions.find(KIND, name)
        if other != name and definition is not None:
            FaultReporter(definition, path=("business_line",), faults=faults.faults).add(
                "scorecard_for_line_twice", "business line {line!r} has the scorecard {other!r} already; one line has "
                "one scorecard", line=card.business_line, other=other)
    faults.raise_if_any()
    return Scorecards(compiled.current.values(), compiled.by_ref.values())


def compile_scorecard(report: FaultReporter) -> Scorecard | None:
    yaml = load(report, ScorecardYaml, strict=True)
    if yaml is None:
        return None
    _check(yaml, report)
    fit = [_fit(rule, report.at("fit", i)) for i, rule in enumerate(yaml.fit)]
    engagement = [_engagement(rule, report.at("engagement", i)) for i, rule in enumerate(yaml.engagement)]
    return Scorecard(
        ref=report.definition.ref, business_line=yaml.business_line or report.definition.name,
        fit=tuple(fit), engagement=tuple(engagement),
        limits=Limits(groups=yaml.limits.groups, fit=yaml.limits.fit, engagement=yaml.limits.engagement,
                      total=yaml.limits.total, floor=yaml.limits.floor),
        grades=tuple((g.least, g.grade) for g in yaml.grades),
        qualify_at=yaml.qualify_at,
        disqualify_below=yaml.qualify_at if yaml.disqualify_below is None else yaml.disqualify_below,
    )


def _check(yaml: ScorecardYaml, report: FaultReporter) -> None:
    """The rules, groups, grades and thresholds against each other."""
    names: set[str] = set()
    fit_groups = {rule.group for rule in yaml.fit}
    sections: Mapping[str, Sequence[FitRuleYaml | EngagementRuleYaml]] = {
        "fit": yaml.fit, "engagement": yaml.engagement}
    for section, rules in sections.items():
        for i, rule in enumerate(rules):
            if rule.rule in names:
                report.at(section, i, "rule").add(
                    "rule_twice", "rule {value!r} occurs twice; names of rules must be unique", value=rule.rule)
            names.add(rule.rule)
            if section == "engagement" and rule.group and rule.group in fit_groups:
                report.at(section, i, "group").add(
                    "group_in_both", "group {value!r} is a group of `fit` rules; a group belongs to `fit` or to "
                    "`engagement`", value=rule.group)
    known = {rule.group for rules in sections.values() for rule in rules if rule.group}
    for group in yaml.limits.groups:
        if group not in known:
            report.at("limits", "groups", group).add(
                "unknown_group", "{value!r} is not the group of any rule; use one of {allowed}", key=True, value=group,
                allowed=sorted(known))
    least = [grade.least for grade in yaml.grades]
    thresholds = [value for value in least[:-1] if value is not None]
    if least[-1] is not None or len(thresholds) < len(least) - 1 or thresholds != sorted(thresholds, reverse=True):
        report.at("grades").add(
            "grades_order", "grades must go from best to worst, each with `from`, the last one without")
    if yaml.disqualify_below is not None and yaml.disqualify_below > yaml.qualify_at:
        report.at("disqualify_below").add(
            "disqualify_above_qualify", "must be at most `qualify_at`, which is {qualify_at}",
            qualify_at=yaml.qualify_at)


def _fit(rule: FitRuleYaml, report: FaultReporter) -> FitRule:
    return FitRule(name=rule.rule, why=rule.title["en"], title=rule.title, points=rule.points, group=rule.group,
                   when=_criterion(rule.when, report, FIT_NAMES))


def _engagement(rule: EngagementRuleYaml, report: FaultReporter) -> EngagementRule:
    if rule.max_times is not None and not rule.repeatable:
        report.at("max_times").add("max_times_without_repeatable", "`max_times` needs `repeatable: true`")
    if rule.on == "engagement" and rule.repeatable and rule.max_times is None:
        report.at("repeatable").add(
            "unbounded_engagements", "a repeatable rule on engagements needs `max_times`, as their number is unbounded")
    return EngagementRule(
        name=rule.rule, why=rule.title["en"], title=rule.title, on=rule.on,
        kinds=frozenset([rule.kind] if isinstance(rule.kind, str) else rule.kind or ()),
        when=_criterion(rule.when, report, SIGNAL_NAMES) if rule.when else ALWAYS, points=rule.points,
        times=rule.max_times if rule.repeatable else 1,
        within=None if rule.within_days is None else timedelta(days=rule.within_days), group=rule.group,
    )


def _criterion(text: str, report: FaultReporter, names: frozenset[str]) -> Criterion:
    return report.at("when").criterion(text, names=names) or ALWAYS
