"""The JSON Schema of every kind of definition, made from the forms that the services read with."""
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from services.kpi.definitions.schema import FORMS as KPI
from services.lead_scoring.definitions import ScorecardSheet
from services.pipeline.definitions.schema import BusinessLineForm
from services.segmentation.definitions import SegmentationYaml
from services.surveys.definitions import SurveySheet
from tools.importing.mapping import MappingYaml

FORMS: Mapping[str, type[BaseModel]] = {
    **KPI, "business_lines": BusinessLineForm, "mappings": MappingYaml, "scorecards": ScorecardSheet,
    "segments": SegmentationYaml, "surveys": SurveySheet,
}
"""Kind of definition -> its form."""


def schema_of(kind: str) -> dict[str, Any]:
    form = FORMS[kind]
    made = form.model_json_schema(by_alias=True)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:triptych:definition:{kind}"}
    return head | {"title": kind} | {word: said for word, said in made.items() if word != "title"}
