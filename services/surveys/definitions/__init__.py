"""Compiled surveys (`definitions/surveys/*.yaml`); `compiler` makes them of the file, `schema` validates it."""
from services.surveys.definitions.survey import (
    Fatigue,
    IssueRule,
    QuestionDefinition,
    QuestionKind,
    SurveyDefinition,
    Surveys,
    Titles,
    Trigger,
)

__all__ = [
    "Fatigue", "IssueRule", "QuestionDefinition", "QuestionKind", "SurveyDefinition", "Surveys", "Titles", "Trigger",
]
