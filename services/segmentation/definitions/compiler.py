"""Compiles segmentations: validates each file, that names are unique and that every score has a segment."""
from datetime import timedelta

from chassis.domain.definitions import (
    DefinitionError,
    DefinitionFault,
    Definitions,
    FaultCollector,
    FaultReporter,
    company_zone,
    compile_versions,
)
from chassis.domain.definitions.schema import load
from services.segmentation.definitions.schema import SegmentationYaml
from services.segmentation.definitions.segmentation import Segmentation, Segmentations, SegmentDefinition

KIND = "segments"


def compile_segmentations(definitions: Definitions) -> Segmentations:
    """The segmentations in force. Raises DefinitionError with every fault, also when there is not a single one."""
    faults = FaultCollector()
    current = Definitions(definitions.current(KIND))
    found = compile_versions(current, KIND, compile_segmentation, faults).current
    zone = faults.attempt(company_zone, definitions)
    if not definitions.names(KIND):
        faults.faults.append(DefinitionFault(
            "no_segmentation", "needs at least one segmentation; add a file", f"definitions/{KIND}"))
    if zone is None or faults.faults:
        raise DefinitionError(faults.faults)
    return Segmentations(found, zone)


def compile_segmentation(report: FaultReporter) -> Segmentation | None:
    read = load(report, SegmentationYaml)
    if read is None:
        return None
    made = Segmentation(
        name=read.name, ref=report.definition.ref, title=read.title, purchases=read.purchases,
        business_line=read.business_line, currency=read.currency, window_days=read.window_days,
        quantiles=read.cutoffs.method == "quantiles", smallest_base=read.cutoffs.smallest_base,
        monetary_unit_minor=read.cutoffs.monetary_unit_minor, absolute=read.cutoffs.absolute.model_dump(),
        every=timedelta(hours=read.recompute.every_hours),
        segments=tuple(SegmentDefinition(s.name, s.title, s.r, s.f, s.m) for s in read.segments),
    )
    report.at("segments").unique(
        [s.name for s in made.segments], "segment_twice", "segment {value!r} occurs twice; names must be unique",
        "name")
    _check_scores(made, report.at("segments"))
    return made


def _check_scores(made: Segmentation, report: FaultReporter) -> None:
    scores = range(1, 6)
    missing = [f"{r}{f}{m}" for r in scores for f in scores for m in scores
               if not any(s.matches(r, f, m) for s in made.segments)]
    if missing:
        report.add("scores_without_segment", "the score {score} has no segment ({count} scores have none); add a last "
                   "segment with [1, 5] for r, f and m", score=missing[0], count=len(missing))
