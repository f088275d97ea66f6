"""Compiles business lines: reads the form, builds a `transitions` machine, and refuses what could never work."""
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from transitions import Machine

from chassis.domain.criteria import CriterionError, compile_criterion
from chassis.domain.criteria import Expression as Criterion
from chassis.domain.definitions import Definition, DefinitionError, Definitions
from services.pipeline.definitions.fields import LOSS_REASON, STANDARD
from services.pipeline.definitions.model import (
    Blueprint,
    Book,
    Level,
    Line,
    Requirement,
    Stage,
    Transition,
)
from services.pipeline.definitions.schema import (
    BlueprintForm,
    BusinessLineForm,
    FieldForm,
    RequirementForm,
    StageForm,
    TransitionForm,
)

KIND = "business_lines"
CATEGORIES = {"open": "pipeline", "won": "closed", "lost": "omitted"}


def compile_book(definitions: Definitions) -> Book:
    """Every line in force and every published version; DefinitionError names file and place."""
    lines = [compile_line(d) for d in definitions.current(KIND)]
    _no_twice((b.name for line in lines for b in line.blueprints), KIND, "pipeline")
    older = [compile_line(d) for d in definitions.every(KIND)]
    versions = {b.ref: b for line in [*older, *lines] for b in line.blueprints}
    return Book({line.name: line for line in lines}, versions)


def compile_line(definition: Definition) -> Line:
    where = definition.path or definition.ref
    form = _read(definition)
    _no_twice((f.name for f in form.layout.fields), f"{where}: layout.fields", "field")
    for i, f in enumerate(form.layout.fields):
        _check_field(f, f"{definition.where('layout', 'fields', i)}: layout.fields[{i}]")
    _no_twice((b.name for b in form.blueprints), f"{where}: blueprints", "blueprint")
    made = [_compile_blueprint(b, form, f"{definition.where('blueprints', i)}: blueprints[{i}]")
            for i, b in enumerate(form.blueprints)]
    return Line(form, tuple(made))


def _read(definition: Definition) -> BusinessLineForm:
    try:
        return BusinessLineForm.model_validate(definition.body)
    except ValidationError as error:
        found = [f"{definition.where(*e['loc'])}: {_place(e['loc'])}: {e['msg']}" for e in error.errors()]
        raise DefinitionError("; ".join(found[:5])) from None


def _place(loc: Sequence[int | str]) -> str:
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in loc).lstrip(".") or "."


def _check_field(form: FieldForm, where: str) -> None:
    if form.name in STANDARD or form.name == LOSS_REASON:
        raise DefinitionError(f"{where}: {form.name!r} is a field that every deal has; the layout adds others")
    if form.type.startswith("choice") != bool(form.options):
        raise DefinitionError(f"{where}: `options` belong to a choice, and a choice needs them")


def _compile_blueprint(form: BlueprintForm, line: BusinessLineForm, where: str) -> Blueprint:
    stages = _stages(form, where)
    fields = {**STANDARD, **{f.name: f for f in line.layout.fields}}
    _no_twice((t.name for t in form.transitions), f"{where}.transitions", "transition")
    made = [
        _transition(t, stages, fields, f"{where}.transitions[{i}]") for i, t in enumerate(form.transitions)
    ]
    initial = form.initial or form.stages[0].name
    if initial not in stages or stages[initial].type != "open":
        raise DefinitionError(f"{where}.initial: {initial!r} is no open stage")
    _all_reachable(initial, made, stages, where)
    return Blueprint(
        name=form.name, version=line.version, line=line.name, title=form.title,
        when=_criterion(form.when, fields, f"{where}.when"), initial=initial, stages=stages,
        transitions={t.name: t for t in made}, loss_reasons=form.loss_reasons, fields=fields,
        count_lead_activities=line.count_lead_activities,
        table={(s, t.name): t.to for t in made for s in t.from_},
        required={t.name: _required(t, stages[t.to], fields) for t in made},
        machine=build_machine(initial, stages, made),
    )


def _required(transition: Transition, to: Stage, fields: Mapping[str, FieldForm]) -> tuple[Requirement, ...]:
    """A deal may be lost without what the layout requires."""
    asked = {r.field for r in transition.requires}
    by_layout = () if to.type == "lost" else (
        Requirement(n, None, None) for n, f in fields.items() if f.required and n not in asked)
    return (*transition.requires, *by_layout)


