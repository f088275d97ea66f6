"""Compiles business lines: validates each file and refuses blueprints that could never work; reports every fault."""
from collections.abc import Mapping, Sequence

from chassis.domain.criteria import Criterion
from chassis.domain.definitions import Definitions, FaultCollector, FaultReporter, compile_versions
from chassis.domain.definitions.schema import load
from services.pipeline.definitions.fields import LOSS_REASON, STANDARD, FieldDefinition, OptionDefinition
from services.pipeline.definitions.model import (
    ActionDefinition,
    BlueprintDefinition,
    Book,
    BusinessLineDefinition,
    Level,
    RequirementDefinition,
    StageDefinition,
    TransitionDefinition,
)
from services.pipeline.definitions.schema import (
    BlueprintYaml,
    BusinessLineYaml,
    ChecklistItemYaml,
    FieldYaml,
    OptionYaml,
    RequirementYaml,
    StageYaml,
    TransitionYaml,
)

KIND = "business_lines"
CATEGORIES = {"open": "pipeline", "won": "closed", "lost": "omitted"}
TWICE = "{value!r} occurs twice; names must be unique"
Fields = Mapping[str, FieldDefinition]


def compile_book(definitions: Definitions) -> Book:
    """Every line in force and every published version. Raises DefinitionError with every fault of every file."""
    faults = FaultCollector()
    found = compile_versions(definitions, KIND, compile_line, faults)
    pipelines: dict[str, str] = {}
    for line in found.current.values():
        definition = definitions.find(KIND, line.name)
        for i, blueprint in enumerate(line.blueprints):
            other = pipelines.setdefault(blueprint.name, line.name)
            if other != line.name and definition is not None:
                FaultReporter(definition, path=("blueprints", i, "name"), faults=faults.faults).add(
                    "pipeline_of_two_lines", "pipeline {value!r} belongs to business line {other!r} already; names of "
                    "pipelines must be unique", value=blueprint.name, other=other)
    faults.raise_if_any()
    versions = {b.ref: b for line in (*found.by_ref.values(), *found.current.values()) for b in line.blueprints}
    return Book({line.name: line for line in found.current.values()}, versions)


def compile_line(report: FaultReporter) -> BusinessLineDefinition | None:
    read = load(report, BusinessLineYaml)
    if read is None:
        return None
    layout = report.at("layout", "fields")
    layout.unique([f.name for f in read.layout.fields], "field_twice", TWICE, "name")
    for i, f in enumerate(read.layout.fields):
        _check_field(f, layout.at(i))
    own = tuple(FieldDefinition(f.name, f.type, f.label, f.required, _options(f.options)) for f in read.layout.fields)
    report.at("blueprints").unique([b.name for b in read.blueprints], "blueprint_twice", TWICE, "name")
    blueprints = [_blueprint(b, read, {**STANDARD, **{f.name: f for f in own}}, report.at("blueprints", i))
                  for i, b in enumerate(read.blueprints)]
    return BusinessLineDefinition(
        name=read.name, version=read.version, title=read.title, opens_on_qualified=read.opens_on_qualified,
        count_lead_activities=read.count_lead_activities, fields=own, blueprints=tuple(blueprints))


def _options(read: Sequence[OptionYaml | ChecklistItemYaml]) -> tuple[OptionDefinition, ...]:
    return tuple(OptionDefinition(o.name, o.title) for o in read)


def _check_field(read: FieldYaml, report: FaultReporter) -> None:
    if read.name in STANDARD or read.name == LOSS_REASON:
        report.at("name").add(
            "standard_field", "{value!r} is a standard field that every deal has; use another name", value=read.name)
    if read.type.startswith("choice") != bool(read.options):
        report.add("options_of_choice", "`options` belong to fields of the type choice or choices, which need them")


def _blueprint(read: BlueprintYaml, line: BusinessLineYaml, fields: Fields, report: FaultReporter,
               ) -> BlueprintDefinition:
    stages = _stages(read, report.at("stages"))
    report.at("transitions").unique([t.name for t in read.transitions], "transition_twice", TWICE, "name")
    made = [_transition(t, stages, fields, report.at("transitions", i)) for i, t in enumerate(read.transitions)]
    initial = read.initial or read.stages[0].name
    if initial not in stages or stages[initial].type != "open":
        opened = [s.name for s in stages.values() if s.type == "open"]
        where = report.at("initial") if read.initial else report.at("stages", 0, "name")
        where.add("initial_not_open", "{value!r} must be an open stage; use one of {allowed}", value=initial,
                  allowed=opened)
    if all(name in stages for t in made for name in (*t.from_, t.to)):
        _check_reachable(initial, made, read, report.at("stages"))
    return BlueprintDefinition(
        name=read.name, version=line.version, line=line.name, title=read.title,
        when=_criterion(read.when, fields, report.at("when")), initial=initial, stages=stages,
        transitions={t.name: t for t in made}, loss_reasons=_options(read.loss_reasons), fields=fields,
        count_lead_activities=line.count_lead_activities,
        table={(s, t.name): t.to for t in made for s in t.from_},
        required={t.name: _required(t, stages.get(t.to), fields) for t in made},
    )


