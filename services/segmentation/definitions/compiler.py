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
    compiled = compile_versions(current, KIND, compile_segmentation, faults).current
    zone = faults.attempt(company_zone, definitions)
    if not definitions.names(KIND):
        faults.faults.append(DefinitionFault(
            "no_segmentation", "needs at least one segmentation; add a file", f"definitions/{KIND}"))
    if zone is None or faults.faults:
        raise DefinitionError(faults.faults)
    return Segmentations(compiled, zone)


def compile_segmentation(report: FaultReporter) -> Segmentation | None:
    yaml = load(report, SegmentationYaml)
    if yaml is None:
        return None
    segmentation = Segmentation(
        name=yaml.name, ref=report.definition.ref, title=yaml.title, purchases=yaml.purchases,
        business_line=yaml.business_line, currency=yaml.currency, window_days=yaml.window_days,
        quantiles=yaml.cutoffs.method == "quantiles", smallest_base=yaml.cutoffs.smallest_base,
        monetary_unit_minor=yaml.cutoffs.monetary_unit_minor, absolute=yaml.cutoffs.absolute.model_dump(),
        every=timedelta(hours=yaml.recompute.every_hours),
        segments=tuple(SegmentDefinition(s.name, s.title, s.r, s.f, s.m) for s in yaml.segments),
    )
    report.at("segments").unique(
        [s.name for s in segmentation.segments], "segment_twice",
        "segment {value!r} occurs twice; names must be unique", "name")
    _check_scores(segmentation, report.at("segments"))
    return segmentation


def _check_scores(segmentation: Segmentation, report: FaultReporter) -> None:
    scores = range(1, 6)
    missing = [f"{r}{f}{m}" for r in scores for f in scores for m in scores
               if not any(s.matches(r, f, m) for s in segmentation.segments)]
    if missing:
        report.add("scores_without_segment", "the score {score} has no segment ({count} scores have none); add a last "
                   "segment with [1, 5] for r, f and m", score=missing[0], count=len(missing))
