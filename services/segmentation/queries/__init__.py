"""Queries over customers and segments, present or as of a day; they only read."""
