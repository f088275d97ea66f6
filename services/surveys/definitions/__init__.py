"""Compiled surveys (`definitions/surveys/*.yaml`); `schema` validates a file, `compiler` compiles it."""
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
