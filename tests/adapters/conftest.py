"""The real servers, for every test of the adapters."""
from tests.adapters.real import kafka, mongo

__all__ = ["kafka", "mongo"]
