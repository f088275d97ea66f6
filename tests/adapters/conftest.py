"""Fixtures of the real servers for the adapter tests."""
from tests.adapters.real import kafka, mongo

__all__ = ["kafka", "mongo"]
