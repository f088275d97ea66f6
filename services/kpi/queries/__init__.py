"""Questions the figures answer. Reads, never writes."""
from services.kpi.queries.answers import Desk, answered, described, desk_of, records
from services.kpi.queries.figure_query import Question, measure_of, question
from services.kpi.queries.periods import BadPeriod, Calendar, Period

__all__ = ["BadPeriod", "Calendar", "Desk", "Period", "Question", "answered", "described", "desk_of", "measure_of",
           "question", "records"]
