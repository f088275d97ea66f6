"""The JSON Schema of every kind of definition, made from the models that the services validate with."""
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from services.kpi.definitions.schema import MODELS as KPI
from services.kpi.definitions.schema import measure_model
from services.kpi.service import FACTS
from services.lead_scoring.definitions.schema import ScorecardYaml
from services.pipeline.definitions.schema import BusinessLineYaml
from services.segmentation.definitions.schema import SegmentationYaml
from services.surveys.definitions.schema import SurveyYaml
from tools.csv_import.mapping import MappingYaml

MODELS: Mapping[str, type[BaseModel]] = {
    **KPI, "measures": measure_model(FACTS.rows), "business_lines": BusinessLineYaml, "mappings": MappingYaml,
    "scorecards": ScorecardYaml, "segments": SegmentationYaml, "surveys": SurveyYaml,
}
"""Kind of definition -> its model."""


def schema_of(kind: str) -> dict[str, Any]:
    model = MODELS[kind]
    schema = model.model_json_schema(by_alias=True)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:triptych:definition:{kind}"}
    return head | {"title": kind} | {key: value for key, value in schema.items() if key != "title"}
