"""Compiles surveys: validates each file, its questions, texts and issues against each other; reports every fault."""
from collections.abc import Iterator, Mapping
from datetime import timedelta

from chassis.domain.criteria import ALWAYS
from chassis.domain.definitions import Definitions, FaultReporter, compile_versions
from chassis.domain.definitions.schema import load
from services.surveys.definitions.schema import FatigueYaml, IssueYaml, QuestionYaml, SurveyYaml, TriggerYaml
from services.surveys.definitions.survey import (
    SCALES,
    Fatigue,
    IssueRule,
    QuestionDefinition,
    SurveyDefinition,
    Surveys,
    Trigger,
)

KIND = "surveys"
FIXED = ("nps", "enps", "csat", "ces")  # their figures mean something only on their own scale
ONLY_FOR = {"nps": "customer", "enps": "employee"}


def compile_surveys(definitions: Definitions) -> Surveys:
    """Raises DefinitionError with every fault of every survey."""
    compiled = compile_versions(definitions, KIND, compile_survey)
    return Surveys(compiled.current.values(), compiled.by_ref.values())


def compile_survey(report: FaultReporter) -> SurveyDefinition | None:
    yaml = load(report, SurveyYaml, strict=True)
    if yaml is None:
        return None
    _check(yaml, report)
    return SurveyDefinition(
        ref=report.definition.ref, name=yaml.name, title=yaml.title, intro=yaml.intro, thanks=yaml.thanks,
        audience=yaml.audience, languages=tuple(yaml.languages), channel=yaml.channel,
        trigger=_trigger(yaml.trigger),
        expires_after=timedelta(days=yaml.expires_after_days),
        remind_after=None if yaml.remind_after_days is None else timedelta(days=yaml.remind_after_days),
        fatigue=_fatigue(yaml.fatigue),
        questions=tuple(_question(q) for q in yaml.questions),
        issues=tuple(_issue(rule, yaml, report.at("issues", i)) for i, rule in enumerate(yaml.issues)),
        smallest_group=yaml.smallest_group if yaml.smallest_group is not None else
        (5 if yaml.audience == "employee" else 1),
    )


def _trigger(yaml: TriggerYaml | None) -> Trigger | None:
    return None if yaml is None else Trigger(
        on=yaml.on, business_lines=frozenset(yaml.business_lines), delay=timedelta(hours=yaml.delay_hours))


def _fatigue(yaml: FatigueYaml) -> Fatigue:
    return Fatigue(cooldown=timedelta(days=yaml.cooldown_days), recontact=timedelta(days=yaml.recontact_days),
                   most=yaml.max, per=timedelta(days=yaml.per_days))


def _question(q: QuestionYaml) -> QuestionDefinition:
    scale = (q.scale.min, q.scale.max) if q.scale else SCALES.get(q.type)
    ends = (q.scale.low, q.scale.high) if q.scale and q.scale.low and q.scale.high else None
    return QuestionDefinition(
        id=q.id, kind=q.type, title=q.title, required=q.required, scale=scale, ends=ends,
        choices=tuple((c.name, c.title) for c in q.choices), multiple=q.multiple, max_length=q.max_length)


def _issue(rule: IssueYaml, yaml: SurveyYaml, report: FaultReporter) -> IssueRule:
    when = report.at("when").criterion(
        rule.when, names={q.id for q in yaml.questions},
        boolean_names={q.id for q in yaml.questions if q.type == "boolean"})
    if "en" not in rule.reason:
        report.at("reason").add("text_missing", "must have a text in {missing}", missing=["en"])
    return IssueRule(name=rule.name, reason=rule.reason.get("en", ""), title=rule.reason, when=when or ALWAYS)


# --- checks across the keys of a survey ------------------------------------------------------------------------------


def _check(yaml: SurveyYaml, report: FaultReporter) -> None:
    report.at("questions").unique(
        [q.id for q in yaml.questions], "question_twice", "question {value!r} occurs twice; ids must be unique", "id")
    for i, question in enumerate(yaml.questions):
        _check_question(question, yaml.audience, report.at("questions", i))
    for path, text in _texts(yaml):
        missing = [language for language in yaml.languages if language not in text]
        if missing:
            report.at(*path).add("text_missing", "must have a text in {missing}", missing=missing)
    if yaml.remind_after_days is not None and yaml.remind_after_days >= yaml.expires_after_days:
        report.at("remind_after_days").add(
            "reminder_after_expiry", "must be less than `expires_after_days`, which is {days}",
            days=yaml.expires_after_days)


def _check_question(q: QuestionYaml, audience: str, report: FaultReporter) -> None:
    only = ONLY_FOR.get(q.type, audience)
    if only != audience:
        report.at("type").add("question_for_others", "{type} questions are for {only}s only", type=q.type, only=only)
    if q.type == "choice" and not q.choices:
        report.at("type").add("choices_missing", "a question of the type choice has choices; list them in `choices`")
    if q.type != "choice" and q.choices:
        report.at("choices").add("choices_not_allowed", "only a question of the type choice may have choices")
    if q.scale is None:
        return
    if q.type not in SCALES:
        report.at("scale").add(
            "scale_not_allowed", "a question of the type {type} has no scale; remove it", type=q.type)
    elif q.scale.min >= q.scale.max:
        report.at("scale").add("scale_order", "`min` must be less than `max`")
    elif q.type in FIXED and (q.scale.min, q.scale.max) != SCALES[q.type]:
        low, high = SCALES[q.type]
        report.at("scale").add("scale_fixed", "the scale of {type} is fixed: {low} to {high}", type=q.type, low=low,
                               high=high)


def _texts(yaml: SurveyYaml) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, str]]]:
    """Every text that a respondent sees, with its path."""
    yield ("title",), yaml.title
    for name, text in (("intro", yaml.intro), ("thanks", yaml.thanks)):
        if text:
            yield (name,), text
    for i, question in enumerate(yaml.questions):
        yield ("questions", i, "title"), question.title
        for n, choice in enumerate(question.choices):
            yield ("questions", i, "choices", n, "title"), choice.title
