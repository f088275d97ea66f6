"""Queries of the service: figures, the facts behind them, activities. They read and never write."""
from services.kpi.queries.fact_records import fact_records
from services.kpi.queries.figure_answers import answer_query, describe_measure
from services.kpi.queries.figure_queries import FigureQueries, make_figure_queries
from services.kpi.queries.figure_query import FigureQuery, find_measure, parse_query
from services.kpi.queries.periods import Calendar, InvalidPeriod, Period

__all__ = ["Calendar", "FigureQueries", "FigureQuery", "InvalidPeriod", "Period", "answer_query", "describe_measure",
           "fact_records", "find_measure", "make_figure_queries", "parse_query"]
