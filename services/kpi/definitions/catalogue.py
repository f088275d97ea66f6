"""`Catalogue`: all compiled measures, and what each row type feeds."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from services.kpi.definitions.measure import CompiledMeasure, MeasureCounter
from services.kpi.definitions.rows import RelatedDefinitions


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All measures in force. `generation` changes whenever figures must be counted again from the log."""

    measures: Mapping[str, CompiledMeasure]
    counters: Mapping[str, tuple[MeasureCounter, ...]]  # row type -> what it feeds
    zone: ZoneInfo
    declared: Mapping[str, Mapping[str, str]]  # further dimensions of the installation -> titles {en, zh}
    related: RelatedDefinitions = field(default_factory=RelatedDefinitions)
    generation: str = ""

    def listed(self) -> Sequence[CompiledMeasure]:
        return [m for m in self.measures.values() if not m.hidden]

    def basis_of(self, measure: CompiledMeasure) -> CompiledMeasure:
        """The measure that has figures: itself, or the one that `basis` names."""
        return self.measures[measure.basis] if measure.basis else measure

    def parts_of(self, measure: CompiledMeasure) -> list[CompiledMeasure]:
        """The counted measures behind a figure: numerators and denominators of a ratio, else the measure itself."""
        basis = self.basis_of(measure)
        return [self.measures[name] for name in dict.fromkeys((*basis.numerator, *basis.denominator))] or [basis]