def _stages(form: BlueprintForm, where: str) -> dict[str, Stage]:
    _no_twice((s.name for s in form.stages), f"{where}.stages", "stage")
    made = [_stage(s, i) for i, s in enumerate(form.stages)]
    _no_twice((str(s.order) for s in made), f"{where}.stages", "order")
    kinds = {s.type for s in made}
    if kinds != {"open", "won", "lost"}:
        missing = ", ".join(sorted({"open", "won", "lost"} - kinds))
        raise DefinitionError(f"{where}.stages: there is no stage of type {missing}")
    if min(s.order for s in made if s.type == "won") < max(s.order for s in made if s.type == "open"):
        raise DefinitionError(f"{where}.stages: a won stage comes after every open one")
    return {s.name: s for s in sorted(made, key=lambda s: s.order)}


def _stage(form: StageForm, place: int) -> Stage:
    levels = sorted((Level(s.after, s.level) for s in form.sla), key=lambda level: level.after)
    return Stage(form.name, form.title, form.type, place if form.order is None else form.order,
                 form.forecast_category or CATEGORIES[form.type], form.probability, tuple(levels))


def _transition(
    form: TransitionForm, stages: Mapping[str, Stage], fields: Mapping[str, FieldForm], where: str,
) -> Transition:
    opened = tuple(s.name for s in stages.values() if s.type == "open")
    sources = tuple(dict.fromkeys((opened if form.common else ()) + form.from_))
    for name in (*sources, form.to):
        if name not in stages:
            raise DefinitionError(f"{where}: {name!r} is no stage of this blueprint")
    if not sources:
        raise DefinitionError(f"{where}: starts nowhere; name stages in `from`, or say `common: true`")
    if any(stages[s].type != "open" for s in sources) != form.reopen:
        raise DefinitionError(f"{where}: `reopen: true` stands where a closed stage is left, and there only")
    if form.reopen and stages[form.to].type != "open":
        raise DefinitionError(f"{where}: reopening leads to an open stage, {form.to!r} is closed")
    requires = tuple(_requirement(r, fields, f"{where}.requires[{i}]") for i, r in enumerate(form.requires))
    return Transition(
        name=form.name, title=form.title, from_=sources, to=form.to, reopen=form.reopen, owners=form.owners,
        criteria=_criterion(form.criteria, fields, f"{where}.criteria"),
        criteria_message=form.criteria_message, requires=requires, actions=form.actions,
        checklist=form.checklist,
    )


def _requirement(form: RequirementForm, fields: Mapping[str, FieldForm], where: str) -> Requirement:
    if form.field not in fields:
        raise DefinitionError(f"{where}: {form.field!r} is neither in the layout nor a field that every deal has")
    return Requirement(form.field, _criterion(form.check, fields, f"{where}.check"), form.message)


def _criterion(text: str | None, fields: Mapping[str, FieldForm], where: str) -> Criterion | None:
    if text is None:
        return None
    try:
        return compile_criterion(text, names=_names(fields))
    except CriterionError as error:
        raise DefinitionError(f"{where}: {error}") from None


def _names(fields: Mapping[str, FieldForm]) -> set[str]:
    """What a criterion may read: the fields, and money also as a whole number of minor units."""
    return {*fields, "currency", *(f"{n}_minor" for n, f in fields.items() if f.type == "money")}


def build_machine(initial: str, stages: Mapping[str, Stage], transitions: Sequence[Transition]) -> Machine:
    """The reference that the compiled table is tested against, and the one that is drawn."""
    return Machine(
        model=None, initial=initial, states=list(stages), auto_transitions=False, send_event=True,
        transitions=[{"trigger": t.name, "source": list(t.from_), "dest": t.to} for t in transitions],
    )


def _all_reachable(
    initial: str, transitions: Iterable[Transition], stages: Mapping[str, Stage], where: str,
) -> None:
    steps = [(s, t.to) for t in transitions for s in t.from_]
    known = {initial}
    while new := {to for s, to in steps if s in known} - known:
        known |= new
    for stage in stages:
        if stage not in known:
            raise DefinitionError(f"{where}.stages: no transition ever leads to {stage!r}")


def _no_twice(names: Iterator[str] | Iterable[Any], where: str, what: str) -> None:
    seen: set[Any] = set()
    for name in names:
        if name in seen:
            raise DefinitionError(f"{where}: the {what} {name!r} stands here twice")
        seen.add(name)
