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
    found = compile_versions(definitions, KIND, compile_survey)
    return Surveys(found.current.values(), found.by_ref.values())


def compile_survey(report: FaultReporter) -> SurveyDefinition | None:
    read = load(report, SurveyYaml, strict=True)
    if read is None:
        return None
    _check(read, report)
    return SurveyDefinition(
        ref=report.definition.ref, name=read.name, title=read.title, intro=read.intro, thanks=read.thanks,
        audience=read.audience, languages=tuple(read.languages), channel=read.channel,
        trigger=_trigger(read.trigger),
        expires_after=timedelta(days=read.expires_after_days),
        remind_after=None if read.remind_after_days is None else timedelta(days=read.remind_after_days),
        fatigue=_fatigue(read.fatigue),
        questions=tuple(_question(q) for q in read.questions),
        issues=tuple(_issue(rule, read, report.at("issues", i)) for i, rule in enumerate(read.issues)),
        smallest_group=read.smallest_group if read.smallest_group is not None else
        (5 if read.audience == "employee" else 1),
    )


def _trigger(read: TriggerYaml | None) -> Trigger | None:
    return None if read is None else Trigger(
        on=read.on, business_lines=frozenset(read.business_lines), delay=timedelta(hours=read.delay_hours))


def _fatigue(read: FatigueYaml) -> Fatigue:
    return Fatigue(cooldown=timedelta(days=read.cooldown_days), recontact=timedelta(days=read.recontact_days),
                   most=read.max, per=timedelta(days=read.per_days))


def _question(q: QuestionYaml) -> QuestionDefinition:
    scale = (q.scale.min, q.scale.max) if q.scale else SCALES.get(q.type)
    ends = (q.scale.low, q.scale.high) if q.scale and q.scale.low and q.scale.high else None
    return QuestionDefinition(
        id=q.id, kind=q.type, title=q.title, required=q.required, scale=scale, ends=ends,
        choices=tuple((c.name, c.title) for c in q.choices), multiple=q.multiple, max_length=q.max_length)


def _issue(rule: IssueYaml, read: SurveyYaml, report: FaultReporter) -> IssueRule:
    when = report.at("when").criterion(
        rule.when, names={q.id for q in read.questions},
        boolean_names={q.id for q in read.questions if q.type == "boolean"})
    if "en" not in rule.reason:
        report.at("reason").add("text_missing", "must have a text in {missing}", missing=["en"])
    return IssueRule(name=rule.name, reason=rule.reason.get("en", ""), title=rule.reason, when=when or ALWAYS)


# --- what must agree within a survey ---------------------------------------------------------------------------------


def _check(read: SurveyYaml, report: FaultReporter) -> None:
    report.at("questions").unique(
        [q.id for q in read.questions], "question_twice", "question {value!r} occurs twice; ids must be unique", "id")
    for i, question in enumerate(read.questions):
        _check_question(question, read.audience, report.at("questions", i))
    for path, text in _texts(read):
        missing = [language for language in read.languages if language not in text]
        if missing:
            report.at(*path).add("text_missing", "must have a text in {missing}", missing=missing)
    if read.remind_after_days is not None and read.remind_after_days >= read.expires_after_days:
        report.at("remind_after_days").add(
            "reminder_after_expiry", "must be less than `expires_after_days`, which is {days}",
            days=read.expires_after_days)


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


def _texts(read: SurveyYaml) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, str]]]:
    """Every text that a respondent sees, with its path."""
    yield ("title",), read.title
    for name, text in (("intro", read.intro), ("thanks", read.thanks)):
        if text:
            yield (name,), text
    for i, question in enumerate(read.questions):
        yield ("questions", i, "title"), question.title
        for n, choice in enumerate(question.choices):
            yield ("questions", i, "choices", n, "title"), choice.title