def _required(transition: TransitionDefinition, to: StageDefinition | None, fields: Fields,
              ) -> tuple[RequirementDefinition, ...]:
    """A deal may be lost without the fields that the layout requires."""
    own = {r.field for r in transition.requires}
    by_layout = () if to is None or to.type == "lost" else (
        RequirementDefinition(n, None, None) for n, f in fields.items() if f.required and n not in own)
    return (*transition.requires, *by_layout)


def _stages(read: BlueprintYaml, report: FaultReporter) -> dict[str, StageDefinition]:
    report.unique([s.name for s in read.stages], "stage_twice", TWICE, "name")
    made = [_stage(s, i) for i, s in enumerate(read.stages)]
    report.unique([str(s.order) for s in made], "order_twice", "order {value} occurs twice; orders must be unique",
                  "order")
    missing = sorted({"open", "won", "lost"} - {s.type for s in made})
    if missing:
        report.add("stage_type_missing", "needs at least one stage of each type; missing: {missing}", missing=missing)
    elif min(s.order for s in made if s.type == "won") < max(s.order for s in made if s.type == "open"):
        report.add("won_before_open", "every stage of the type won must come after every open stage")
    return {s.name: s for s in sorted(made, key=lambda s: s.order)}


def _stage(read: StageYaml, index: int) -> StageDefinition:
    levels = sorted((Level(s.after, s.level) for s in read.sla), key=lambda level: level.after)
    return StageDefinition(
        read.name, read.title, read.type, index if read.order is None else read.order,
        read.forecast_category or CATEGORIES[read.type], read.probability, tuple(levels))


def _transition(
    read: TransitionYaml, stages: Mapping[str, StageDefinition], fields: Fields, report: FaultReporter,
) -> TransitionDefinition:
    opened = tuple(s.name for s in stages.values() if s.type == "open")
    sources = tuple(dict.fromkeys((opened if read.common else ()) + read.from_))
    _check_stages(read, sources, stages, report)
    requires = tuple(_requirement(r, fields, report.at("requires", i)) for i, r in enumerate(read.requires))
    return TransitionDefinition(
        name=read.name, title=read.title, from_=sources, to=read.to, reopen=read.reopen, owners=read.owners,
        criteria=_criterion(read.criteria, fields, report.at("criteria")),
        criteria_message=read.criteria_message, requires=requires,
        actions=tuple(ActionDefinition(a.kind, a.count) for a in read.actions),
        checklist=_options(read.checklist),
    )


def _check_stages(
    read: TransitionYaml, sources: Sequence[str], stages: Mapping[str, StageDefinition], report: FaultReporter,
) -> None:
    places = [(("from", i), name) for i, name in enumerate(read.from_)] + [(("to",), read.to)]
    unknown = [(path, name) for path, name in places if name not in stages]
    for path, name in unknown:
        report.at(*path).add("unknown_stage", "{value!r} is not a stage of this blueprint; use one of {allowed}",
                             value=name, allowed=list(stages))
    if not sources:
        report.add("no_source_stage", "must start from a stage: name stages in `from`, or set `common: true`")
    if unknown:
        return
    if sources and any(stages[s].type != "open" for s in sources) != read.reopen:
        report.add("reopen_of_closed", "`reopen: true` is for transitions from a closed stage, and required there")
    if read.reopen and stages[read.to].type != "open":
        report.at("to").add("reopen_to_closed", "{value!r} is a closed stage; reopening must lead to an open one",
                            value=read.to)


def _requirement(read: RequirementYaml, fields: Fields, report: FaultReporter) -> RequirementDefinition:
    if read.field not in fields:
        report.at("field").add(
            "unknown_field_required", "{value!r} is neither a field of the layout nor a standard field; use one of "
            "{allowed}", value=read.field, allowed=sorted(fields))
    return RequirementDefinition(read.field, _criterion(read.check, fields, report.at("check")), read.message)


def _criterion(text: str | None, fields: Fields, report: FaultReporter) -> Criterion | None:
    """Over the fields, and money also as a whole number of minor units."""
    if text is None:
        return None
    names = {*fields, "currency", *(f"{n}_minor" for n, f in fields.items() if f.type == "money")}
    return report.criterion(text, names=names, boolean_names={n for n, f in fields.items() if f.type == "boolean"})


def _check_reachable(
    initial: str, transitions: Sequence[TransitionDefinition], read: BlueprintYaml, report: FaultReporter,
) -> None:
    steps = [(s, t.to) for t in transitions for s in t.from_]
    known = {initial}
    while new := {to for s, to in steps if s in known} - known:
        known |= new
    for i, stage in enumerate(read.stages):
        if stage.name not in known:
            report.at(i, "name").add(
                "unreachable_stage", "no transition leads to {value!r} from the initial stage; add one or remove the "
                "stage", value=stage.name)
